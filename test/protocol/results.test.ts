/** What the commands print and keep is what its schema says: no field that is not declared, and none that is missing. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diffModels } from '../../src/measure/diff/diff.ts';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';
import { importModel } from '../../src/huggingface/importModel.ts';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import { inspect } from '../../src/measure/inspect/inspect.ts';
import { inspectLayer } from '../../src/measure/inspect/layerInspection.ts';
import { modelDiff } from '../../src/protocol/results/diff.ts';
import { evaluation } from '../../src/protocol/results/evaluation.ts';
import { exportedModel } from '../../src/protocol/results/export.ts';
import { importedModel } from '../../src/protocol/results/import.ts';
import { inspection, layerInspection } from '../../src/protocol/results/inspection.ts';
import { dryRun } from '../../src/protocol/results/prune.ts';
import { studyResults } from '../../src/protocol/results/study.ts';
import { openStudyResults } from '../../src/study/results/openResults.ts';
import { completeSettings } from '../../src/protocol/settings.ts';
import { previewRun } from '../../src/train/plan/preview.ts';
import { caseOf, tensorsOf, writeCheckpoint } from '../huggingface/writtenCheckpoint.ts';
import { someResults } from '../study/someResults.ts';
import { toyModel, writeToyModel, writeToySpeech } from '../train/toy.ts';

let folder = '';
let [model, other, data] = ['', '', ''];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-results-'));
  [model, other, data] = [join(folder, 'model'), join(folder, 'other'), join(folder, 'speech/manifest.jsonl')];
  writeToyModel(model);
  writeToyModel(other, toyModel(7));
  writeToySpeech(join(folder, 'speech'), 6);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cases: readonly (readonly [string, v.GenericSchema, () => unknown])[] = [
  ['evaluate', evaluation, () => evaluate(model, data, { against: other, cost: true, latency: true })],
  ['diff', modelDiff, () => diffModels(model, other, { data })],
  ['inspect', inspection, () => inspect(model, { cost: true, against: other })],
  ['inspect --layer', layerInspection, () => inspectLayer(model, 'encoder.layers.0.dense')],
  [
    'import',
    importedModel,
    async () => {
      const each = caseOf('HubertForCTC');
      const checkpoint = await writeCheckpoint(each, tensorsOf(each));
      return importModel(checkpoint, join(checkpoint, 'onnx'));
    },
  ],
  ['export', exportedModel, () => exportModel(model, { shrink: true, int8: true })],
  [
    'prune --dry-run',
    dryRun,
    () => previewRun(completeSettings({ model, train: data, dev: data, device: 'cpu' }), () => undefined),
  ],
  ['study', studyResults, () => someResults],
];

test.each(cases)('the output of %s has the form of its schema', async (_, schema, result) => {
  const printed: unknown = JSON.parse(JSON.stringify(await result()));
  expect(v.parse(schema, printed)).toEqual(printed);
});

test('study.json of the first form is opened, with all of its numbers', () => {
  const before = JSON.parse(readFileSync('bench/experiment/study.json', 'utf8')) as {
    methods: { points: { wer: number; devWer: number; lossless: boolean }[]; greatestLossless: number | null }[];
    runs: { found: { test: object; againstDense: object | null } }[];
  };
  const opened = openStudyResults(before);
  expect(v.parse(studyResults, opened)).toEqual(opened);
  const [model] = opened.models;
  expect(model?.name).toBe('w2v2-digits');
  for (const [at, { points, greatestLossless }] of before.methods.entries()) {
    const method = model?.methods[at];
    expect(method?.greatestLossless).toEqual({ test: greatestLossless });
    expect(method?.points.map(({ rates }) => [rates['test']?.wer, rates['dev']?.wer, rates['test']?.lossless])).toEqual(
      points.map(({ wer, devWer, lossless }) => [wer, devWer, lossless]),
    );
  }
  expect(opened.runs.map(({ found }) => found?.scores['test'])).toEqual(before.runs.map(({ found }) => found.test));
  expect(opened.runs.map(({ found }) => found?.againstDense['test'] ?? null)).toEqual(
    before.runs.map(({ found }) => found.againstDense),
  );
  expect(openStudyResults(JSON.parse(JSON.stringify(someResults)))).toEqual(someResults);
  expect(() => openStudyResults({ version: 3 })).toThrow();
});
