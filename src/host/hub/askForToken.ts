/** Asks for a token for gated and private models. Only the editor's secret storage has it. */

import { window, type SecretStorage } from 'vscode';
import type { HubRefusal } from '../../protocol/results/pull.ts';
import { describeRefusal, keyOf } from './hubToken.ts';

/** Asks for a token because the hub refused a model, and saves it. Undefined if the user cancelled. */
export async function askForToken(
  secrets: SecretStorage,
  hub: string,
  { id, refusal, saved }: { readonly id: string; readonly refusal: HubRefusal; readonly saved: boolean },
): Promise<string | undefined> {
  // It would be sent with every request, and the hub refuses an invalid one for public models, too.
  if (saved && refusal.status === 401) await secrets.delete(keyOf(hub));
  const token = await window.showInputBox({
    title: `Token for ${new URL(hub).host}`,
    prompt: describeRefusal(id, hub, refusal, saved),
    placeHolder: 'hf_…',
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) =>
      /^[\x21-\x7e]*$/u.test(text.trim()) ? undefined : 'A token has no spaces or other special characters.',
  });
  const given = token?.trim() ?? '';
  if (given === '') return undefined;
  await secrets.store(keyOf(hub), given);
  return given;
}
