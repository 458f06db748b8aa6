/** An evaluation's numbers beside the original's: ratios, text and CSV to copy. */

import { expect, test } from 'vitest';
import type { ModelCost } from '../../../src/protocol/results/cost.ts';
import type { EvaluationFile } from '../../../src/protocol/results/evaluation.ts';
import { figures, figuresAsCsv, figuresAsText, ratioText } from '../../../webview/evaluation/figures.ts';

const original: EvaluationFile = {
  model: 'm',
  data: '/test.jsonl',
  wer: 0.04,
  cer: 0.01,
  sentenceErrorRate: 0.2,
  utterances: 50,
  words: 400,
  errors: 16,
  substitutions: 16,
  deletions: 0,
  insertions: 0,
  characters: 2000,
  characterErrors: 20,
  audioSeconds: 100,
  realTimeFactor: 0.02,
  latency: { median: 8, p95: 20 },
  parameters: 1_000_000,
  nonZeroParameters: 1_000_000,
  removed: null,
  sparsity: 0,
  gated: { by: 'default', parameters: 800_000, nonZeroParameters: 800_000, removed: null, sparsity: 0 },
  bytes: 4_000_000,
  gzippedBytes: 3_600_000,
  gzippedError: null,
  device: 'cpu',
  batch: 1,
  skipped: [],
};
const pruned: EvaluationFile = {
  ...original,
  wer: 0.05,
  errors: 20,
  deletions: 4,
  nonZeroParameters: 400_000,
  sparsity: 0.6,
  gated: { by: 'run', parameters: 800_000, nonZeroParameters: 200_000, removed: null, sparsity: 0.75 },
  gzippedBytes: 1_800_000,
};

/** Of a model and its original, by their latencies; null for no original. */
function cost(own: number, dense: number | null): ModelCost {
  const counts = { model: 'm', parameters: 1, nonZeroParameters: 1, bytes: 4, gzippedBytes: 4, gzippedError: null };
  const figuresOf = (latency: number) => ({
    ...counts,
    ...{ nonZeroGated: 1, multiplyAccumulates: 1, latency, realTimeFactor: latency / 10_000 },
  });
  return {
    ...{ own: figuresOf(own), dense: dense === null ? null : figuresOf(dense), ratios: null, quantized: false },
    ...{ seconds: 10, runs: 5, promised: null, device: 'cpu', threads: null, problem: null },
  };
}

const row = (id: string, compared = true) =>
  figures(pruned, compared ? original : undefined).find((figure) => figure.id === id);

test.each([
  ['wer', '5.00 %', '4.00 %', 1.25],
  ['nonZero', '400,000', '1,000,000', 0.4],
  ['gated', '200,000', '800,000', 0.25],
  ['gzipped', '1.8 MB', '3.6 MB', 0.5],
  ['latency', '8.0 ms', '8.0 ms', 1],
])('the row of %s has both numbers and their ratio', (id, text, other, ratio) => {
  expect(row(id)).toMatchObject({ text, original: other });
  expect(row(id)?.ratio).toBeCloseTo(ratio);
});

test('a size that was sampled is said with its error', () => {
  const sampled = { ...pruned, gzippedBytes: 412_300_000, gzippedError: 4_123_000 };
  expect(figures(sampled).find(({ id }) => id === 'gzipped')?.text).toBe('about 412.3 MB ± 1.0 %');
  expect(figuresAsCsv('a', sampled, '')).toContain('gzipped,412300000');
});

test('times by turns stand beside each other, and are left out where there are none', () => {
  expect(row('timed')).toBeUndefined();
  expect(figuresAsCsv('a', pruned, '')).not.toContain('timed');
  const timed = { ...pruned, cost: cost(100, 400) };
  const find = (compared: boolean) => figures(timed, compared ? original : undefined).find(({ id }) => id === 'timed');
  expect(find(true)).toMatchObject({ text: '100 ms', original: '400 ms', ratio: 0.25 });
  expect(find(false)).not.toHaveProperty('original');
  expect(figuresAsCsv('a', timed, 'b', original)).toContain('timed,100,400');
  const alone = { ...timed, cost: cost(100, null) };
  expect(figures(alone, original).find(({ id }) => id === 'timed')).not.toHaveProperty('original');
});

test('nothing is a multiple of nothing', () => {
  expect(row('deletions')).toMatchObject({ text: '4', original: '0' });
  expect(row('deletions')).not.toHaveProperty('ratio');
  expect(ratioText(undefined)).toBe('–');
});

test('without an original there is nothing beside', () => {
  expect(row('wer', false)).not.toHaveProperty('original');
});

test('as text, columns line up', () => {
  const lines = figuresAsText('run, step 5', figures(pruned, original), 'dense').split('\n');
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  expect(lines[0]).toMatch(/^ +run, step 5 +dense +ratio$/u);
  expect(lines[1]).toMatch(/^Word error rate +5\.00 % +4\.00 % +1\.25 ×$/u);
});

test('as CSV, numbers are as they are and commas are quoted', () => {
  const lines = figuresAsCsv('run, step 5', pruned, 'dense', original).split('\r\n');
  expect(lines[0]).toBe('measure,"run, step 5",dense');
  expect(lines[1]).toBe('wer,0.05,0.04');
  expect(figuresAsCsv('a', pruned, '').split('\r\n')[1]).toBe('wer,0.05');
});

test('an evaluation of phones names them, and has no second rate', () => {
  const recognition = figures({ ...original, unit: 'phone' }).filter(({ group }) => group === 'Recognition');
  expect(recognition.map(({ title }) => title)).toContain('Phone error rate');
  expect(recognition.map(({ id }) => id)).not.toContain('cer');
  expect(recognition.map(({ title, description }) => title + description).join()).not.toMatch(/word/iu);
});
