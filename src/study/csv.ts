/** A study's runs as CSV, one row each. */

import type { RunResult, StudyResults } from '../protocol/results/study.ts';

const columns: Readonly<Record<string, (run: RunResult) => string | number | null | undefined>> = {
  run: ({ name }) => name,
  method: ({ method }) => method,
  target: ({ target }) => target,
  seed: ({ seed }) => seed,
  status: ({ status }) => status,
  sparsity: ({ found }) => found?.sparsity,
  sparsity_of_all: ({ found }) => found?.sparsityOfAll,
  parameters: ({ found }) => found?.parameters,
  nonzero_parameters: ({ found }) => found?.nonZeroParameters,
  bytes: ({ found }) => found?.bytes,
  steps: ({ found }) => found?.steps,
  seconds: ({ found }) => found?.seconds,
  dev_wer: ({ found }) => found?.dev.wer,
  dev_cer: ({ found }) => found?.dev.cer,
  test_wer: ({ found }) => found?.test.wer,
  test_cer: ({ found }) => found?.test.cer,
  test_errors: ({ found }) => found?.test.errors,
  test_words: ({ found }) => found?.test.words,
  verdict: ({ found }) => found?.againstDense?.verdict,
  z: ({ found }) => found?.againstDense?.mapsswe?.z,
  p: ({ found }) => found?.againstDense?.mapsswe?.p,
  segments: ({ found }) => found?.againstDense?.mapsswe?.segments,
};

/** RFC 4180, with a header. Unknown values are empty. */
export function resultsCsv({ runs }: StudyResults): string {
  const rows = runs.map((run) => Object.values(columns).map((column) => cell(column(run))));
  return [Object.keys(columns), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

function cell(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
