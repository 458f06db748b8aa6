/** One update of the weights, from as many batches as its gradients are summed over. */

import { availableParallelism } from 'node:os';
import type { BatchShape } from '../speech/batches/batches.ts';
import type { Device } from '../runtime/session.ts';
import type { StepScalars } from '../step/stepFeeds.ts';
import type { StepResult } from '../step/stepResult.ts';
import type { TrainingSession } from '../step/trainingSession.ts';
import type { BatchFeed } from './data/data.ts';
import type { TimedStep } from './plan/timeLeft.ts';
import type { Setup } from './setup.ts';

export interface Update {
  /** Losses are means over the batches; all else is the last one's. */
  readonly result: StepResult;
  readonly shapes: readonly BatchShape[];
  /** Of audio, without padding. */
  readonly audioSeconds: number;
  /** What making features took, reading their audio included; undefined where batches hold audio. */
  readonly features: TimedStep['features'];
}

/** @param accumulate batches of the update. */
export async function update(
  session: TrainingSession,
  batches: BatchFeed,
  { features, processor, loader, device }: Pick<Setup, 'features' | 'processor' | 'loader' | 'device'>,
  accumulate: number,
  scalars: Omit<StepScalars, 'update' | 'part'>,
): Promise<Update> {
  const before = features?.secondsSpent ?? 0;
  const worked = loader.secondsWorked;
  const shapes: BatchShape[] = [];
  let [ctcLoss, samples] = [0, 0];
  for (let part = 1; ; part++) {
    const batch = await batches.next();
    shapes.push(batch.shape);
    samples += batch.audioLengths.reduce((sum, length) => sum + length, 0);
    const last = part === accumulate;
    const result = await session.step(batch, { ...scalars, part, update: last });
    ctcLoss += result.ctcLoss / accumulate;
    if (!last) continue;
    const loss = ctcLoss + (result.loss - result.ctcLoss);
    return {
      result: { ...result, ctcLoss, loss },
      shapes,
      audioSeconds: samples / processor.sampleRate,
      features: features && {
        seconds: features.secondsSpent - before + slowedBy(loader.secondsWorked - worked, device.device),
        samples,
      },
    };
  }
}

/**
 * Seconds that a step on the CPU takes longer because another thread works beside it: the step has a thread for each of n processors, and
 * n + 1 threads share them. @param seconds that the other thread worked.
 */
function slowedBy(seconds: number, device: Device): number {
  return device === 'cpu' ? Math.max(0, seconds) / (availableParallelism() + 1) : 0;
}
