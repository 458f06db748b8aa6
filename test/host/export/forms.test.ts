/** The forms of Export Model hold what the command takes, and its result is told in one message. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPrinted } from '../../../src/host/engine/printed.ts';
import { describeExported, exportForms, writtenPath } from '../../../src/host/export/forms.ts';
import { exportModel } from '../../../src/measure/export/exportModel.ts';
import { exportedModel, type ExportedModel } from '../../../src/protocol/results/export.ts';
import { writeToyModel } from '../../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-export-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every form is another one, and says what it buys', () => {
  expect(exportForms.map(({ flags }) => flags.join(' '))).toEqual([
    '--shrink',
    '--int8',
    '--shrink --int8',
    '--to huggingface',
    '--to transformers.js --int8',
  ]);
  expect(exportForms.every(({ buys }) => buys !== '')).toBe(true);
});

test('what the command prints is understood', async () => {
  writeToyModel(join(folder, 'model'));
  const exported = await exportModel(join(folder, 'model'), { shrink: true, int8: true });
  const printed: unknown = JSON.parse(JSON.stringify(exported));
  expect(readPrinted(exportedModel, printed, 'export')).toEqual(printed);
  expect(exported.to.model).toBe(join(folder, 'model-shrunk-int8', 'model.onnx'));
});

test.each([undefined, {}, { from: { model: 'a', bytes: -1 } }])('%j is refused', (printed) =>
  expect(() => readPrinted(exportedModel, printed, 'export')).toThrow(/^pinch export printed no result/u),
);

describe('the message', () => {
  const model = (path: string, bytes: number): ExportedModel['from'] => {
    const totals = { parameters: 1_500_000, nonZeroParameters: 1_500_000, removed: null, sparsity: 0 };
    return { model: path, bytes, gzippedBytes: bytes, gzippedError: null, ...totals, gated: { by: 'run', ...totals } };
  };
  const exported: ExportedModel = {
    for: 'onnx',
    folder: '/w/m-int8',
    from: model('/w/m/model.onnx', 6_200_000),
    to: model('/w/m-int8/model.onnx', 1_600_000),
    shrunk: null,
    int8: null,
    quantized: null,
    notes: [],
  };
  const written = 'Written: m-int8/model.onnx, 1.6 MB, 25.8 % of the 6.2 MB before.';

  test.each([
    ['how large it is', null, written],
    ['that nothing was dead', [], `${written} No unit or head is dead, so none was removed.`],
    ['how many layers are smaller', ['a', 'b'], `${written} Units or heads were removed from 2 layers.`],
    ['that one layer is smaller', ['a'], `${written} Units or heads were removed from 1 layer.`],
  ])('says %s', (_, layers, message) => {
    const shrunk = layers?.map((name) => ({ name, kind: 'units' as const, groups: 4, kept: 2, held: false })) ?? null;
    expect(describeExported({ ...exported, shrunk }, 'm-int8/model.onnx')).toBe(message);
  });

  test('says both sizes of a folder for transformers.js, and what else is to be known', () => {
    const folder = '/w/m-transformers.js';
    const both: ExportedModel = {
      ...exported,
      ...{ for: 'transformers.js', folder, to: model(`${folder}/onnx/model.onnx`, 6_200_000) },
      quantized: model(`${folder}/onnx/model_quantized.onnx`, 1_600_000),
      notes: ['config.json says "wav2vec2" instead of "sew".', 'One more.'],
    };
    expect(writtenPath(both)).toBe(folder);
    expect(describeExported(both, 'm-transformers.js')).toBe(
      'Written: m-transformers.js, 6.2 MB in float32 and 1.6 MB with 8-bit weights; the model was 6.2 MB. config.json says "wav2vec2" instead of "sew". One more.',
    );
  });

  test('names the weights of a checkpoint for transformers', () => {
    const weights = '/w/m-huggingface/model.safetensors';
    const written = { ...exported, for: 'huggingface' as const, to: model(weights, 6_100_000) };
    expect(writtenPath(written)).toBe(weights);
  });
});
