/** Tidied models compute what they did, to the last bit, for several batches and lengths; what may not go stays. */

import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { int } from '../../../src/onnx/graph/graph.ts';
import { loadModel, type ModelFile } from '../../../src/onnx/file/load.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32, int64 } from '../../../src/onnx/graph/tensor.ts';
import { simplify } from '../../../src/onnx/passes/simplify.ts';
import { node, openModel, smallModel, temporaryFolder } from '../smallFile.ts';

const folder = temporaryFolder();

const sizes = [
  [1, 40],
  [3, 7],
] as const;

const count = ({ model }: ModelFile, opType: string): number =>
  model.graph.nodes.filter((one) => one.opType === opType).length;

async function run(file: ModelFile, name: string): Promise<Float32Array[]> {
  await saveModel(file, join(folder, name));
  // Without its own optimizations, onnxruntime computes what the file says.
  const session = await ort.InferenceSession.create(join(folder, name), { graphOptimizationLevel: 'disabled' });
  const results: Float32Array[] = [];
  for (const [batch, samples] of sizes) {
    const data = Float32Array.from({ length: batch * samples }, (_, i) => Math.sin(i * i));
    const feed = { [session.inputNames[0]!]: new ort.Tensor('float32', data, [batch, samples]) };
    results.push((await session.run(feed))[session.outputNames[0]!]!.data as Float32Array);
  }
  await session.release();
  return results;
}

test('a model in which there is nothing to tidy stays what it is', async () => {
  const file = await loadModel('media/sample/model');
  expect(simplify(file)).toBe(file);
});

test('GELU has its 0.5 at last, which changes no bit', async () => {
  const file = await openModel(
    folder,
    smallModel({
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 'length'] }],
      initializers: { root: float32([Math.SQRT2], []), one: float32([1], []), half: float32([0.5], []) },
      nodes: [
        node('Div', ['x', 'root'], ['scaled']),
        node('Erf', ['scaled'], ['erf']),
        node('Add', ['erf', 'one'], ['sum']),
        node('Mul', ['half', 'sum'], ['gate']),
        node('Mul', ['x', 'gate'], ['y']),
      ],
    }),
  );
  const tidied = simplify(file);
  expect(tidied.model.graph.nodes.slice(-2).map(({ inputs }) => inputs)).toEqual([
    ['x', 'sum'],
    ['gate', 'half'],
  ]);
  expect(await run(tidied, 'last.onnx')).toEqual(await run(file, 'first.onnx'));
  expect(simplify(tidied)).toBe(tidied);
});

describe('attention', () => {
  /** Scores of [batch, frames, frames], a mask, a softmax, a guard and the product with the values. */
  const attention = (mask: Parameters<typeof node>[]) =>
    smallModel({
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 'length'] }],
      outputs: [{ name: 'y', type: 'float32', dims: undefined }],
      initializers: {
        column: int64([2]),
        row: int64([1]),
        zero: float32([0], []),
        first: int64([0], []),
        one: int64([1], []),
        low: float32([-Infinity], []),
      },
      nodes: [
        node('Unsqueeze', ['x', 'column'], ['q']),
        node('Unsqueeze', ['x', 'row'], ['k']),
        node('MatMul', ['q', 'k'], ['scores']),
        node('Shape', ['x'], ['frames'], { attributes: { start: int(1), end: int(2) } }),
        node('Squeeze', ['frames'], ['count']),
        node('Range', ['first', 'count', 'one'], ['places']),
        ...mask.map((parts) => node(...parts)),
        node('Add', ['scores', 'mask'], ['masked']),
        node('Softmax', ['masked'], ['soft']),
        node('IsNaN', ['soft'], ['nan']),
        node('Where', ['nan', 'zero', 'soft'], ['guarded']),
        node('MatMul', ['guarded', 'q'], ['y']),
      ],
    });

  test.each([
    ['places that are all there', [['GreaterOrEqual', ['places', 'first'], ['there']]], 0],
    ['places of which the first is not there', [['Greater', ['places', 'first'], ['there']]], 1],
    ['what the audio decides', [['Greater', ['k', 'zero'], ['there']]], 1],
  ] as const)('with a mask from %s', async (_, decide, guards) => {
    const where = ['Where', ['there', 'zero', 'low'], ['mask']] as const;
    const mask = [...decide, where].map(
      ([opType, inputs, outputs]) => [opType, [...inputs], [...outputs]] as [string, string[], string[]],
    );
    const file = await openModel(folder, attention(mask));
    const tidied = simplify(file);
    expect(count(tidied, 'IsNaN')).toBe(guards);
    expect(count(tidied, 'Add')).toBe(guards);
    expect(tidied === file).toBe(guards === 1);
    expect(await run(tidied, 'tidied.onnx')).toEqual(await run(file, 'whole.onnx'));
  });
});
