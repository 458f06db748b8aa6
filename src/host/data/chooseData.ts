/** Asks for the transcribed speech to evaluate on: the last used, the run's, others of the workspace, or any file. */

import { basename } from 'node:path';
import { QuickPickItemKind, window, workspace, type QuickPickItem } from 'vscode';
import { findManifests } from './findManifests.ts';
import { runInputs } from './modelNames.ts';
import { rankManifests } from './rankManifests.ts';
import type { Services } from '../services.ts';

const lastKey = 'pinch.evaluationData';

interface Choice extends QuickPickItem {
  readonly path?: string;
  readonly browse?: 'files' | 'folders';
}

/**
 * The path of a manifest, file or folder; undefined if the user cancelled.
 * @param model the ONNX file to evaluate.
 */
export async function chooseData(services: Services, title: string, model: string): Promise<string | undefined> {
  const { workspaceState } = services.context;
  const choice = await window.showQuickPick(choices(workspaceState.get(lastKey), model), {
    title,
    placeHolder: 'Which transcribed speech? Best is speech that the model was not trained on',
    matchOnDescription: true,
    matchOnDetail: true,
    // A page takes the focus back when the palette closes. That would close the list at once.
    ignoreFocusOut: true,
  });
  const path = choice?.browse === undefined ? choice?.path : await browseFor(choice.browse, title);
  if (path !== undefined) await workspaceState.update(lastKey, path);
  return path;
}

async function choices(last: unknown, model: string): Promise<Choice[]> {
  const [inputs, found] = await Promise.all([runInputs(model), findManifests()]);
  const dev = inputs?.dev;
  const known = new Map(found.map((manifest) => [manifest.path, manifest]));
  const ranked = rankManifests('test', Array.from(known.keys()), [dev ?? model]);
  const first = [typeof last === 'string' ? last : undefined, ranked[0], dev].filter((path) => path !== undefined);
  return [
    ...Array.from(new Set([...first, ...ranked]), (path): Choice => {
      const manifest = known.get(path);
      const notes = [
        ...(manifest?.utterances === undefined
          ? []
          : [`${manifest.utterances.toLocaleString('en')} ${manifest.utterances === 1 ? 'utterance' : 'utterances'}`]),
        ...(manifest === undefined ? [] : [manifest.kind]),
        ...(path === last ? ['used last'] : []),
        ...(path === dev ? ['development data of the run'] : []),
        ...(path === inputs?.train ? ['training data of the run'] : []),
      ];
      return {
        label: `$(unmute) ${basename(path)}`,
        description: notes.join(' · '),
        detail: workspace.asRelativePath(path),
        path,
      };
    }),
    { label: 'elsewhere', kind: QuickPickItemKind.Separator },
    { label: '$(file) Browse for a File…', browse: 'files', alwaysShow: true },
    { label: '$(folder) Browse for a Folder…', browse: 'folders', alwaysShow: true },
  ];
}

/** On Windows and Linux, one dialog cannot offer both files and folders. */
async function browseFor(what: 'files' | 'folders', title: string): Promise<string | undefined> {
  const [uri] =
    (await window.showOpenDialog({
      title,
      canSelectFiles: what === 'files',
      canSelectFolders: what === 'folders',
      openLabel: 'Choose',
    })) ?? [];
  return uri?.scheme === 'file' ? uri.fsPath : undefined;
}
