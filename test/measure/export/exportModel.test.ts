/** What `pinch export --shrink` writes: the same results from smaller files, whatever they were pruned with. */

import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';
import { completeSettings } from '../../../src/protocol/settings.ts';
import { describeExport, exportModel } from '../../../src/measure/export/exportModel.ts';
import { prepareRun } from '../../../src/train/setup.ts';
import { temporaryFolder } from '../../onnx/smallFile.ts';
import { toyModel, writeToyModel } from '../../train/toy.ts';

const folder = temporaryFolder();

/** The toy with rows of its second and its last matrix at zero: units of both hidden layers are dead. */
async function prunedToy(name: string, externalThreshold?: number): Promise<string> {
  const path = join(folder, name);
  writeToyModel(path);
  const file = await loadModel(path);
  const zeroed = (tensor: string, dead: number): [string, ReturnType<typeof float32>] => {
    const { data, dims } = toyModel().graph.initializers.get(tensor)!;
    const copy = Float32Array.from(data as Float32Array);
    copy.fill(0, 0, dead * (dims[1] ?? 1));
    return [tensor, float32(copy, dims)];
  };
  const target = join(path, 'pruned.onnx');
  const replacements = new Map([zeroed('dense1', 12), zeroed('head', 20)]);
  await saveModel(file, target, { replacements, ...(externalThreshold === undefined ? {} : { externalThreshold }) });
  return target;
}

async function logits(path: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path);
  const audio = Float32Array.from({ length: 2 * 4000 }, (_, i) => Math.sin(i * i));
  const result = await session.run({ input_values: new ort.Tensor('float32', audio, [2, 4000]) });
  await session.release();
  return result['logits']?.data as Float32Array;
}

test.each([
  ['one file', undefined],
  ['tensors in a file of their own', 256],
])('a matrix that loses rows to one layer and columns to another, in %s', async (name, threshold) => {
  const path = await prunedToy(name.replaceAll(' ', '-'), threshold);
  expect((await loadModel(path)).external.size > 0).toBe(threshold !== undefined);
  const exported = await exportModel(path, { shrink: true, int8: false, out: join(folder, `${name}-out`) });
  expect(exported.shrunk?.map(({ groups, kept }) => [groups, kept])).toEqual([
    [32, 20],
    [32, 12],
  ]);
  // No run pruned it, so that there is no record; what the export took out counts all the same.
  expect(exported.from.removed).toBeNull();
  expect(exported.to.removed).toBe(exported.from.parameters - exported.to.parameters);
  expect(exported.to.gated.by).toBe('default');
  // Dead units take weights along that are not zero.
  expect(exported.to.gated.parameters + (exported.to.gated.removed ?? 0)).toBe(exported.from.gated.parameters);
  const left = exported.to.gated.nonZeroParameters / exported.from.gated.parameters;
  expect(exported.to.gated.sparsity).toBeCloseTo(1 - left, 12);
  const shrunk = await loadModel(exported.to.model);
  const dims = ['dense0', 'bias0', 'dense1', 'bias1', 'head'].map(
    (tensor) => shrunk.model.graph.initializers.get(tensor)?.dims,
  );
  expect(dims).toEqual([[16, 20], [20], [20, 12], [12], [12, 5]]);
  const [a, b] = [await logits(exported.to.model), await logits(path)];
  expect(a.length).toBe(b.length);
  expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))))).toBeLessThan(1e-6);
  expect(existsSync(join(folder, `${name}-out`, 'vocab.json'))).toBe(true);
  expect(describeExport(exported)).toMatch(/toy\.encoder\.layers +units +32 +20\n/u);
});

test('where nothing is dead, the model is written as it is', async () => {
  const path = join(folder, 'whole');
  writeToyModel(path);
  const exported = await exportModel(path, { shrink: true, int8: false });
  expect(exported.shrunk).toEqual([]);
  expect(exported.to.model).toBe(join(folder, 'whole-shrunk', 'model.onnx'));
  expect(exported.to.parameters).toBe(exported.from.parameters);
  // Another file in the same folder must not be written to the same place.
  renameSync(join(path, 'model.onnx'), join(path, 'other.onnx'));
  const other = await exportModel(join(path, 'other.onnx'), { shrink: true, int8: false });
  expect(other.to.model).toBe(join(path, 'other-shrunk', 'model.onnx'));
  expect(describeExport(exported)).toContain('No unit or head is dead, so nothing was removed.');
});

test('what is written with 8-bit weights is refused by prune, in one sentence', async () => {
  const path = join(folder, 'quantized');
  writeToyModel(path);
  const { to } = await exportModel(path, { shrink: false, int8: true });
  const settings = completeSettings({ model: to.model, train: join(folder, 'train.jsonl') });
  await expect(prepareRun(settings)).rejects.toThrow(
    `${to.model}: the weights of this model are stored in 8 bits, which cannot be trained; prune the float32 model, then "pinch export --int8" the checkpoint.`,
  );
});
