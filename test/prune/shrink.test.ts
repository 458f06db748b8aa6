/** Shrunk networks beside the same networks with zeros, in onnxruntime: the same numbers for any batch and length. */

import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { loadModel, type ModelFile } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { chooseGates } from '../../src/prune/chooseGates.ts';
import { livingGroups } from '../../src/prune/shrink/livingGroups.ts';
import { shrinkModel } from '../../src/prune/shrink.ts';
import { openModel, smallModel, temporaryFolder } from '../onnx/smallFile.ts';
import { maskedFile, masksFor, modelBytes, type Kind } from './masks.ts';
import { groupedNets, Net } from './nets.ts';

const folder = temporaryFolder();
const sizes = [
  [1, 5],
  [3, 7],
] as const;

async function outputs(file: ModelFile, inputs: readonly ort.Tensor[]): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(modelBytes(file), { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const results: Float32Array[] = [];
  for (const input of inputs) {
    const result = await session.run({ [session.inputNames[0] ?? '']: input });
    results.push(result[session.outputNames[0] ?? '']?.data as Float32Array);
  }
  await session.release();
  return results;
}

function noise(dims: readonly number[]): ort.Tensor {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * i + 1));
  return new ort.Tensor('float32', data, dims);
}

function distance(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length));
  const differences = a.flatMap((row, i) => Array.from(row, (value, j) => Math.abs(value - (b[i]?.[j] ?? Number.NaN))));
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}

describe.each(groupedNets)('$name', ({ write, removable }) => {
  test.each<Kind>(['all', 'some', 'one', 'none'])('computes the same when it keeps %s of its groups', async (kind) => {
    const net = new Net();
    const file = await openModel(folder, smallModel(net.graph(write(net))));
    const gated = new Set(net.gated);
    const keep = masksFor(file.model, gated, kind, 3);
    const masked = maskedFile(file, gated, keep);
    const shrunk = shrinkModel(file, gated, keep);
    const [layer] = shrunk.layers;
    const held = kind === 'none' && !removable;
    const living = [...(keep.values().next().value ?? [])].filter((kept) => kept === 1).length;
    expect(layer).toMatchObject({ held, kept: held ? 1 : living });
    expect(checkModel(shrunk.file.model)).toEqual([]);
    const inputs = sizes.map(([batch, time]) => noise([batch, time, 16]));
    expect(distance(await outputs(shrunk.file, inputs), await outputs(masked, inputs))).toBeLessThan(1e-6);
    // The zeros alone tell the same masks.
    expect([...livingGroups(masked.model, gated)]).toEqual([...keep]);
  });
});

test('what goes out: weights, biases, and a layer with its operators', async () => {
  const net = new Net();
  const write = groupedNets[0]!.write;
  const file = await openModel(folder, smallModel(net.graph(write(net))));
  const gated = new Set(net.gated);
  const name = [...livingGroups(file.model, gated).keys()][0]!;
  const keep = Uint8Array.from({ length: 24 }, (_, i) => (i === 2 || i === 23 ? 1 : 0));
  const shrunk = shrinkModel(file, gated, new Map([[name, keep]]));
  const stored = shrunk.file.model.graph.initializers;
  const columns = (tensor: string, width: number, at: readonly number[]): number[] =>
    Array.from(net.initializers[tensor]!.data, Number).filter((_, i) => at.includes(i % width));
  expect(stored.get('in.weight')).toMatchObject({ dims: [16, 2] });
  expect(Array.from(stored.get('in.weight')!.data, Number)).toEqual(columns('in.weight', 24, [2, 23]));
  expect(Array.from(stored.get('in.bias')!.data, Number)).toEqual(columns('in.bias', 24, [2, 23]));
  expect(stored.get('out.weight')?.dims).toEqual([2, 16]);
  expect([...shrunk.cuts.keys()]).toEqual(['in.weight', 'in.bias', 'out.weight']);
  expect(shrunk.layers).toEqual([{ name, kind: 'units', groups: 24, kept: 2, held: false }]);

  const gone = shrinkModel(file, gated, new Map([[name, new Uint8Array(24)]]));
  expect(gone.file.model.graph.nodes.map(({ opType }) => opType)).toEqual(['Add', 'LayerNormalization', 'Identity']);
  expect(gone.file.model.graph.nodes[0]?.inputs).toEqual(['x', 'out.bias']);
  expect(gone.removed).toEqual(
    new Set(['in.weight', 'in.bias', 'scalar_1.4142135', 'scalar_1', 'scalar_0.5', 'out.weight']),
  );
});

test('nothing changes where all groups live', async () => {
  const net = new Net();
  const file = await openModel(folder, smallModel(net.graph(groupedNets[0]!.write(net))));
  expect(shrinkModel(file, new Set(net.gated), new Map()).file).toBe(file);
});

test('a mask of the wrong length is refused', async () => {
  const net = new Net();
  const file = await openModel(folder, smallModel(net.graph(groupedNets[0]!.write(net))));
  const gated = new Set(net.gated);
  const name = [...livingGroups(file.model, gated).keys()][0]!;
  expect(() => shrinkModel(file, gated, new Map([[name, new Uint8Array(3)]]))).toThrow(
    `the mask of "${name}" is for 3 groups, but it has 24`,
  );
});

test('the shrunk sample model computes what the whole one computes with the removed groups at zero', async () => {
  const sample = await loadModel(join(import.meta.dirname, '../../media/sample/model'));
  const { file, parameters } = exposeParameters(sample);
  const gated = new Set(
    chooseGates(parameters).flatMap((choice) => (choice.gated ? [choice.parameter.initializer] : [])),
  );
  const keep = masksFor(file.model, gated, 'mixed', 5);
  const shrunk = shrinkModel(file, gated, keep);
  expect(checkModel(shrunk.file.model)).toEqual([]);
  const inputs = [noise([1, 4000]), noise([2, 6007])];
  const masked = maskedFile(file, gated, keep);
  expect(distance(await outputs(shrunk.file, inputs), await outputs(masked, inputs))).toBeLessThan(1e-4);
});
