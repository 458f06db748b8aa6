/** Names of models on the Hugging Face hub, and of their revisions. */

/** Whether this is a name such as `facebook/wav2vec2-base-960h`; the hub's oldest models have no owner. */
export function isModelId(id: string): boolean {
  return /^([\w.-]{1,96}\/)?[\w.-]{1,96}$/u.test(id) && !/(^|\/)\.{1,2}(\/|$)/u.test(id);
}

/** Whether this may be a branch, a tag or a commit, such as `main` or `refs/pr/1`. */
export function isRevision(revision: string): boolean {
  return /^[\w./-]{1,200}$/u.test(revision) && !revision.split('/').some((part) => part === '' || /^\.+$/u.test(part));
}
