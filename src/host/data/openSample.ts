/** The command Open Sample: copies the sample model and its clips into a folder of the user. */

import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commands, ProgressLocation, Uri, window, workspace, type ExtensionContext } from 'vscode';
import type { Services } from '../services.ts';

const folderName = 'pinch-sample';
/** Key of the state that marks a window opened for the sample, in which the next steps are then shown. */
const openedKey = 'pinch.openedSample';

/** @throws Error if the sample cannot be copied. */
export async function openSample({ context }: Services): Promise<void> {
  const folders = workspace.workspaceFolders?.filter(({ uri }) => uri.scheme === 'file') ?? [];
  if (folders.length === 0) return openElsewhere(context);
  const chosen =
    folders.length === 1
      ? folders[0]
      : await window.showWorkspaceFolderPick({ placeHolder: 'Where to put the sample?' });
  if (chosen === undefined) return;
  const sample = await withSlowProgress('Copying the sample…', copySample(context, chosen.uri.fsPath));
  await commands.executeCommand('revealInExplorer', Uri.file(join(sample, 'model')));
  void sayWhatNext(sample);
}

/** In a window that was opened for the sample, shows the next steps, once. */
export async function greetSample({ context }: Services): Promise<void> {
  const sample = context.globalState.get<string>(openedKey);
  if (sample === undefined || !workspace.workspaceFolders?.some(({ uri }) => uri.fsPath === sample)) return;
  await context.globalState.update(openedKey, undefined);
  await sayWhatNext(sample);
}

async function openElsewhere(context: ExtensionContext): Promise<void> {
  const [parent] =
    (await window.showOpenDialog({
      title: 'Where to put the sample?',
      openLabel: 'Put the Sample Here',
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (parent === undefined) return;
  const sample = await withSlowProgress('Copying the sample…', copySample(context, parent.fsPath));
  await context.globalState.update(openedKey, sample);
  await commands.executeCommand('vscode.openFolder', Uri.file(sample));
}

async function sayWhatNext(sample: string): Promise<void> {
  const prune = 'Prune Model';
  const own = 'Get Model from Hugging Face…';
  const message = `The sample is in ${folderName}: a small model of spoken commands, and clips to train and test on. A model of your own comes from the hub, or in a folder.`;
  const choice = await window.showInformationMessage(message, prune, own);
  if (choice === prune) await commands.executeCommand('pinch.pruneModel', Uri.file(join(sample, 'model')));
  if (choice === own) await commands.executeCommand('pinch.getModel');
}

/**
 * Copies the whole sample into a folder, or nothing. An existing copy is used as it is.
 * @returns its folder. @throws Error if something else has its name.
 */
async function copySample(context: ExtensionContext, parent: string): Promise<string> {
  const sample = join(parent, folderName);
  const names = await readdir(sample).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${sample}: the sample cannot be put here, because something else has this name. Rename it first.`);
  });
  if (names?.includes('model') && names.includes('train.jsonl')) return sample;
  if (names !== undefined) {
    throw new Error(
      `${sample}: the sample cannot be put here, because there is another folder with this name. Rename it first.`,
    );
  }
  const draft = `${sample}.${process.pid}.tmp`;
  try {
    await workspace.fs.copy(Uri.joinPath(context.extensionUri, 'media', 'sample'), Uri.file(draft));
    await rename(draft, sample);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return sample;
}

/** Milliseconds. A shorter copy needs no notification. */
const slow = 2000;

async function withSlowProgress<T>(title: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => {
    void window.withProgress({ location: ProgressLocation.Notification, title }, () =>
      work.then(
        () => undefined,
        () => undefined,
      ),
    );
  }, slow);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
