/** Evaluations beside a model: what the engine writes is what the editor reads, and nothing that only looks like it. */

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluationsFolder, keptEvaluations } from '../../../src/host/evaluation/keptEvaluations.ts';
import { readHypotheses } from '../../../src/host/evaluation/hypotheses.ts';
import { writeEvaluation } from '../../../src/measure/evaluate/evaluationReport.ts';
import { evaluate } from '../../../src/measure/evaluate/evaluate.ts';
import type { Evaluation } from '../../../src/protocol/results/evaluation.ts';
import { keptFolder } from '../../../src/measure/evaluate/keptEvaluation.ts';

const sample = 'media/sample';
let folder = '';
let model = '';
let evaluation: Evaluation;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-kept-'));
  for (const name of ['model.onnx', 'vocab.json', 'config.json', 'preprocessor_config.json', 'tokenizer_config.json']) {
    copyFileSync(join(sample, 'model', name), join(folder, name));
  }
  model = join(folder, 'model.onnx');
  evaluation = await evaluate(model, join(sample, 'test.jsonl'), { cost: true, latency: true });
  await writeEvaluation(keptFolder(model, evaluation.data), evaluation);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what the engine keeps is found, and is the same', async () => {
  const [kept, ...others] = await keptEvaluations(model);
  expect(others).toEqual([]);
  expect(kept).toMatchObject({ name: 'test', modelChanged: false });
  const { hypotheses, ...numbers } = evaluation;
  expect(hypotheses).toHaveLength(36);
  expect(kept?.numbers).toEqual(numbers);
  expect(numbers.cost?.own.latency).toBeGreaterThan(0);
});

test('one of an earlier version is read, too', async () => {
  const old = join(folder, 'old.onnx');
  writeFileSync(old, '');
  const place = join(evaluationsFolder(old), 'test');
  mkdirSync(place, { recursive: true });
  const since = ['modelFile', 'dataSha256', 'time', 'memoryBytes', 'removed', 'gzippedError', 'cost', 'hypotheses'];
  const { gated, ...rest } = evaluation;
  const json = JSON.stringify({
    ...rest,
    ...Object.fromEntries(since.map((name) => [name, undefined])),
    gated: { ...gated, removed: undefined },
  });
  writeFileSync(join(place, 'evaluation.json'), json);
  const earliest = JSON.parse(json) as Pick<Evaluation, 'gated'>;
  const [kept] = await keptEvaluations(old);
  expect(kept?.modelChanged).toBe(false);
  expect(kept?.numbers).toEqual({
    ...earliest,
    removed: null,
    gzippedError: null,
    gated: { ...earliest.gated, removed: null },
  });
});

test('its utterances are read with their alignments and sound, the worst first', async () => {
  const utterances = await readHypotheses(join(evaluationsFolder(model), 'test', 'hypotheses.jsonl'));
  expect(utterances).toHaveLength(36);
  const errors = utterances.map(({ row }) => row.errors);
  expect(errors).toEqual(errors.toSorted((a, b) => b - a));
  expect(errors.reduce((sum, value) => sum + value, 0)).toBe(evaluation.errors);
  for (const { row, audio } of utterances) {
    expect(row.audible).toBe(true);
    expect(basename(audio)).toMatch(/^test-\d+\.wav$/u);
    expect(row.seconds).toBeGreaterThan(0.5);
  }
});

test('a model that was written again is told from the one that was measured', async () => {
  utimesSync(model, new Date(), new Date(Date.now() + 5000));
  expect((await keptEvaluations(model))[0]?.modelChanged).toBe(true);
});

describe('left out', () => {
  const valid = (): Record<string, unknown> => ({ ...evaluation, hypotheses: undefined });
  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a number that is none', () => JSON.stringify({ ...valid(), wer: 'low' })],
    ['a negative count', () => JSON.stringify({ ...valid(), parameters: -1 })],
    ['a file of many megabytes', () => `${JSON.stringify(valid())}${' '.repeat(5 << 20)}`],
  ])('%s', async (_, content) => {
    const other = join(folder, 'other.onnx');
    writeFileSync(other, '');
    const place = join(evaluationsFolder(other), 'test');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'evaluation.json'), JSON.stringify(valid()));
    expect(await keptEvaluations(other)).toHaveLength(1);
    writeFileSync(join(place, 'evaluation.json'), typeof content === 'string' ? content : content());
    expect(await keptEvaluations(other)).toEqual([]);
  });

  test('of two, the newer comes first', async () => {
    const other = join(folder, 'two.onnx');
    writeFileSync(other, '');
    for (const [name, time] of [
      ['a', '2026-01-01T00:00:00.000Z'],
      ['b', '2026-01-02T00:00:00.000Z'],
    ] as const) {
      const place = join(evaluationsFolder(other), name);
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'evaluation.json'), JSON.stringify({ ...valid(), time }));
    }
    expect((await keptEvaluations(other)).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  test('a model without any has none', async () =>
    expect(await keptEvaluations(join(folder, 'none.onnx'))).toEqual([]));
});
