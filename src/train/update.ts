/** One update of the weights, from as many batches as its gradients are summed over. */

import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { BatchShape } from '../speech/batches/batches.ts';
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
  const [began, cpu] = [performance.now(), process.cpuUsage()];
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
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const reading =
      device.device === 'cpu' ? slowedBy(loader.secondsWorked - worked, seconds, (user + system) / 1e6) : 0;
    return {
      result: { ...result, ctcLoss, loss },
      shapes,
      audioSeconds: samples / processor.sampleRate,
      features: features && { seconds: features.secondsSpent - before + reading, samples },
    };
  }
}

/**
 * Seconds that a step takes longer because another thread works beside its own, one for each of n processors. That thread has about one part
 * of n + 1 of what this process gets of the processors, and what it gets the step lacks.
 * @param worked seconds that the other thread worked. @param seconds of the step. @param used seconds of processor time in it.
 */
export function slowedBy(worked: number, seconds: number, used: number): number {
  const processors = availableParallelism();
  const share = Math.min(1, used / (seconds * processors));
  return (Math.max(0, worked) * share) / (processors + 1);
}
