/** The checkpoint that a run is judged by: the best at the final sparsity, otherwise the newest. */

import { join } from 'node:path';
import type { CheckpointRecord } from '../../protocol/records.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';

export function endCheckpoint({ checkpoints, end }: RunSnapshot): CheckpointRecord | undefined {
  return checkpoints.find(({ path }) => path === end?.best?.path) ?? checkpoints.at(-1);
}

/** Its ONNX file. */
export function checkpointPath(folder: string, { path }: CheckpointRecord): string {
  return join(folder, path, 'model.onnx');
}
