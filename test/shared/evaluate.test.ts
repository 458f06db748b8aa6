/** Evaluation on real speech gives what transformers measured with the same model. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const folder = join(shared, 'models/w2v2-digits');
const measured = JSON.parse(readFileSync(join(folder, 'measured.json'), 'utf8')) as Record<string, number>;
const digits = (part: string): string => join(shared, `data/digits/${part}.jsonl`);

describe.each(['model.onnx', 'model.legacy.onnx'])('w2v2-digits, %s', (name) => {
  test.each(['test', 'dev'])('word error rate on %s', async (part) => {
    const { wer, skipped, realTimeFactor } = await evaluate(join(folder, name), digits(part));
    expect((100 * wer).toFixed(4)).toBe(measured[`${part}_wer`]?.toFixed(4));
    expect(skipped).toEqual([]);
    expect(realTimeFactor).toBeGreaterThan(0);
  });
});

test('both exports of one model are the same system', async () => {
  const evaluation = await evaluate(folder, digits('test'), { against: join(folder, 'model.legacy.onnx') });
  expect(evaluation.comparison).toMatchObject({ verdict: 'same', mapsswe: { z: 0 }, bootstrap: { difference: 0 } });
});

test('padded batches are recognised to the end of each utterance', async () => {
  const single = await evaluate(folder, digits('dev'));
  const batched = await evaluate(folder, digits('dev'), { batch: 4 });
  expect(batched.utterances).toBe(single.utterances);
  // The group-norm feature encoder hears the padding, so a few words may differ, but not many.
  expect(Math.abs(batched.wer - single.wer)).toBeLessThan(0.03);
});
