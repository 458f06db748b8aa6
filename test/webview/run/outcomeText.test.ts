/** What a run's page says of its result: with and without checkpoints, evaluations and a verdict. */

import { describe, expect, test } from 'vitest';
import type { RunMeasurement } from '../../../src/protocol/views/run.ts';
import { measurementText, shortVerdict, withoutCheckpoint } from '../../../webview/run/outcomeText.ts';

const measured: RunMeasurement = { step: 4, data: 'test.jsonl', wer: 0.125, original: null, reason: null };

describe('an evaluated checkpoint', () => {
  test('without an evaluation of the original says how to get a verdict', () => {
    expect(measurementText(measured)).toBe(
      'On test.jsonl, its word error rate is 12.5 %. Evaluate the original model on the same speech for a verdict.',
    );
    expect(shortVerdict(measured)).toEqual([]);
  });

  test.each([
    ['worse', 'significantly worse.'],
    ['better', 'significantly better.'],
    ['same', 'no significant difference.'],
  ] as const)('%s than the original', (verdict, words) => {
    const judged: RunMeasurement = { ...measured, original: { wer: 0.1, verdict } };
    expect(measurementText(judged)).toBe(
      `On test.jsonl, its word error rate is 12.5 %, the original model’s 10.0 %: ${words}`,
    );
    expect(shortVerdict(judged)).toEqual([verdict]);
  });

  test('without a verdict gives the reason', () => {
    const open: RunMeasurement = { ...measured, original: { wer: 0.1, verdict: 'undecided' }, reason: 'Too few.' };
    expect(measurementText({ ...open, unit: 'character' })).toBe(
      'On test.jsonl, its character error rate is 12.5 %, the original model’s 10.0 %: no verdict. Too few.',
    );
    expect(shortVerdict(open)).toEqual(['no verdict']);
  });
});

test('a run that has ended does not say that its checkpoints are still to come', () => {
  for (const status of ['starting', 'running'] as const) expect(withoutCheckpoint(status)).toMatch(/yet\.$/u);
  for (const status of ['done', 'failed', 'stopped', 'lost'] as const)
    expect(withoutCheckpoint(status)).toMatch(/^The run has ended/u);
});
