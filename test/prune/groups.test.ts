/** Groups in small networks of many kinds and in the sample model: what belongs together, and why the rest is left alone. */

import { join } from 'node:path';
import { expect, describe, test } from 'vitest';
import { float, int, ints } from '../../src/onnx/graph/graph.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { chooseGates } from '../../src/prune/chooseGates.ts';
import type { Grouping } from '../../src/prune/groups.ts';
import { findGroups } from './findGroups.ts';
import { openModel, smallModel, temporaryFolder } from '../onnx/smallFile.ts';
import { groupedNets, Net, wholeNets, type Write } from './nets.ts';

const folder = temporaryFolder();

async function groupsOf(write: Write): Promise<Grouping & { readonly gated: readonly string[] }> {
  const net = new Net();
  const { model } = await openModel(folder, smallModel(net.graph(write(net))));
  return { ...findGroups(model, net.gated), gated: net.gated };
}

describe('networks with groups', () => {
  test.each(groupedNets)('$name', async ({ write, groups }) => {
    const { layers, notGated: left } = await groupsOf(write);
    const described = layers.map((layer) => {
      const matrices = layer.slices.filter(({ gated }) => gated).map(({ initializer }) => initializer.split('.')[0]);
      return `${layer.groups} ${layer.kind}: ${matrices.join(' ')}`;
    });
    expect(described).toEqual([groups]);
    expect(left).toEqual([]);
  });

  test('parts of a matrix that stand behind each other are told by where they start', async () => {
    const [heads, halves] = await Promise.all(
      ['one matrix for q, k and v', 'a gate from a Split'].map((name) =>
        groupsOf(groupedNets.find((net) => net.name === name)!.write),
      ),
    );
    expect(heads?.layers[0]?.slices.filter(({ initializer }) => initializer === 'qkv.weight')).toEqual(
      [0, 32, 64].map((start) => ({ initializer: 'qkv.weight', axis: 1, start, length: 8, gated: true })),
    );
    expect(halves?.layers[0]?.slices.filter(({ initializer }) => initializer === 'in.bias')).toEqual(
      [0, 24].map((start) => ({ initializer: 'in.bias', axis: 0, start, length: 1, gated: false })),
    );
  });
});

test('heads of the operator Attention', async () => {
  const { layers } = await groupsOf((net) => {
    const heads = ['q', 'k', 'v'].map((name) =>
      net.op('Transpose', [net.op('Reshape', [net.linear('x', name, 16, 32), net.ints([0, 0, 4, 8])])], {
        perm: ints([0, 2, 1, 3]),
      }),
    );
    const turned = net.op('Transpose', [net.op('Attention', heads)], { perm: ints([0, 2, 1, 3]) });
    return net.linear(net.op('Reshape', [turned, net.ints([0, 0, 32])]), 'out', 32, 16);
  });
  expect(layers.map(({ kind, groups, slices }) => [kind, groups, slices.length])).toEqual([['heads', 4, 7]]);
});

test('of channels that share a kernel those with more activations are grouped, though the others have more weights', async () => {
  const { layers, notGated } = await groupsOf((net) => {
    const turned = net.op('Transpose', ['x'], { perm: ints([0, 2, 1]) });
    const a = net.op('Conv', [turned, net.weight('a.weight', [24, 16, 1])]);
    const norm = net.op('InstanceNormalization', [a, net.weight('norm.weight', [24]), net.weight('norm.bias', [24])]);
    const b = net.op('Conv', [net.op('Relu', [norm]), net.weight('b.weight', [24, 24, 1])]);
    const c = net.op('Conv', [b, net.weight('c.weight', [16, 24, 3])], { pads: ints([1, 1]) });
    return net.op('Transpose', [c], { perm: ints([0, 2, 1]) });
  });
  // The normalization's scale goes with its channels as the bias does, so that both can be trained.
  const parts = layers.map(({ slices }) => slices.map(({ initializer, gated }) => [initializer, gated]));
  expect(parts).toEqual([
    [
      ['a.weight', true],
      ['norm.weight', false],
      ['norm.bias', false],
      ['b.weight', true],
    ],
  ]);
  expect(notGated.map(({ initializer }) => initializer)).toEqual(['c.weight']);
});

test('heads and units between operators of onnxruntime’s optimizer, of which two add one bias', async () => {
  const net = new Net();
  const fused = (opType: string, inputs: readonly string[], attributes = {}): string => {
    const [output] = net.ops(opType, inputs, 1, attributes);
    net.nodes.push({ ...net.nodes.pop()!, domain: 'com.microsoft' });
    return output!;
  };
  const split = (name: string): string =>
    net.op('Transpose', [net.op('Reshape', [net.linear('x', name, 16, 32), net.ints([0, 0, 4, 8])])], {
      perm: ints([0, 2, 1, 3]),
    });
  const [q, k, v] = ['q', 'k', 'v'].map(split) as [string, string, string];
  const scores = net.op('Softmax', [fused('FusedMatMul', [q, k], { transB: int(1), alpha: float(0.5) })]);
  const heads = net.op('Transpose', [net.op('MatMul', [scores, v])], { perm: ints([0, 2, 1, 3]) });
  const joined = net.op('MatMul', [
    net.op('Reshape', [heads, net.ints([0, 0, 32])]),
    net.weight('out.weight', [32, 16]),
  ]);
  const vectors = ['gamma', 'beta', 'out.bias'].map((name) => net.weight(name, [16]));
  let y = fused('SkipLayerNormalization', [joined, 'x', ...vectors]);
  const bias = net.store('shared.bias', float32(new Float32Array(24)));
  for (const name of ['a', 'b']) {
    const product = net.op('MatMul', [y, net.weight(`${name}.in.weight`, [16, 24])]);
    y = net.op('Add', [y, net.linear(fused('BiasGelu', [product, bias]), `${name}.out`, 24, 16)]);
  }
  const { file } = exposeParameters(await openModel(folder, smallModel(net.graph(y))));
  const { layers, notGated: left } = findGroups(file.model, net.gated);
  expect(layers.map(({ kind, groups, slices }) => [kind, groups, slices.length])).toEqual([
    ['heads', 4, 7],
    ['units', 24, 3],
    ['units', 24, 3],
  ]);
  expect(left).toEqual([]);
});

describe('networks without groups', () => {
  test.each(wholeNets)('$name', async ({ write, reason }) => {
    const { layers, notGated: left, gated } = await groupsOf(write);
    expect(layers).toEqual([]);
    expect(left.map(({ initializer }) => initializer)).toEqual(gated);
    expect(left[0]?.reason).toMatch(reason);
    for (const { reason: said } of left) expect(said).toMatch(/^[A-Z].*\.$/u);
  });
});

test('the heads and units of the sample model, under the names of its modules', async () => {
  const { file, parameters } = exposeParameters(await loadModel(join(import.meta.dirname, '../../media/sample/model')));
  const gated = chooseGates(parameters).flatMap((choice) => (choice.gated ? [choice.parameter] : []));
  const { layers, notGated: left } = findGroups(
    file.model,
    gated.map(({ initializer }) => initializer),
  );
  expect(left).toEqual([]);
  expect(layers.map(({ name, kind, groups }) => [name, kind, groups])).toEqual(
    [0, 1, 2, 3].flatMap((i) => [
      [`wav2vec2.encoder.layers.${i}.attention`, 'heads', 4],
      [`wav2vec2.encoder.layers.${i}.feed_forward`, 'units', 384],
    ]),
  );
  const names = new Map(parameters.map(({ initializer, name }) => [initializer, name.split('.').slice(-2).join('.')]));
  const described = layers
    .slice(0, 2)
    .map(({ slices }) => slices.map((slice) => `${names.get(slice.initializer)} ${slice.axis} ${slice.length}`));
  expect(described).toEqual([
    [
      ...['q_proj.weight 1 24', 'q_proj.bias 0 24', 'k_proj.weight 1 24', 'k_proj.bias 0 24'],
      ...['v_proj.weight 1 24', 'v_proj.bias 0 24', 'out_proj.weight 0 24'],
    ],
    ['intermediate_dense.weight 1 1', 'intermediate_dense.bias 0 1', 'output_dense.weight 0 1'],
  ]);
});
