/** What came out of a run, in words: evaluations of its checkpoints, and why there are none. */

import { percent } from '../../src/base/format.ts';
import { errorRateName } from '../../src/protocol/errorRate.ts';
import type { HeatmapStatus } from '../../src/protocol/views/heatmap.ts';
import type { RunMeasurement } from '../../src/protocol/views/run.ts';

/** Why a run has no checkpoint. */
export function withoutCheckpoint(status: HeatmapStatus): string {
  switch (status) {
    case 'starting':
    case 'running':
      return 'The run has written no checkpoint yet.';
    case 'stopping':
      return 'The run is stopping; it writes a checkpoint before it ends.';
    default:
      return 'The run has ended, and its folder holds no checkpoint: none was written, or they were deleted.';
  }
}

/** The checkpoint's error rate on the speech that it was evaluated on, beside the original's. */
export function measurementText({ data, wer, unit, original, reason }: RunMeasurement): string {
  const rates = `On ${data}, its ${errorRateName(unit)} is ${percent(wer)}`;
  if (!original) return `${rates}. Evaluate the original model on the same speech for a verdict.`;
  const both = `${rates}, the original model’s ${percent(original.wer)}`;
  switch (original.verdict) {
    case 'better':
      return `${both}: significantly better.`;
    case 'worse':
      return `${both}: significantly worse.`;
    case 'same':
      return `${both}: no significant difference.`;
    case 'undecided':
      return `${both}: no verdict. ${reason ?? ''}`.trimEnd();
  }
}

export function shortVerdict({ original }: RunMeasurement): string[] {
  if (!original) return [];
  return [original.verdict === 'undecided' ? 'no verdict' : original.verdict];
}
