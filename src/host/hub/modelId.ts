/** Reads what a user types or pastes as a model of the Hugging Face hub. */

import { isModelId, isRevision } from '../../protocol/hubNames.ts';

export interface ModelName {
  /** `owner/name`. */
  readonly id: string;
  /** Undefined for the newest. */
  readonly revision: string | undefined;
}

/** @returns the name, or one sentence that says what is wrong with it. */
export function parseModelName(text: string): ModelName | string {
  const [id = '', revision, ...rest] = withoutAddress(text.trim()).split('@');
  if (!id.includes('/') || !isModelId(id)) {
    return 'Write owner/name, as on the hub, such as facebook/wav2vec2-base-960h.';
  }
  if (rest.length > 0 || (revision !== undefined && !isRevision(revision))) {
    return 'Write a branch, a tag or a commit behind the @.';
  }
  return { id, revision };
}

/** The address of a model's page, as copied from a browser, becomes its name. */
function withoutAddress(text: string): string {
  const [, id, revision] =
    /^https?:\/\/[^/]+\/([^/?#]+\/[^/?#]+)(?:\/tree\/([^?#]+?))?\/?(?:[?#].*)?$/u.exec(text) ?? [];
  if (id === undefined) return text;
  return revision === undefined ? id : `${id}@${revision}`;
}
