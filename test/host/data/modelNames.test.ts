/** What models are called, which is older, and what a checkpoint was pruned from. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkpointOf, isOlder, runInputs, titleOf } from '../../../src/host/data/modelNames.ts';

const checkpoint = (run: string, step: string): string => `/w/.pinch/runs/${run}/checkpoints/${step}/model.onnx`;
const at = (path: string): string => `/w/.pinch/runs/r/checkpoints/${path}`;

test.each([
  ['a checkpoint', checkpoint('digits-1', 'step-000500'), 'digits-1, step 500'],
  ['an export of a checkpoint', checkpoint('digits-1', 'step-000500-shrunk-int8'), 'digits-1, step 500, shrunk-int8'],
  ['a model in its folder', '/w/w2v2-digits/model.onnx', 'w2v2-digits'],
  ['a folder that says nothing', '/w/sample/model/model.onnx', 'sample/model'],
  ['a repository of the hub', '/w/wav2vec2-base/onnx/model.onnx', 'wav2vec2-base'],
  ['a form of it', '/w/wav2vec2-base/onnx/model_fp16.onnx', 'model_fp16'],
  [
    'a snapshot in the hub’s cache',
    `/c/models--org--base-960h/snapshots/${'a'.repeat(40)}/onnx/model.onnx`,
    'base-960h',
  ],
  ['a snapshot without a folder for ONNX', `/c/models--base/snapshots/${'a'.repeat(40)}/model.onnx`, 'base'],
  [
    'a checkpoint for transformers.js',
    at('step-000500-transformers.js/onnx/model.onnx'),
    'r, step 500, transformers.js',
  ],
  [
    'its other form',
    at('step-000500-int8-transformers.js/onnx/model_quantized.onnx'),
    'r, step 500, int8-transformers.js, model_quantized',
  ],
  ['a checkpoint for transformers', at('step-000500-huggingface/model.safetensors'), 'r, step 500, huggingface'],
  ['weights in parts', '/w/models/xls-r/pytorch_model.bin.index.json', 'xls-r'],
  ['a checkpoint’s folder', '/w/models/w2v2', 'w2v2'],
  ['its ONNX model', '/w/.pinch/models/w2v2-base-0123456789ab/model.onnx', 'w2v2-base'],
  ['a file with a name', '/w/models/small.onnx', 'small'],
  ['a folder that only looks like a checkpoint', '/w/checkpoints/step-x/model.onnx', 'step-x'],
])('%s', (_, path, title) => expect(titleOf(path)).toBe(title));

test('a checkpoint knows its run and step', () =>
  expect(checkpointOf(checkpoint('r', 'step-000042'))).toEqual({ run: '/w/.pinch/runs/r', step: 42 }));

test('what was exported from a checkpoint knows its run, step and form', () =>
  expect(checkpointOf(checkpoint('r', 'step-000042-int8'))).toEqual({
    run: '/w/.pinch/runs/r',
    step: 42,
    form: 'int8',
  }));

test.each([
  ['an original than a checkpoint', '/w/m/model.onnx', checkpoint('r', 'step-000001'), true],
  ['a checkpoint than an original', checkpoint('r', 'step-000001'), '/w/m/model.onnx', false],
  ['an earlier step', checkpoint('r', 'step-000009'), checkpoint('r', 'step-000010'), true],
  ['a later step', checkpoint('r', 'step-000010'), checkpoint('r', 'step-000009'), false],
  ['what was exported than its checkpoint', checkpoint('r', 'step-000009-int8'), checkpoint('r', 'step-000009'), false],
  ['a step of another run', checkpoint('r', 'step-000001'), checkpoint('s', 'step-000009'), false],
])('older: %s', (_, model, than, older) => expect(isOlder(model, than)).toBe(older));

describe('what a run was given', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-names-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(settings: object): string {
    const place = join(folder, 'runs', 'r');
    mkdirSync(join(place, 'checkpoints', 'step-000001'), { recursive: true });
    const checksums = { model: 'x', train: 'x', dev: null };
    const versions = { pinch: '1', onnxruntime: '1', node: '20' };
    const created = '2026-01-01T00:00:00.000Z';
    writeFileSync(join(place, 'run.json'), JSON.stringify({ ...versions, created, settings, checksums }));
    return join(place, 'checkpoints', 'step-000001', 'model.onnx');
  }

  test('the model of a folder is its file', async () => {
    mkdirSync(join(folder, 'original'), { recursive: true });
    writeFileSync(join(folder, 'original', 'model.onnx'), '');
    const inputs = await runInputs(run({ model: join(folder, 'original'), train: '/t', dev: null }));
    expect(inputs).toEqual({ model: join(folder, 'original', 'model.onnx'), train: '/t', dev: undefined });
  });

  test('a model that is gone is none', async () => {
    expect((await runInputs(run({ model: join(folder, 'gone'), train: '/t' })))?.model).toBeUndefined();
  });

  test('a model that is no checkpoint was given nothing', async () => {
    expect(await runInputs(join(folder, 'original', 'model.onnx'))).toBeUndefined();
  });
});
