import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { ModelProto } from 'onnx-buf';
import { expect, test } from 'vitest';
import { exposeParameters } from '../../../src/onnx/model/parameters.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';
import { node, openModel, smallModel, temporaryFolder, values } from '../smallFile.ts';

const folder = temporaryFolder();
const kernel = float32(values(6 * 4 * 3, 1), [6, 4, 3]);
const bias = float32(values(6, 2));
let count = 0;

async function expose(proto: ModelProto) {
  const original = await openModel(folder, proto);
  const { file, parameters } = exposeParameters(original);
  const outputs = [];
  for (const each of [original, file]) {
    const path = join(folder, `unfolded-${++count}.onnx`);
    await saveModel(each, path);
    const session = await ort.InferenceSession.create(path);
    const { y } = await session.run({ x: new ort.Tensor(values(2 * 4 * 9, 8), [2, 4, 9]) });
    outputs.push([...(y!.data as Float32Array)]);
  }
  const [before, after] = outputs as [number[], number[]];
  after.forEach((element, i) => expect(Math.abs(element - before[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(before[i]!))));
  // Looking again finds the same.
  const again = exposeParameters(file);
  expect(again.file).toBe(file);
  expect(again.parameters).toEqual(parameters);
  return { names: parameters.map(({ name }) => name), file };
}

test('a kernel whose name the older exporter made up beside a bias with a name: weight normalization', async () => {
  const { names, file } = await expose(
    smallModel({
      nodes: [node('Conv', ['x', 'onnx::Conv_9', 'enc.conv.bias'], ['y'], { name: '/enc/conv/Conv' })],
      initializers: { 'onnx::Conv_9': kernel, 'enc.conv.bias': bias },
    }),
  );
  const [g, v] = ['original0', 'original1'].map((part) => `enc.conv.parametrizations.weight.${part}`) as [
    string,
    string,
  ];
  expect([...names].sort()).toEqual(['enc.conv.bias', g, v]);
  expect(file.model.graph.initializers.get(v)?.data).toEqual(kernel.data);
  expect(file.model.graph.initializers.get(g)?.dims).toEqual([1, 1, 3]);
});

test('a kernel of dynamo without a name, where PyTorch lists two factors: weight normalization', async () => {
  const factors = ['conv.parametrizations.weight.original0', 'conv.parametrizations.weight.original1'];
  const { names } = await expose(
    smallModel({
      nodes: [node('Conv', ['x', 'mul_51', 'conv.bias'], ['y'], { module: 'conv' })],
      initializers: { mul_51: kernel, 'conv.bias': bias },
      signature: Object.fromEntries([...factors, 'conv.bias'].map((name) => [name, 'PARAMETER'])),
    }),
  );
  expect([...names].sort()).toEqual(['conv.bias', ...factors]);
});

test('kernel and bias whose names the older exporter made up: batch normalization', async () => {
  const { names, file } = await expose(
    smallModel({
      nodes: [node('Conv', ['x', 'onnx::Conv_9', 'onnx::Conv_10'], ['y'], { name: '/enc/conv/Conv' })],
      initializers: { 'onnx::Conv_9': kernel, 'onnx::Conv_10': bias },
    }),
  );
  expect(names).toEqual(['enc.conv.weight', 'enc.conv.batch_norm.weight', 'enc.conv.batch_norm.bias']);
  expect(file.model.graph.nodes.map(({ opType }) => opType)).toEqual(['Conv', 'Mul', 'Add']);
});

test('a convolution that dynamo calls as the normalization it was folded into, its zeros left out: batch normalization', async () => {
  const { names } = await expose(
    smallModel({
      nodes: [node('Conv', ['x', 'm.conv.weight'], ['y'], { module: 'm.norm' })],
      initializers: { 'm.conv.weight': kernel },
      signature: {
        'm.conv.weight': 'PARAMETER',
        'm.norm.weight': 'PARAMETER',
        'm.norm.bias': 'PARAMETER',
        'm.norm.running_mean': 'BUFFER',
      },
    }),
  );
  expect(names).toEqual(['m.conv.weight', 'm.norm.weight', 'm.norm.bias']);
});

test('kernels with their own names stay as they are', async () => {
  const original = await openModel(
    folder,
    smallModel({
      nodes: [node('Conv', ['x', 'enc.conv.weight', 'enc.conv.bias'], ['y'], { name: '/enc/conv/Conv' })],
      initializers: { 'enc.conv.weight': kernel, 'enc.conv.bias': bias },
    }),
  );
  expect(exposeParameters(original).file).toBe(original);
});
