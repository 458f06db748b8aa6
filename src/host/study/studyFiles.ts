/** Tells a study's file from others, and finds the report that belongs to a file or folder. */

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { defaultStudyFolder, reportName, resultsName } from '../../runs/studyFolder.ts';

/** Bytes; a study's file has a dozen lines. */
export const largestStudyFile = 64 * 1024;

/** Whether the text says what to study. Results say it, too, and more. What is wrong with it is said when it is run. */
export function isStudy(text: string): boolean {
  try {
    const json = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    const paths = [json?.['model'], json?.['train'], json?.['dev'], json?.['test']];
    return (
      paths.every((path) => typeof path === 'string') &&
      Array.isArray(json?.['methods']) &&
      json['checksums'] === undefined
    );
  } catch {
    return false;
  }
}

/**
 * The report of a study; undefined if there is none yet.
 * @param path of the study's file, of the folder of its results, or of one of the results.
 */
export async function reportOf(path: string): Promise<string | undefined> {
  for (const report of places(path)) {
    if (await isFile(report)) return report;
  }
  return undefined;
}

/** A study's file may be called as results are, so the folder beside a file comes before the files beside it. */
function places(path: string): string[] {
  const name = basename(path);
  if (name === reportName) return [path];
  const beside = name === resultsName ? [join(dirname(path), reportName)] : [];
  return [join(path, reportName), join(defaultStudyFolder(path), reportName), ...beside];
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
