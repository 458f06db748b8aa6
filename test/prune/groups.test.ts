/** Groups in small networks of many kinds and in the sample model: what belongs together, and why the rest is left alone. */

import { join } from 'node:path';
import { expect, describe, test } from 'vitest';
import { ints } from '../../src/onnx/graph/graph.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
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
