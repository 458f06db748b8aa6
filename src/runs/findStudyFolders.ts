/** Finds the folders of a workspace folder's studies, whose runs are listed with the others. */

import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { reportName, resultsName } from './studyFolder.ts';

/** Levels below the workspace folder. */
const deepest = 4;
/** A workspace may hold a corpus of very many folders, or a folder of very many files; what lies beyond is not looked at. */
const [mostFolders, mostEntries] = [2000, 5000];

/**
 * Folders that hold `runs` and a study's results, or have a study's usual name; sorted. Links, hidden folders and node_modules are not
 * entered, nor are the folders of studies.
 */
export async function findStudyFolders(workspaceFolder: string): Promise<string[]> {
  const found: string[] = [];
  let level = [workspaceFolder];
  let looked = 0;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const below: string[] = [];
    // Usual names first, so that a wide folder beside them does not take their turn.
    for (const folder of [...level.filter(isUsual), ...level.filter((each) => !isUsual(each))]) {
      if (looked++ === mostFolders) return found.sort();
      const { folders, files } = await listed(folder);
      const isStudy = isUsual(folder) || (files.has(resultsName) && files.has(reportName));
      if (folders.includes('runs') && isStudy) found.push(folder);
      else below.push(...folders.filter(isEntered).map((name) => join(folder, name)));
    }
    level = below;
  }
  return found.sort();
}

const isUsual = (folder: string): boolean => folder.endsWith('.study');
const isEntered = (name: string): boolean => !name.startsWith('.') && name !== 'node_modules';

/** The first entries of a folder; none of one that cannot be read. */
async function listed(folder: string): Promise<{ folders: string[]; files: ReadonlySet<string> }> {
  const folders: string[] = [];
  const files = new Set<string>();
  let entries = 0;
  try {
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.isFile()) files.add(entry.name);
      if (++entries === mostEntries) break;
    }
  } catch {
    // It is gone, or not for us to read.
  }
  return { folders, files };
}
