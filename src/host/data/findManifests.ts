/** Finds the manifests in the workspace: every kind that the engine reads. */

import { append } from '../../base/append.ts';
import { basename, dirname } from 'node:path';
import { Uri, workspace } from 'vscode';
import { excluded, mostFiles } from './findModels.ts';
import { measureKaldi, measureLibriSpeech, measureTable, type FoundManifest } from './measureManifest.ts';

/** Limit of files to look at: most tables are no manifests, and one part of LibriSpeech has hundreds of transcripts. */
const mostTables = 500;
const mostTranscripts = 3000;

/** In no particular order; `rankManifests` sorts them by role. */
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
  // A file may be deleted between the search and the read.
  const measured = await Promise.all(found.map((manifest) => manifest.catch(() => undefined)));
  return measured.filter((manifest) => manifest !== undefined);
}

/** Files of models and projects whose names end like those of manifests. */
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
    // The workspace folder may lie inside the data: then the folder itself is the manifest.
    const root = workspace.getWorkspaceFolder(Uri.file(part))
      ? part
      : workspace.getWorkspaceFolder(Uri.file(file))?.uri.fsPath;
    if (root === undefined) continue;
    append(trees, root, file);
  }
  return trees;
}
