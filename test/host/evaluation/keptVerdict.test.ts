/** The verdict from evaluations kept beside two models: which evaluations are compared, and that it is the one that `pinch evaluate` gives. */

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeptVerdicts, pairOf } from '../../../src/host/evaluation/keptVerdict.ts';
import { keptEvaluations, type EvaluationFile } from '../../../src/host/evaluation/keptEvaluations.ts';
import { evaluate } from '../../../src/measure/evaluate/evaluate.ts';
import { writeEvaluation } from '../../../src/measure/evaluate/evaluationReport.ts';
import { keptFolder } from '../../../src/measure/evaluate/keptEvaluation.ts';
import { compareSystems } from '../../../src/metrics/compare.ts';
import type { Evaluation } from '../../../src/protocol/results/evaluation.ts';

let folder = '';
let measured: Evaluation;
const modelNamed = (name: string): string => join(folder, `${name}.onnx`);

/** A model that was evaluated, and heard what `hear` makes of the references. */
async function evaluated(name: string, hear: (reference: string, index: number) => string, data = measured.data) {
  const model = modelNamed(name);
  writeFileSync(model, name);
  const { size, mtime } = statSync(model);
  const hypotheses = measured.hypotheses.map((one, index) => ({ ...one, hypothesis: hear(one.reference, index) }));
  const modelFile = { ...measured.modelFile, path: model, bytes: size, modified: mtime.toISOString() };
  const dataSha256 = data === measured.data ? measured.dataSha256 : '1'.repeat(64);
  await writeEvaluation(keptFolder(model, data), { ...measured, model, modelFile, data, dataSha256, hypotheses });
  return hypotheses;
}

const right = (reference: string): string => reference;
const withoutFirstWords = (reference: string, index: number): string =>
  reference
    .split(' ')
    .slice(1 + (index % 2))
    .join(' ');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-verdict-'));
  measured = await evaluate('media/sample/model/model.onnx', 'media/sample/test.jsonl');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the verdict', () => {
  test('is that of the comparison that runs both models', async () => {
    const original = await evaluated('original', right);
    const pruned = await evaluated('pruned', withoutFirstWords);
    const { verdict, tested, against } =
      (await new KeptVerdicts().of(modelNamed('pruned'), modelNamed('original'))) ?? {};
    expect(verdict).toBe(compareSystems(pruned, original).verdict);
    expect(verdict).toBe('worse');
    expect([tested?.numbers.model, against?.numbers.model]).toEqual([modelNamed('pruned'), modelNamed('original')]);
    const reverse = await new KeptVerdicts().of(modelNamed('original'), modelNamed('pruned'));
    expect(reverse?.verdict).toBe('better');
  });

  test('is open with its reason where the test does not apply', async () => {
    await evaluated('original', right);
    await evaluated('same', right);
    const { verdict, reason } = (await new KeptVerdicts().of(modelNamed('same'), modelNamed('original'))) ?? {};
    expect([verdict, reason]).toEqual(['undecided', 'Neither system makes an error on these utterances.']);
  });

  test('is computed again for a later evaluation', async () => {
    const verdicts = new KeptVerdicts();
    await evaluated('original', right);
    await evaluated('pruned', withoutFirstWords);
    await verdicts.of(modelNamed('pruned'), modelNamed('original'));
    measured = { ...measured, time: '2026-12-01T00:00:00.000Z' };
    await evaluated('pruned', right);
    const { verdict } = (await verdicts.of(modelNamed('pruned'), modelNamed('original'))) ?? {};
    expect(verdict).toBe('undecided');
  });

  test('needs both on the same speech', async () => {
    await evaluated('original', right);
    await evaluated('elsewhere', right, join(folder, 'other.jsonl'));
    expect(await new KeptVerdicts().of(modelNamed('elsewhere'), modelNamed('original'))).toBeUndefined();
  });

  test('says what is wrong with texts that cannot be read', async () => {
    await evaluated('original', right);
    await evaluated('damaged', right);
    const [kept] = await keptEvaluations(modelNamed('damaged'));
    writeFileSync(join(kept?.folder ?? '', 'hypotheses.jsonl'), 'nothing\n');
    const { verdict, reason } = (await new KeptVerdicts().of(modelNamed('damaged'), modelNamed('original'))) ?? {};
    expect(verdict).toBe('undecided');
    expect(reason).toMatch(/hypotheses\.jsonl:1: this line was not written by Pinch/u);
  });
});

describe('the compared evaluations', () => {
  const kept = (data: string, more: Partial<EvaluationFile['numbers']> = {}, modelChanged = false): EvaluationFile => ({
    ...{ folder: data, name: data, modelChanged },
    numbers: { ...measured, data, dataSha256: data, ...more },
  });

  test('are the newest on speech that both have', () => {
    const pair = pairOf([kept('a'), kept('b'), kept('c')], [kept('c'), kept('b')]);
    expect([pair?.tested.name, pair?.against.name]).toEqual(['b', 'b']);
  });

  test('are of the files as they are now', () => {
    expect(pairOf([kept('a', {}, true)], [kept('a')])).toBeUndefined();
    expect(pairOf([kept('a')], [kept('a', {}, true)])).toBeUndefined();
  });

  test('count in the same unit', () => {
    expect(pairOf([kept('a', { unit: 'character' })], [kept('a')])).toBeUndefined();
    expect(pairOf([kept('a', { unit: 'word' })], [kept('a')])).toBeDefined();
  });

  test('are the same by content, and by path where an early one kept no checksum', () => {
    expect(pairOf([kept('a')], [kept('a', { dataSha256: 'other' })])).toBeUndefined();
    expect(pairOf([kept('a', { dataSha256: undefined })], [kept('a')])).toBeDefined();
  });
});
