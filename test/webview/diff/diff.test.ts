/** What a diff says: totals, points and verdicts. */

import { describe, expect, test } from 'vitest';
import type { LayerDiff, ModelTotals } from '../../../src/protocol/results/diff.ts';
import type { DiffRecognition, DiffResult } from '../../../src/protocol/views/diff.ts';
import { diffAsText, points, totalsRows } from '../../../webview/diff/totals.ts';
import { verdictOf } from '../../../webview/diff/verdict.ts';

const none = { parameters: 1000, nonZeroParameters: 1000, removed: null, sparsity: 0 };
const a: ModelTotals = { model: 'a.onnx', bytes: 4_000_000, nodes: 194, ...none, gated: { by: 'run', ...none } };
const b: ModelTotals = { ...a, nonZeroParameters: 400, sparsity: 0.6, gated: { ...a.gated, sparsity: 0.75 } };
const recognition: DiffRecognition = {
  data: 'test.jsonl',
  utterances: 100,
  a: { wer: 0.04, cer: 0.01, errors: 40, words: 1000 },
  b: { wer: 0.055, cer: 0.02, errors: 55, words: 1000 },
  verdict: 'worse',
  mapsswe: { segments: 60, mean: 0.25, deviation: 0.8, z: 2.5, p: 0.0124 },
  bootstrap: { replications: 10_000, difference: 0.015, low: 0.003, high: 0.027, firstWorse: 0.99 },
  changed: [],
  fewer: 3,
  more: 12,
};
const layer: LayerDiff = {
  name: 'encoder.layers.0.attention.q_proj',
  gated: true,
  a: { shape: [4, 4], type: 'float32', parameters: 16, zeros: 0, sparsity: 0, threshold: null },
  b: { shape: [4, 4], type: 'float32', parameters: 16, zeros: 8, sparsity: 0.5, threshold: 0.9 },
  changed: 1,
  overlap: 0.5,
};
const result: DiffResult = {
  a,
  b,
  layers: [layer],
  vectors: { total: 4, differ: 2 },
  operators: [],
  recognition,
};

test.each([
  ['wer', '4.00 %', '5.50 %', '+1.50 points'],
  ['parameters', '1,000', '1,000', 'same'],
  ['nonZero', '1,000', '400', '0.40 ×'],
  ['gatedSparsity', '0.00 %', '75.00 %', '+75.00 points'],
  ['bytes', '4.0 MB', '4.0 MB', 'same'],
])('the total of %s in both models, and its change', (id, inA, inB, change) =>
  expect(totalsRows(result).find((row) => row.id === id)).toMatchObject({ a: inA, b: inB, change }),
);

test('without speech there is no word error rate', () =>
  expect(totalsRows({ ...result, recognition: null }).map(({ id }) => id)).not.toContain('wer'));

test.each([
  [0.0123, '+1.23 points'],
  [-0.01, '−1.00 point'],
  [0.00001, 'same'],
  [-0.00001, 'same'],
])('a difference of %s', (difference, text) => expect(points(difference)).toBe(text));

test('as text: tabs between cells, a line for each layer', () => {
  const lines = diffAsText(result, 'dense', 'pruned').split('\n');
  expect(lines[0]).toBe('\tdense\tpruned\tchange');
  expect(lines.at(-1)).toBe('encoder.layers.0.attention.q_proj\t0\t0.5\t\t0.9\t1\t0.5');
});

describe('the verdict', () => {
  test.each([
    ['worse', 'B recognises speech significantly worse'],
    ['better', 'B recognises speech significantly better'],
    ['same', 'No significant difference'],
    ['undecided', 'No verdict'],
  ] as const)('says it when B is %s', (verdict, words) => {
    const { headline, evidence } = verdictOf({ ...recognition, verdict });
    expect(headline).toContain(words);
    expect(headline).toContain('5.50 % in B, 4.00 % in A');
    expect(evidence.join(' ')).toContain('Z = 2.500, p = 0.0124, n = 60 segments');
  });

  test('says why there is none', () => {
    const reason = 'Only 6 segments have errors; the test needs 30. Use more test speech.';
    const undecided = {
      ...recognition,
      verdict: 'undecided',
      reason,
      mapsswe: undefined,
      bootstrap: undefined,
    } as const;
    expect(verdictOf(undecided).evidence).toEqual([reason, '100 utterances of test.jsonl, 1,000 words.']);
  });
});
