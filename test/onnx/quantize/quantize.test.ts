/** Weights of 8 bits: what the written model computes, and what is read back of it. */

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { ModelProto } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { checkModel } from '../../../src/onnx/graph/check.ts';
import { dequantizeModel } from '../../../src/onnx/quantize/dequantize.ts';
import { int, ints } from '../../../src/onnx/graph/graph.ts';
import { dequantizeTensor, largestFactor, largestStored, quantizeTensor } from '../../../src/onnx/quantize/int8.ts';
import { loadModel, type ModelFile } from '../../../src/onnx/file/load.ts';
import { exposeParameters } from '../../../src/onnx/model/parameters.ts';
import { quantizeModel } from '../../../src/onnx/quantize/quantize.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { node, openModel, smallModel, temporaryFolder, values } from '../smallFile.ts';

const folder = temporaryFolder();
let count = 0;

/** Saves and opens again, as a user's file. */
async function written(file: ModelFile, externalThreshold?: number): Promise<ModelFile> {
  const path = join(folder, `written-${++count}`);
  mkdirSync(path);
  await saveModel(file, join(path, 'model.onnx'), externalThreshold === undefined ? {} : { externalThreshold });
  return loadModel(path);
}

async function run({ path }: ModelFile, dims: readonly number[]): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const size = dims.reduce((product, dim) => product * dim, 1);
  const { y } = await session.run({ x: new ort.Tensor(values(size, 9), dims) });
  await session.release();
  return y!.data as Float32Array;
}

/** The root-mean-square difference, over the root-mean-square of what it should be. */
function relativeError(found: Float32Array, wanted: Float32Array): number {
  const squares = (numbers: Float32Array): number => numbers.reduce((sum, number) => sum + number * number, 0);
  return Math.sqrt(squares(found.map((number, i) => number - wanted[i]!)) / squares(wanted));
}

const operators = ({ model }: ModelFile): string[] => model.graph.nodes.map(({ opType }) => opType);
const stored = ({ model }: ModelFile, name: string): Tensor => model.graph.initializers.get(name)!;

const matrix = (rows: number, columns: number, seed: number): Tensor =>
  float32(values(rows * columns, seed), [rows, columns]);

/** Two products of one input, and a Gemm of their sum; every third weight of q is zero, and all of its first column. */
function products(): ModelProto {
  const pruned = values(40 * 48, 1).map((value, i) => (i % 3 === 0 || i % 48 === 0 ? 0 : value));
  return smallModel({
    nodes: [
      node('MatMul', ['x', 'val_1'], ['a'], { module: 'encoder.layers.0.q_proj' }),
      node('MatMul', ['x', 'val_2'], ['b'], { module: 'encoder.layers.0.k_proj' }),
      node('Add', ['a', 'b'], ['c']),
      node('Gemm', ['c', 'lm_head.weight', 'lm_head.bias'], ['y'], {
        module: 'lm_head',
        attributes: { transB: int(1) },
      }),
    ],
    initializers: {
      val_1: float32(pruned, [40, 48]),
      val_2: matrix(40, 48, 2),
      'lm_head.weight': matrix(30, 48, 3),
      'lm_head.bias': float32(values(30, 4)),
    },
  });
}

const convolution = (): ModelProto =>
  smallModel({
    nodes: [node('Conv', ['x', 'conv.weight'], ['y'], { module: 'conv', attributes: { kernel_shape: ints([8]) } })],
    initializers: { 'conv.weight': float32(values(16 * 16 * 8, 1), [16, 16, 8]) },
  });

describe('matrix products', () => {
  test('are products of integers that onnxruntime runs, with an input quantized once for all of its readers', async () => {
    const file = await openModel(folder, products());
    const quantized = quantizeModel(file);
    expect(quantized.products).toEqual({ tensors: 3, weights: 40 * 48 * 2 + 30 * 48 });
    const int8 = await written(quantized.file);
    expect(checkModel(int8.model)).toEqual([]);
    expect(operators(int8).filter((operator) => operator === 'MatMulInteger')).toHaveLength(3);
    expect(operators(int8).filter((operator) => operator === 'DynamicQuantizeLinear')).toHaveLength(2);
    expect(operators(int8).filter((operator) => operator === 'MatMul' || operator === 'Gemm')).toEqual([]);
    const [found, wanted] = [await run(int8, [7, 40]), await run(file, [7, 40])];
    expect(relativeError(found, wanted)).toBeLessThan(0.04);
    // A second quantization error of nothing would mean that the float model was run twice.
    expect(relativeError(found, wanted)).toBeGreaterThan(1e-4);
  });

  test('have factors of seven bits, a scale for each column, and zeros where there were zeros', async () => {
    const { file } = quantizeModel(await openModel(folder, products()));
    const integers = Array.from(stored(file, 'val_1_quantized').data as Int8Array);
    const scale = Array.from(stored(file, 'val_1_scale').data as Float32Array);
    expect(stored(file, 'val_1_quantized').dims).toEqual([40, 48]);
    expect(scale).toHaveLength(48);
    expect(Math.max(...integers.map(Math.abs))).toBe(largestFactor);
    const original = values(40 * 48, 1);
    integers.forEach((integer, i) => {
      const weight = i % 3 === 0 || i % 48 === 0 ? 0 : original[i]!;
      if (weight === 0) expect(integer).toBe(0);
      expect(Math.abs(integer * scale[i % 48]! - weight)).toBeLessThanOrEqual(scale[i % 48]! * 0.501);
    });
  });

  test('read back are the same layers, with the weights that are computed with', async () => {
    const file = await openModel(folder, products());
    const int8 = await written(quantizeModel(file).file);
    const { file: plain, types } = dequantizeModel(int8);
    const names = (of: ModelFile): string[] => exposeParameters(of).parameters.map(({ name }) => name);
    expect(names(plain)).toEqual(names(file));
    expect(Object.fromEntries(types)).toEqual({ val_1: 'int8', val_2: 'int8', 'lm_head.weight': 'int8' });
    // [in, out] now, where the Gemm read [out, in].
    expect(stored(plain, 'lm_head.weight').dims).toEqual([48, 30]);
    expect(operators(plain).filter((operator) => operator.endsWith('Integer'))).toEqual([]);
    const restored = await written(plain);
    expect(relativeError(await run(restored, [7, 40]), await run(int8, [7, 40]))).toBeLessThan(0.03);
  });

  test('are left alone within what is read elsewhere, too: the weights are only stored as integers', async () => {
    const file = await openModel(
      folder,
      smallModel({
        nodes: [
          node('MatMul', ['x', 'layer.weight'], ['a'], { module: 'layer' }),
          node('ReduceSum', ['layer.weight'], ['s'], { attributes: { keepdims: int(0) } }),
          node('Add', ['a', 's'], ['y']),
        ],
        initializers: { 'layer.weight': matrix(40, 48, 1) },
      }),
    );
    const { file: int8, products, stored: others } = quantizeModel(file);
    expect([products.tensors, others.tensors]).toEqual([0, 1]);
    expect(operators(int8)).toEqual(['DequantizeLinear', 'MatMul', 'ReduceSum', 'Add']);
    expect(relativeError(await run(await written(int8), [3, 40]), await run(file, [3, 40]))).toBeLessThan(0.04);
  });
});

test('weights of convolutions are stored as integers for each output channel, under the name that is read', async () => {
  const file = await openModel(folder, convolution());
  const quantized = quantizeModel(file);
  expect(quantized.stored).toEqual({ tensors: 1, weights: 16 * 16 * 8 });
  const int8 = await written(quantized.file);
  expect(operators(int8)).toEqual(['DequantizeLinear', 'Conv']);
  expect(stored(int8, 'conv.weight_scale').dims).toEqual([16]);
  expect(Math.max(...(stored(int8, 'conv.weight_quantized').data as Int8Array))).toBe(largestStored);
  expect(relativeError(await run(int8, [1, 16, 30]), await run(file, [1, 16, 30]))).toBeLessThan(0.01);
  const { file: plain, types } = dequantizeModel(int8);
  expect(Object.fromEntries(types)).toEqual({ 'conv.weight': 'int8' });
  expect(await run(await written(plain), [1, 16, 30])).toEqual(await run(int8, [1, 16, 30]));
});

test('large tensors in a file of their own stay there, a quarter as large', async () => {
  const file = await written(await openModel(folder, products()), 1000);
  const int8 = await written(quantizeModel(file).file, 1000);
  expect(int8.external).toContain('val_1_quantized');
  expect(statSync(`${int8.path}.data`).size).toBeLessThan(statSync(`${file.path}.data`).size);
  expect(relativeError(await run(int8, [7, 40]), await run(file, [7, 40]))).toBeLessThan(0.04);
});

test("the exporter's traces and long names of values go, the layers' names stay", async () => {
  const proto = products();
  proto.graph!.node[0]!.output[0] = proto.graph!.node[2]!.input[0] = '/encoder/layers.0/q_proj/MatMul_output_0';
  const [first] = proto.graph!.node;
  const [entry] = first!.metadataProps;
  first!.metadataProps.push({ ...entry!, key: 'pkg.torch.onnx.stack_trace', value: 'File "/home/somebody/model.py"' });
  const { file } = quantizeModel(await openModel(folder, proto));
  const metadata = file.model.graph.nodes.flatMap((kept) => Object.keys(kept.metadata ?? {}));
  expect(metadata).toContain('pkg.torch.onnx.name_scopes');
  expect(metadata).not.toContain('pkg.torch.onnx.stack_trace');
  expect(file.model.graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])).not.toContain(
    '/encoder/layers.0/q_proj/MatMul_output_0',
  );
  expect(file.model.graph.outputs.map(({ name }) => name)).toEqual(['y']);
  expect(checkModel(file.model)).toEqual([]);
});

describe('refuses in one sentence', () => {
  const linear = (weight: Tensor): ModelProto =>
    smallModel({
      nodes: [node('MatMul', ['x', 'layer.weight'], ['y'], { module: 'layer' })],
      initializers: { 'layer.weight': weight },
    });
  const half: Tensor = { type: 'float16', dims: [32, 32], data: new Uint16Array(1024).fill(0x3c00) };

  test.each<[string, () => Promise<ModelFile>, RegExp]>([
    ['half-precision weights', () => openModel(folder, linear(half)), /"layer\.weight" is float16, but only float32/u],
    [
      'a weight that is no number',
      () => openModel(folder, linear(float32(new Float32Array(1024).fill(NaN), [32, 32]))),
      /some weights of "layer\.weight" are infinite or no numbers/u,
    ],
    ['a model that is quantized', async () => quantizeModel(await openModel(folder, convolution())).file, /already/u],
    ['a model without weights', () => openModel(folder, linear(matrix(4, 4, 1))), /no weights to quantize/u],
    [
      'an old operator set',
      () => {
        const proto = linear(matrix(32, 32, 1));
        proto.opsetImport[0]!.version = 12n;
        return openModel(folder, proto);
      },
      /opset 12; export it again with opset 13/u,
    ],
  ])('%s', async (_, open, message) => {
    const file = await open();
    expect(() => quantizeModel(file)).toThrow(message);
  });
});

test('integers and back: half a step at most, for any axis', () => {
  const tensor = float32(values(4 * 5 * 6, 1), [4, 5, 6]);
  for (const axis of [0, 1, 2, -1]) {
    const { values: integers, scale } = quantizeTensor(tensor, axis, largestStored, 'w');
    expect(scale.dims).toEqual([tensor.dims.at(axis)]);
    const back = dequantizeTensor(integers, scale, undefined, axis);
    const step = Math.max(...(scale.data as Float32Array));
    back.data.forEach((value, i) =>
      expect(Math.abs(Number(value) - Number(tensor.data[i]))).toBeLessThan(step * 0.501),
    );
  }
});

test('integers with zero points, as other tools write them', () => {
  const integers: Tensor = { type: 'uint8', dims: [2, 2], data: Uint8Array.of(128, 130, 3, 0) };
  const zeroPoint: Tensor = { type: 'uint8', dims: [2], data: Uint8Array.of(128, 0) };
  const back = dequantizeTensor(integers, float32([0.5, 2]), zeroPoint, 1);
  expect(back.data).toEqual(Float32Array.of(0, 260, -62.5, 0));
});
