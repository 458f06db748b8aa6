/**
 * TensorBoard's own reader finds in an event file what the run has. Needs a Python with tensorboard: PINCH_PYTHON, or python3; without one it
 * is left out.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { exportMetrics } from '../../src/runs/tensorboard/exportMetrics.ts';
import { evaluation, runFolder, start, steps, temporaryFolder } from '../runs/records.ts';
import { python } from './madeModels.ts';

const reader = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
tags = events.Tags()['scalars']
print(json.dumps({tag: [[one.wall_time, one.step, one.value] for one in events.Scalars(tag)] for tag in tags}))
`;
const has = spawnSync(python, ['-c', 'import tensorboard']).status === 0;

test.skipIf(!has)('TensorBoard reads an event file', async () => {
  const run = runFolder([start(), ...steps(1, 300), evaluation(300)]);
  const { file } = await exportMetrics(run, temporaryFolder());
  const found = JSON.parse(execFileSync(python, ['-c', reader, dirname(file)], { encoding: 'utf8' })) as Record<
    string,
    [time: number, step: number, value: number][]
  >;
  expect(Object.keys(found).sort()).toEqual([
    ...['dev/cer', 'dev/wer', 'loss/ctc', 'loss/total', 'optimizer/gradient_norm', 'optimizer/learning_rate'],
    ...['sparsity/gated', 'sparsity/target', 'speed/audio_seconds_per_second', 'speed/seconds_per_step'],
  ]);
  const time = Date.parse('2026-11-21T10:00:00.000Z') / 1000;
  const losses = Array.from({ length: 300 }, (_, at) => [time, at + 1, at + 1 + 1 / 8]);
  expect(found['loss/total']).toEqual(losses);
  expect(found['dev/wer']).toEqual([[time, 300, Math.fround(0.1)]]);
});
