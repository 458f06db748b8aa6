/** Finds the speech data in the workspace: manifests of any kind that the engine reads. */

import { basename, dirname } from 'node:path';
import { Uri, workspace } from 'vscode';
import { excluded, mostFiles } from './findModels.ts';
import { measureKaldi, measureLibriSpeech, measureTable, type FoundManifest } from './measureManifest.ts';

/** Most files that end like a table are none, and a part of LibriSpeech has hundreds of transcripts. */
const mostTables = 500;
const mostTranscripts = 3000;

/** In no particular order; `rankManifests` puts the likeliest first. */
export async function findManifests(): Promise<FoundManifest[]> {
  const find = async (glob: string, most: number): Promise<string[]> =>
    (await workspace.findFiles(glob, excluded, most))
      .filter(({ scheme }) => scheme === 'file')
      .map(({ fsPath }) => fsPath);
  const [tables, recordings, transcripts] = await Promise.all([
    find('**/*.{jsonl,ndjson,json,csv,tsv}', mostTables),
    find('**/wav.scp', mostFiles),
    find('**/*.trans.txt', mostTranscripts),
  ]);
  const found = [
    ...tables.filter((file) => !notManifests.has(basename(file))).map(measureTable),
    ...recordings.map((file) => measureKaldi(dirname(file))),
    ...[...byTree(transcripts)].map(([folder, files]) => measureLibriSpeech(folder, files)),
  ];
  // A file may vanish between being found and being read.
  const measured = await Promise.all(found.map((manifest) => manifest.catch(() => undefined)));
  return measured.filter((manifest) => manifest !== undefined);
}

/** Files of models and projects that end like manifests. */
const notManifests = new Set([
  'config.json',
  'vocab.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
]);

/** The part of LibriSpeech, such as dev-clean, that each `<part>/<speaker>/<chapter>/*.trans.txt` belongs to. */
function byTree(transcripts: readonly string[]): Map<string, string[]> {
  const trees = new Map<string, string[]>();
  for (const file of transcripts) {
    const part = dirname(dirname(dirname(file)));
    // A workspace that was opened within a part is itself the data.
    const root = workspace.getWorkspaceFolder(Uri.file(part))
      ? part
      : workspace.getWorkspaceFolder(Uri.file(file))?.uri.fsPath;
    if (root === undefined) continue;
    trees.set(root, [...(trees.get(root) ?? []), file]);
  }
  return trees;
}
