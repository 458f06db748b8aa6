/** Finds the folders of a workspace folder's studies, whose runs are listed with the others. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resultsName } from './studyFolder.ts';

/** Levels below the workspace folder. */
const deepest = 4;
/** A workspace may hold a corpus of very many folders; what lies beyond is not looked at. */
const mostFolders = 2000;

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
    for (const folder of level) {
      if (looked++ === mostFolders) return found.sort();
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      const isStudy = folder.endsWith('.study') || entries.some(({ name }) => name === resultsName);
      if (folders.includes('runs') && isStudy) found.push(folder);
      else below.push(...folders.filter(isEntered).map((name) => join(folder, name)));
    }
    level = below;
  }
  return found.sort();
}

const isEntered = (name: string): boolean => !name.startsWith('.') && name !== 'node_modules';
