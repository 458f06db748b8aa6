/** Finds the manifests in the workspace: every kind that the engine reads. */

import { append } from '../../base/append.ts';
import { basename, dirname } from 'node:path';
import { Uri, workspace } from 'vscode';
import { excluded, mostFiles } from './findModels.ts';
import {
  measureFile,
  measureKaldi,
  measureLibriSpeech,
  measureParquet,
  type FoundManifest,
} from './measureManifest.ts';

/** Limits of files to look at: most tables and texts are no manifests, and one part of LibriSpeech has hundreds of transcripts. */
const mostTables = 500;
const mostTexts = 300;
const mostTranscripts = 3000;

/** In no particular order; `rankManifests` sorts them by role. */
export async function findManifests(): Promise<FoundManifest[]> {
  const find = async (glob: string, most: number): Promise<string[]> =>
    (await workspace.findFiles(glob, excluded, most))
      .filter(({ scheme }) => scheme === 'file')
      .map(({ fsPath }) => fsPath);
  const [tables, texts, parquet, recordings, transcripts] = await Promise.all([
    find('**/*.{jsonl,ndjson,json,csv,tsv,list,jsonl.gz,json.gz,csv.gz,tsv.gz,list.gz}', mostTables),
    // Sets with a text beside each recording have thousands of these, and must not take the tables' places.
    find('**/*.txt', mostTexts),
    find('**/*.parquet', mostTables),
    find('**/{wav.scp,wav.scp.gz}', mostFiles),
    find('**/*.{trans.txt,trans.txt.gz}', mostTranscripts),
  ]);
  const lists = [...tables, ...texts.filter((file) => !file.endsWith('.trans.txt'))];
  const found = [
    ...lists.map(measureFile),
    ...[...byFolder(parquet)].map(([folder, names]) => measureParquet(folder, names)),
    ...recordings.map((file) => measureKaldi(dirname(file))),
    ...[...byTree(transcripts)].map(([folder, files]) => measureLibriSpeech(folder, files)),
  ];
  // A file may be deleted between the search and the read.
  const measured = await Promise.all(found.map((manifest) => manifest.catch(() => undefined)));
  return measured.flat().filter((manifest) => manifest !== undefined);
}

function byFolder(files: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const file of files) append(folders, dirname(file), basename(file));
  return folders;
}

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
