/** Paths of a study's files, for those who write and those who show them. */

import { basename, dirname, extname, join, resolve } from 'node:path';

/** The default folder of a study: beside its file. */
export function defaultStudyFolder(file: string): string {
  const whole = resolve(file);
  return join(dirname(whole), `${basename(whole, extname(whole))}.study`);
}

export const reportName = 'study.html';
export const resultsName = 'study.json';

/** `digits` for digits.json, and for the report in digits.study. */
export function studyName(path: string): string {
  const name = basename(path) === reportName ? basename(dirname(path)) : basename(path);
  return name.replace(/\.(?:json|study)$/u, '');
}
