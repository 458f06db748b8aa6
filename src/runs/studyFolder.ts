/** Where the files of a study are, for those who write them and those who show them. */

import { basename, dirname, extname, join, resolve } from 'node:path';

/** Where a study keeps everything by default: beside its file. */
export function defaultStudyFolder(file: string): string {
  const whole = resolve(file);
  return join(dirname(whole), `${basename(whole, extname(whole))}.study`);
}

export const reportName = 'study.html';
export const resultsName = 'study.json';
