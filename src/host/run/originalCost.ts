/** The cost table of the model that a run began from, if it was evaluated with its latency. */

import type { RunSnapshot } from '../../runs/followRun.ts';
import { findModel } from '../../onnx/folder/findModel.ts';
import { keptEvaluations } from '../evaluation/keptEvaluations.ts';

export interface OriginalCost {
  /** Milliseconds for an utterance of so many seconds. */
  readonly latency: number;
  readonly seconds: number;
  /** For a second of audio; null if unknown. */
  readonly multiplyAccumulates: number | null;
}

/** Of its newest evaluation; undefined if the model is gone or was not timed. */
export async function originalCost({ run }: Pick<RunSnapshot, 'run'>): Promise<OriginalCost | undefined> {
  const { model } = run.settings;
  const path = typeof model === 'string' ? await findModel(model).catch(() => undefined) : undefined;
  const kept = path === undefined ? [] : await keptEvaluations(path);
  for (const { modelChanged, numbers } of kept) {
    const { latency = null, multiplyAccumulates = null } = numbers.cost?.own ?? {};
    if (!modelChanged && latency !== null) return { latency, seconds: numbers.cost?.seconds ?? 0, multiplyAccumulates };
  }
  return undefined;
}
