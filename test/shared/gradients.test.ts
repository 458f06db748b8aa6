/** Gradients of every parameter of a real export against PyTorch's, for the first batch of the digits. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { backward } from '../../src/autodiff/backward.ts';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { trainingOpset } from '../../src/onnx/opset/opset.ts';
import { exposeParameters, type Parameter } from '../../src/onnx/model/parameters.ts';
import { specialize } from '../../src/onnx/passes/specialize.ts';
import type { Tensor } from '../../src/onnx/graph/tensor.ts';
import { ctc } from '../../src/step/ctc.ts';
import { readSafetensors } from '../../src/onnx/file/safetensors.ts';
import { firstBatch, shared } from './firstBatch.ts';

const folder = join(shared, 'reference/w2v2-tiny');
const utterances = 4;

describe.skipIf(!existsSync(shared))('gradients of w2v2-tiny', () => {
  test.each(['model.onnx', 'model.legacy.onnx'])('%s: every parameter within 1e-4 of the largest', async (file) => {
    const expected = (await readSafetensors(join(folder, 'gradients.safetensors'))).tensors;
    const actual = await gradientsOf(join(folder, file));
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
    const wrong = [...expected].flatMap(([name, { data }]) => {
      const gradient = actual.get(name)!;
      const difference = largest(gradient.map((value, i) => value - Number(data[i])));
      const error = difference / largest(expected.get(measure(name))!.data as Float32Array);
      return gradient.length === data.length && error < 1e-4 ? [] : [`${name}: ${error.toExponential(1)}`];
    });
    expect(wrong).toEqual([]);
  });
});

/**
 * The tensor whose largest gradient a tensor's differences are compared with: itself, except for the keys' biases. Softmax does not see a number
 * that is added to all keys, so their gradient is 0 and PyTorch's numbers are rounding; the keys' weights say how large it is.
 */
function measure(name: string): string {
  return name.replace('k_proj.bias', 'k_proj.weight');
}

/** The gradients of the first batch's CTC loss, by PyTorch's names and in its layout. */
async function gradientsOf(path: string): Promise<Map<string, Float32Array>> {
  const { file, parameters } = exposeParameters(await loadModel(path));
  const batch = await firstBatch(folder, utterances);
  const b = new Builder();
  const weights = new Map(
    parameters.map(({ initializer, dims }) => [initializer, b.input(initializer, 'float32', dims)]),
  );
  const audio = b.input('input_values', 'float32', batch.audio.dims);
  const logits = specialize(file.model, b, {
    inputs: { input_values: audio },
    parameters: weights,
    outputs: ['logits'],
  }).get('logits')!;
  const { loss, gradient } = ctc(b, {
    logits,
    labels: b.input('labels', 'int64', batch.labels.dims),
    labelLengths: b.input('label_lengths', 'int64', [utterances]),
    frameLengths: b.input('frame_lengths', 'int64', [utterances]),
    weights: b.constant({ type: 'float32', dims: [utterances], data: new Float32Array(utterances).fill(1) }),
    blank: batch.blank,
  });
  b.output(loss, 'loss');
  const found = backward(b, new Map<Value, Value>([[logits, gradient]]), [...weights.values()]);
  const named = parameters.map((parameter) => ({ parameter, value: found.get(weights.get(parameter.initializer)!)! }));
  named.forEach(({ parameter, value }) => b.output(value, `gradient of ${parameter.name}`));
  const graph = b.graph('gradients');
  const session = await InferenceSession.create(encodeModel({ graph, opsets: new Map([['', trainingOpset]]) }));
  const { initializers } = file.model.graph;
  const results = await session.run({
    ...Object.fromEntries(parameters.map(({ initializer }) => [initializer, feed(initializers.get(initializer)!)])),
    input_values: feed(batch.audio),
    labels: feed(batch.labels),
    label_lengths: feed(batch.labelLengths),
    frame_lengths: feed(batch.frameLengths),
  });
  const first = JSON.parse(await readFile(join(folder, 'dense.json'), 'utf8')) as { steps: { loss: number }[] };
  expect(Number(results['loss']!.data[0])).toBeCloseTo(first.steps[0]!.loss, 4);
  return new Map(
    named.map(({ parameter }) => [
      parameter.name,
      asInPyTorch(parameter, results[`gradient of ${parameter.name}`]!.data as Float32Array),
    ]),
  );
}

/** PyTorch keeps a linear layer's matrix as [out, in]. */
function asInPyTorch({ transposed, dims }: Parameter, gradient: Float32Array): Float32Array {
  if (!transposed) return gradient;
  const [rows, columns] = dims as [number, number];
  return gradient.map((_, i) => gradient[(i % rows) * columns + Math.floor(i / rows)]!);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function feed({ type, dims, data }: Tensor): OrtTensor {
  return type === 'int64'
    ? new OrtTensor('int64', data as BigInt64Array, dims)
    : new OrtTensor('float32', data as Float32Array, dims);
}
