/** Writes a run's numbers into an event file for TensorBoard. */

import { basename, join, resolve } from 'node:path';
import { writeAtomically } from '../../base/atomicFile.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { effectiveRecords, type MetricsRecord } from '../../protocol/records.ts';
import { readRecords } from '../metrics/readRecords.ts';
import { runPaths } from '../paths.ts';
import { readRun } from '../state.ts';
import { scalarRecord, versionRecord, type ScalarEvent } from './eventFile.ts';

export interface ExportedMetrics {
  readonly run: string;
  /** The event file. */
  readonly file: string;
  readonly steps: number;
  readonly evaluations: number;
}

/**
 * One file in a folder of the run's name, so that several runs beside each other are compared on one board. Writing it again replaces it.
 * Steps that a rewind took back are left out.
 * @param folder the board's folder, its --logdir.
 * @throws RunFolderError, or Error naming the line that cannot be read.
 */
export async function exportMetrics(run: string, folder: string): Promise<ExportedMetrics> {
  const { created } = await readRun(run);
  const records = effectiveRecords(await readRecords(runPaths(run).metrics));
  const began = Date.parse(created) / 1000;
  const to = join(folder, basename(resolve(run)));
  await makeFolder(to);
  // TensorBoard takes files with "tfevents" in their names, and reads those of one folder in the order of the number.
  const file = join(to, `events.out.tfevents.${Math.floor(began)}.pinch`);
  await writeAtomically(file, pieces(began, records));
  const count = (kind: MetricsRecord['kind']): number => records.filter((record) => record.kind === kind).length;
  return { run, file, steps: count('step'), evaluations: count('evaluation') };
}

function* pieces(began: number, records: readonly MetricsRecord[]): Generator<Uint8Array> {
  yield versionRecord(began);
  for (const record of records) {
    const event = eventOf(record);
    if (event) yield scalarRecord(event);
  }
}

/** Undefined for a record without numbers. */
function eventOf(record: MetricsRecord): ScalarEvent | undefined {
  const at = { time: Date.parse(record.time) / 1000, step: record.step };
  switch (record.kind) {
    case 'step': {
      const { loss, ctcLoss, sparsity, sparsityTarget, learningRate, gradientNorm } = record;
      const { secondsPerStep, audioSecondsPerSecond } = record;
      const values = [
        ...([['loss/total', loss] as const, ['loss/ctc', ctcLoss] as const] as const),
        ...([['sparsity/gated', sparsity] as const, ['sparsity/target', sparsityTarget] as const] as const),
        ...([
          ['optimizer/learning_rate', learningRate] as const,
          ['optimizer/gradient_norm', gradientNorm] as const,
        ] as const),
        ['speed/seconds_per_step', secondsPerStep] as const,
        ['speed/audio_seconds_per_second', audioSecondsPerSecond] as const,
      ];
      return { ...at, values };
    }
    case 'evaluation':
      return {
        ...at,
        values: [
          ['dev/wer', record.wer],
          ['dev/cer', record.cer],
        ],
      };
    case 'checkpoint': {
      const { sparsityOfAll, nonZeroParameters, bytes } = record;
      return {
        ...at,
        values: [
          ['checkpoint/sparsity_of_all', sparsityOfAll],
          ['checkpoint/nonzero_parameters', nonZeroParameters],
          ['checkpoint/bytes', bytes],
        ],
      };
    }
    default:
      return undefined;
  }
}
