/** The command Get Model from Hugging Face: downloads a model into the workspace. */

import { commands, Uri, window, workspace } from 'vscode';
import * as v from 'valibot';
import { byteSize, counted } from '../../base/format.ts';
import { hubRefusal, pulledModel, type HubRefusal, type PulledModel } from '../../protocol/results/pull.ts';
import { chooseFolder } from '../data/workspaceFolder.ts';
import { CommandFailed } from '../engine/pinch.ts';
import { readPrinted } from '../engine/printed.ts';
import { runWithProgress } from '../engine/withProgress.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { askForToken } from './askForToken.ts';
import { hubAddress, keyOf, tokenVariable } from './hubToken.ts';
import { parseModelName, type ModelName } from './modelId.ts';

const title = 'Get Model from Hugging Face';

/**
 * @param target the model's name, `owner/name` or `owner/name@revision`, in a call by a program or a keybinding; anything else asks.
 * @returns the folder; undefined if the user cancelled.
 * @throws Error if the name is wrong, or as Pinch.run.
 */
export async function getModel(services: Services, target?: unknown): Promise<string | undefined> {
  if (!requireTrust(title)) return undefined;
  const cwd = await chooseFolder('Where to put the model?', 'Open a folder first: the model is put into it.');
  if (cwd === undefined) return undefined;
  const name = typeof target === 'string' ? parseModelName(target) : await askForModel();
  if (name === undefined) return undefined;
  if (typeof name === 'string') throw new Error(name);
  const printed = await pull(services, name, cwd);
  if (printed === undefined) return undefined;
  const pulled = readPrinted(pulledModel, printed, 'pull');
  void tellPulled(pulled);
  return pulled.folder;
}

/** Removes the token from the secret storage. */
export async function forgetToken({ context: { secrets } }: Services): Promise<void> {
  const hub = hubAddress();
  const key = keyOf(hub);
  const { host } = new URL(hub);
  const there = (await secrets.get(key)) !== undefined;
  await secrets.delete(key);
  void window.showInformationMessage(there ? `The token for ${host} was removed.` : `No token for ${host} is saved.`);
}

async function askForModel(): Promise<ModelName | undefined> {
  const text = await window.showInputBox({
    title,
    prompt: 'A model of the hub: owner/name, or owner/name@revision. It is put into the folder models.',
    placeHolder: 'facebook/wav2vec2-base-960h',
    ignoreFocusOut: true,
    validateInput: (text) => {
      if (text.trim() === '') return undefined;
      const name = parseModelName(text);
      return typeof name === 'string' ? name : undefined;
    },
  });
  if (text === undefined || text.trim() === '') return undefined;
  const name = parseModelName(text);
  return typeof name === 'string' ? undefined : name;
}

/** Runs the command, as often as the hub refuses the model and the user has another token. Undefined if the user cancelled. */
async function pull({ pinch, context }: Services, { id, revision }: ModelName, cwd: string): Promise<unknown> {
  const hub = hubAddress();
  const args = ['pull', id, ...(revision === undefined ? [] : ['--revision', revision])];
  let token = await context.secrets.get(keyOf(hub));
  for (;;) {
    const [flags, environment] =
      token === undefined ? [[], {}] : [['--token-env', tokenVariable], { [tokenVariable]: token }];
    try {
      const printed = await runWithProgress(pinch, `Getting ${id}`, [...args, ...flags], { cwd, environment });
      if (printed === undefined) {
        void window.showInformationMessage(`${id}: what was fetched is kept. The same command goes on from there.`);
      }
      return printed;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      token = await askForToken(context.secrets, hub, { id, refusal, saved: token !== undefined });
      if (token === undefined) return undefined;
    }
  }
}

function refusalOf(error: unknown): HubRefusal | undefined {
  const printed = error instanceof CommandFailed ? error.printed : undefined;
  const result = v.safeParse(v.object({ refusal: hubRefusal }), printed);
  return result.success ? result.output.refusal : undefined;
}

async function tellPulled({ id, folder, files }: PulledModel): Promise<void> {
  const prune = 'Prune Model';
  const show = 'Show in Explorer';
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const size = `${counted(files.length, 'file')}, ${byteSize(bytes)}`;
  const choice = await window.showInformationMessage(
    `${id} is in ${workspace.asRelativePath(folder)}: ${size}.`,
    prune,
    show,
  );
  if (choice === prune) await commands.executeCommand('pinch.pruneModel', Uri.file(folder));
  if (choice === show) await commands.executeCommand('revealInExplorer', Uri.file(folder));
}
