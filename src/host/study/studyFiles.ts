/** Recognises study files, and finds the report for a file or folder. */

import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { defaultStudyFolder, reportName, resultsName } from '../../runs/studyFolder.ts';

/** Bytes: a study file has a dozen lines. */
export const largestStudyFile = 64 * 1024;

/** Whether the text is a study file. Results have the same fields and more. Errors in a study are reported when it is run. */
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
 * The report of a study; undefined without one.
 * @param path of the study file, of its results folder, or of one of the results.
 */
export async function reportOf(path: string): Promise<string | undefined> {
  for (const report of places(path)) {
    if (await isFile(report)) return report;
  }
  return undefined;
}

/** A study file may have the name of a results file, so the folder beside it is tried before the files beside it. */
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
