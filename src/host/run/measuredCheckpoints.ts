/** Evaluations that are kept beside a run's checkpoints, with the verdict against the model that the run began from. */

import { basename } from 'node:path';
import type { RunMeasurement } from '../../protocol/views/run.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';
import { runInputs } from '../data/modelNames.ts';
import { keptEvaluations } from '../evaluation/keptEvaluations.ts';
import type { KeptVerdicts } from '../evaluation/keptVerdict.ts';
import { checkpointPath } from './endCheckpoint.ts';

/** The newest evaluation of each checkpoint that has one: of those, one on speech that the original was evaluated on, too, comes first. */
export async function measuredCheckpoints(
  folder: string,
  { checkpoints }: Pick<RunSnapshot, 'checkpoints'>,
  verdicts: KeptVerdicts,
): Promise<RunMeasurement[]> {
  const found: RunMeasurement[] = [];
  for (const checkpoint of checkpoints) {
    const model = checkpointPath(folder, checkpoint);
    const original = (await runInputs(model))?.model;
    const judged = original === undefined ? undefined : await verdicts.of(model, original);
    const own = judged?.tested ?? (await keptEvaluations(model)).find(({ modelChanged }) => !modelChanged);
    if (!own) continue;
    const { data, wer, unit } = own.numbers;
    found.push({
      step: checkpoint.step,
      data: basename(data),
      wer,
      ...(unit !== undefined && { unit }),
      original: judged ? { wer: judged.against.numbers.wer, verdict: judged.verdict } : null,
      reason: judged?.reason ?? null,
    });
  }
  return found;
}
