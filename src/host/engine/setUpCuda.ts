/** The command Set Up CUDA: shows the requirements of the CUDA provider, and downloads it if the user agrees. */

import { byteSize } from '../../base/format.ts';
import { window } from 'vscode';
import * as v from 'valibot';
import type { Services } from '../services.ts';
import { runWithProgress } from './withProgress.ts';

const setupResult = v.object({
  version: v.string(),
  folder: v.string(),
  state: v.picklist(['planned', 'installed', 'already installed']),
  size: v.nullable(v.number()),
  machine: v.object({ cards: v.array(v.string()), missing: v.array(v.string()) }),
  works: v.nullable(v.boolean()),
  message: v.string(),
});
type SetupResult = v.InferOutput<typeof setupResult>;

const title = 'Set Up CUDA';

/** @throws Error with the command's one sentence if it failed. */
export async function setUpCuda({ pinch }: Services): Promise<void> {
  const planned = await run(pinch, 'Looking for the CUDA provider', ['--dry-run']);
  if (!planned) return;
  if (planned.state === 'already installed') return tellInstalled(pinch, planned);
  const download = 'Download';
  const choice = await window.showInformationMessage(
    `Download onnxruntime's CUDA provider (${byteSize(planned.size ?? 0)})?`,
    { modal: true, detail: describeNeeds(planned) },
    download,
  );
  if (choice !== download) return;
  const done = await run(pinch, title, []);
  if (!done) return;
  const tell = done.works ? window.showInformationMessage : window.showWarningMessage;
  void tell(`The CUDA provider of onnxruntime ${done.version} is installed. ${done.message}`);
}

async function tellInstalled(pinch: Services['pinch'], { version, folder }: SetupResult): Promise<void> {
  const [check, remove] = ['Try One Step', 'Remove'];
  const message = `The CUDA provider of onnxruntime ${version} is installed in ${folder}.`;
  const choice = await window.showInformationMessage(message, check, remove);
  if (choice === remove) {
    await runWithProgress(pinch, 'Removing the CUDA provider', ['setup', 'cuda', '--remove']);
    void window.showInformationMessage('The CUDA provider was removed.');
  }
  if (choice !== check) return;
  const tried = await run(pinch, 'Trying the CUDA provider', []);
  if (tried) void (tried.works ? window.showInformationMessage : window.showWarningMessage)(tried.message);
}

function describeNeeds({ folder, version, machine: { cards, missing } }: SetupResult): string {
  const found = cards.length > 0 ? `This machine has ${cards.join('; ')}.` : 'This machine shows no NVIDIA card.';
  const libraries = missing.length > 0 ? `Not found here: ${missing.join(', ')}.` : 'The CUDA libraries are there.';
  return `It is for onnxruntime ${version} and needs an NVIDIA card with driver 525 or newer, CUDA 12 and cuDNN 9. ${found} ${libraries} It is kept in ${folder}, updates of the extension leave it there.`;
}

async function run(
  pinch: Services['pinch'],
  label: string,
  flags: readonly string[],
): Promise<SetupResult | undefined> {
  const printed = await runWithProgress(pinch, label, ['setup', 'cuda', ...flags]);
  if (printed === undefined) return undefined;
  const result = v.safeParse(setupResult, printed);
  if (!result.success) throw new Error('pinch setup cuda printed no result that this extension understands.');
  return result.output;
}
