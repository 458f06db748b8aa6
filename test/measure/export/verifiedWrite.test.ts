/** What an export checks before a file is there: right files pass, and those with a wrong unit or wrong scales do not. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel, type ModelFile } from '../../../src/onnx/file/load.ts';
import { exposeParameters } from '../../../src/onnx/model/parameters.ts';
import { quantizeModel } from '../../../src/onnx/quantize/quantize.ts';
import { rewriteFile } from '../../../src/onnx/file/rewriteFile.ts';
import { chooseGates } from '../../../src/prune/chooseGates.ts';
import { shrinkModel } from '../../../src/prune/shrink.ts';
import { toleranceFor, writeVerified } from '../../../src/measure/export/verifiedWrite.ts';
import { temporaryFolder } from '../../onnx/smallFile.ts';
import { maskedFile, masksFor } from '../../prune/masks.ts';

const folder = temporaryFolder();
const sample = await loadModel(join(import.meta.dirname, '../../../media/sample/model'));
const { file, parameters } = exposeParameters(sample);
const gated = new Set(
  chooseGates(parameters).flatMap(({ gated, parameter }) => (gated ? [parameter.initializer] : [])),
);

function write(source: ModelFile, made: ModelFile, int8: boolean): Promise<void> {
  return writeVerified(source, made, join(folder, 'model.onnx'), { tolerance: toleranceFor(source, { int8 }) });
}

test('a shrunk model, and one that has lost a unit too many', async () => {
  const keep = masksFor(file.model, gated, 'some', 7);
  const masked = maskedFile(file, gated, keep);
  // The pruned model as a file of its own, which is what it is compared with.
  const pruned = { ...masked, path: join(folder, 'pruned.onnx') };
  await writeVerified(masked, masked, pruned.path, { tolerance: 1e9 });
  const wrong = new Map([...keep].map(([name, mask]) => [name, mask.slice()]));
  const mask = [...wrong.values()].find(({ length }) => length > 20)!;
  mask[mask.indexOf(1)] = 0;
  await expect(write(pruned, shrinkModel(file, gated, wrong).file, false)).rejects.toThrow('nothing was written');
  expect(readdirSync(folder)).not.toContain('model.onnx');
  await write(pruned, shrinkModel(file, gated, keep).file, false);
  expect(readdirSync(folder)).toContain('model.onnx');
});

test('a model of 8 bits, and one whose head has twice the scales', async () => {
  const quantized = quantizeModel(sample).file;
  await write(sample, quantized, true);
  const scales = [...quantized.model.graph.initializers].filter(([name]) => name.endsWith('_scale'));
  const [name, scale] = scales.at(-1)!;
  const doubled = { ...scale, data: Float32Array.from(scale.data as Float32Array, (value) => 2 * value) };
  const wrong = rewriteFile(quantized, quantized.model.graph.nodes, new Map([[name, doubled]]));
  await expect(write(sample, wrong, true)).rejects.toThrow('nothing was written');
});
