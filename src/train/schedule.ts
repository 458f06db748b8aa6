/** Everything that changes with the step alone, or with the sparsity: learning rate, target and multiplier. */

import type { RunSettings } from '../protocol/settings.ts';

/** What fairseq starts from, and what its wav2vec 2.0 fine-tuning ends at and holds. */
const triStage = { first: 0.01, last: 0.05, hold: 0.4 } as const;

/**
 * What the learning rate is multiplied by at a step (from 0) of `steps`. All schedules rise first, linearly over `warmup` of the run:
 * - constant: 1.
 * - linear: falls to 0 at the end.
 * - cosine: half a cosine from 1 to 0 (Loshchilov and Hutter 2017, without restarts).
 * - tri-stage: rises from 0.01, stays at 1 over 40 % of the run, then falls exponentially to 0.05 (Park et al. 2019, as fairseq has it).
 */
export function learningRateFactor(
  { schedule, warmup }: Pick<RunSettings['optimizer'], 'schedule' | 'warmup'>,
  step: number,
  steps: number,
): number {
  const rising = warmup * steps;
  const first = schedule === 'tri-stage' ? triStage.first : 0;
  // The first step of a rise from 0 would do nothing, so a rise is counted from 1.
  if (step < rising) return first + (1 - first) * Math.min(1, (schedule === 'tri-stage' ? step : step + 1) / rising);
  const left = (step - rising) / Math.max(1, steps - rising);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - left;
    case 'cosine':
      return (1 + Math.cos(Math.PI * left)) / 2;
    case 'tri-stage': {
      const holding = Math.min(triStage.hold, 1 - warmup) * steps;
      const falling = Math.max(1, steps - rising - holding);
      return step < rising + holding ? 1 : triStage.last ** ((step - rising - holding) / falling);
    }
  }
}

/** The sparsity wanted at a step (from 0) of `steps`: rises linearly to the target over `warmup` of the run. */
export function sparsityTarget(
  { target, warmup }: Pick<RunSettings['sparsity'], 'target' | 'warmup'>,
  step: number,
  steps: number,
): number {
  const rising = warmup * steps;
  return rising === 0 ? target : target * Math.min(1, step / rising);
}

/** The first step (from 0) with frozen masks; `steps` if they are never frozen. */
export function freezeStep({ freeze }: Pick<RunSettings['sparsity'], 'freeze'>, steps: number): number {
  return Math.min(steps, Math.round(freeze * steps));
}
