/** The start table: a line for each kind of layer, whatever the architecture calls its layers. */

import { expect, test } from 'vitest';
import { kindTable, layerTable, type ListedLayer } from '../../src/state/layerKinds.ts';

const layer = (name: string, ...shape: number[]): ListedLayer => ({
  name,
  shape,
  parameters: shape.reduce((product, side) => product * side, 1),
  reason: 'linear layer of a transformer block',
});
const lines = (table: string): string[] => table.trimEnd().split('\n').slice(1);

test('24 blocks of the same layers are a line for each layer', () => {
  const layers = Array.from({ length: 24 }, (_, i) => [
    layer(`encoder.layers.${i}.attention.q_proj`, 1024, 1024),
    layer(`encoder.layers.${i}.feed_forward.intermediate_dense`, 1024, 4096),
  ]).flat();
  const table = lines(kindTable(layers, []));
  expect(table).toHaveLength(2);
  expect(table[0]).toMatch(/^encoder\.layers\.\*\.attention\.q_proj +24 +1,024 × 1,024 +25,165,824 {2}linear layer/u);
  expect(table[1]).toMatch(/^encoder\.layers\.\*\.feed_forward\.intermediate_dense +24 +1,024 × 4,096 +100,663,296/u);
  expect(lines(layerTable(layers, []))).toHaveLength(48);
});

test('a number that all share stays, one that differs does not', () => {
  const layers = [0, 1].flatMap((block) => [1, 2].map((ffn) => layer(`blocks.${block}.ffn${ffn}.w_1`, 64, 256)));
  expect(lines(kindTable(layers, []))[0]).toMatch(/^blocks\.\*\.ffn1\.w_1 +2 /u);
  expect(lines(kindTable(layers, []))[1]).toMatch(/^blocks\.\*\.ffn2\.w_1 +2 /u);
  expect(lines(kindTable([layer('layer_0.fc', 64, 64), layer('layer_1.fc', 64, 64)], []))).toHaveLength(1);
  expect(lines(kindTable(layers.slice(0, 1), []))[0]).toMatch(/^blocks\.0\.ffn1\.w_1 +1 /u);
  expect(lines(kindTable([layers[0]!, layers[2]!], []))[0]).toMatch(/^blocks\.\*\.ffn1\.w_1 +2 /u);
});

test('layers of one name pattern but of other shapes or reasons are other kinds', () => {
  const layers = [
    layer('h.0.fc', 64, 64),
    layer('h.1.fc', 64, 128),
    { ...layer('h.2.fc', 64, 64), reason: 'included' },
  ];
  expect(lines(kindTable(layers, [['not gated', '3', '', '12', 'bias']]))).toHaveLength(4);
});
