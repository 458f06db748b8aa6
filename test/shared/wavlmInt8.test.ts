/** A WavLM in 8 bits, whose quantized nodes would have one name twice: onnxruntime loads what the export wrote. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import { writeVerified } from '../../src/measure/export/verifiedWrite.ts';

const model = join(resolve(process.env['PINCH_SHARED'] ?? '../shared'), 'cases/wavlm-int8/model');
const folder = mkdtempSync(join(tmpdir(), 'pinch-wavlm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every node of the exported file has a name of its own', async () => {
  const out = join(folder, 'int8');
  const { to } = await exportModel(model, { shrink: false, int8: true, out });
  const names = (await loadModel(to.model)).model.graph.nodes.flatMap(({ name }) => (name === '' ? [] : [name]));
  expect(new Set(names).size).toBe(names.length);
  await (await ort.InferenceSession.create(to.model)).release();
  expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a file that computes something else is not left behind', async () => {
  const source = await loadModel(model);
  await expect(writeVerified(source, source, join(folder, 'model.onnx'), { tolerance: -1 })).rejects.toThrow(
    'nothing was written',
  );
  expect(readdirSync(folder)).not.toContain('model.onnx');
});
