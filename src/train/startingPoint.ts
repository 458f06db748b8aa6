/** Where training goes on: from the newest checkpoint or from the beginning, with metrics that agree with it. */

import { effectiveRecords } from '../protocol/records.ts';
import type { RunSettings } from '../protocol/settings.ts';
import {
  checkpointName,
  describeCheckpoint,
  listCheckpoints,
  readCheckpoint,
  type Progress,
} from '../runfolder/checkpoint.ts';
import type { MetricsFile } from '../runfolder/metricsFile.ts';
import type { Layout } from '../state/layout.ts';
import type { State } from '../state/state.ts';
import { freshWatch } from './lossWatch.ts';
import type { Method } from './methods/method.ts';

export interface StartingPoint {
  readonly progress: Progress;
  /** Undefined where there is no checkpoint: then training begins. */
  readonly state: State | undefined;
}

/** @throws CheckpointError or SafetensorsError if training cannot go on from the newest checkpoint. */
export async function findStartingPoint(
  checkpoints: string,
  settings: RunSettings,
  method: Method,
): Promise<StartingPoint> {
  const newest = (await listCheckpoints(checkpoints)).at(-1);
  if (newest !== undefined) return readCheckpoint(checkpoints, newest);
  const progress = {
    step: 0,
    epoch: 0,
    batch: 0,
    multiplier: settings.sparsity.multiplier,
    learningRateScale: 1,
    rolledBack: false,
    gates: method.begins,
    ...freshWatch,
    recentLosses: [],
    failures: [],
    best: null,
  };
  return { progress, state: undefined };
}

/**
 * The third form of run.json is of versions that gave channels to other convolutions of the feature encoder.
 * @throws Error for a run with such gates that has begun.
 */
export function refuseOtherChannels(version: number, { gates }: Pick<RunSettings, 'gates'>): void {
  if (version >= 4 || !gates.encoderChannels) return;
  throw new Error(
    'an earlier version of Pinch paired other convolutions of the feature encoder, so that this run cannot go on; start it again.',
  );
}

/** What the metrics say of the step that training goes on from. */
export interface KnownStep {
  /** The last step whose evaluation is in metrics.jsonl already; -1 if there is none. */
  readonly evaluatedStep: number;
  /** Over the gated weights. */
  readonly sparsity: number;
}

/**
 * Makes the metrics agree with where training goes on: lines behind that step no longer count, and a checkpoint whose line a crash kept from
 * being written gets it. In a run that begins there is nothing to do.
 * @param layout of the checkpoint's model.
 */
export async function reconcileMetrics(
  metrics: MetricsFile,
  { progress, state }: StartingPoint,
  checkpoints: string,
  layout: Layout,
): Promise<KnownStep> {
  const { step, learningRateScale } = progress;
  const rewind = { kind: 'rewind', step, cause: 'resume', learningRateScale } as const;
  if (metrics.earlier.length > 0) metrics.append(rewind);
  const valid = effectiveRecords([...metrics.earlier, { ...rewind, attempt: metrics.attempt, time: '' }]);
  const evaluatedStep = valid.findLast(({ kind }) => kind === 'evaluation')?.step ?? -1;
  const described = valid.findLast((line) => line.kind === 'checkpoint' && line.step === step);
  if (described?.kind === 'checkpoint') return { evaluatedStep, sparsity: described.sparsity };
  if (!state) return { evaluatedStep, sparsity: 0 };
  const counts = await describeCheckpoint(checkpoints, step, layout);
  metrics.append({ kind: 'checkpoint', step, path: `checkpoints/${checkpointName(step)}`, ...counts });
  return { evaluatedStep, sparsity: counts.sparsity };
}
