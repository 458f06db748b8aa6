/** A study's runs as CSV, a row for each run and set. */

import type { Rates, RunResult, SetResult, StudyResults } from '../../protocol/results/study.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';

interface Row extends RunResult {
  readonly set: SetResult;
  readonly score: Rates | undefined;
  readonly comparison: Comparison | undefined;
}

const columns: Readonly<Record<string, (row: Row) => string | number | null | undefined>> = {
  run: ({ name }) => name,
  model: ({ model }) => model,
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
  set: ({ set }) => set.name,
  kind: ({ set }) => set.kind,
  unit: ({ score }) => score && (score.unit ?? 'word'),
  error_rate: ({ score }) => score?.wer,
  cer: ({ score }) => score?.cer,
  ctc_loss: ({ score }) => score?.ctcLoss,
  errors: ({ score }) => score?.errors,
  units: ({ score }) => score?.words,
  verdict: ({ comparison }) => comparison?.verdict,
  z: ({ comparison }) => comparison?.mapsswe?.z,
  p: ({ comparison }) => comparison?.mapsswe?.p,
  segments: ({ comparison }) => comparison?.mapsswe?.segments,
};

/** RFC 4180, with a header. Unknown values are empty. */
export function resultsCsv({ runs, sets }: StudyResults): string {
  const rows = runs.flatMap((run) =>
    sets.map((set): Row => ({
      ...run,
      set,
      score: run.found?.scores[set.name],
      comparison: run.found?.againstDense[set.name],
    })),
  );
  const lines = rows.map((row) => Object.values(columns).map((column) => cell(column(row))));
  return [Object.keys(columns), ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function cell(value: string | number | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
