/** Rows and columns that names of layers lead to, for the architectures people bring and for names that follow no rule. */

import { describe, expect, test } from 'vitest';
import { gridLayout, type GridGroup } from '../../../../webview/ui/layers/gridLayout.ts';

const blocks = (list: string, count: number, kinds: readonly string[]): string[] =>
  Array.from({ length: count }, (_, block) => kinds.map((kind) => `${list}.${block}.${kind}`)).flat();

const wav2vec2 = [
  'attention.k_proj',
  'attention.v_proj',
  'attention.q_proj',
  'attention.out_proj',
  'feed_forward.intermediate_dense',
  'feed_forward.output_dense',
];

const labels = ({ columns }: GridGroup): string[] => columns.map(({ label }) => label);
const rowLabels = ({ rows }: GridGroup): string[] => rows.map(({ label }) => label);

/** Every layer has exactly one cell, whatever its name. */
function expectAllOnce(names: readonly string[]): void {
  const cells = gridLayout(names).flatMap(({ rows }) => rows.flatMap((row) => row.cells));
  const layers = cells.filter((layer) => layer !== undefined).sort((a, b) => a - b);
  expect(layers).toEqual(names.map((_, index) => index));
}

describe('columns and rows', () => {
  test('wav2vec2 and HuBERT: q k v out of attention, in and out of the feed-forward part', () => {
    const names = blocks('encoder.layers', 12, wav2vec2);
    const [group, ...others] = gridLayout(names);
    expect(others).toEqual([]);
    expect(group!.title).toBe('encoder.layers');
    expect(labels(group!)).toEqual(['q', 'k', 'v', 'out', 'in', 'out']);
    expect(group!.parts).toEqual([
      { title: 'attention', span: 4 },
      { title: 'feed_forward', span: 2 },
    ]);
    expect(rowLabels(group!)).toEqual(Array.from({ length: 12 }, (_, block) => String(block)));
    expect(names[group!.rows[3]!.cells[0]!]).toBe('encoder.layers.3.attention.q_proj');
    expect(names[group!.rows[11]!.cells[5]!]).toBe('encoder.layers.11.feed_forward.output_dense');
  });

  test('Conformer: convolutions have a part of their own', () => {
    const [group] = gridLayout(
      blocks('encoder.layers', 2, [
        'feed_forward1.linear1',
        'feed_forward1.linear2',
        'self_attn.linear_q',
        'self_attn.linear_k',
        'self_attn.linear_v',
        'self_attn.linear_out',
        'self_attn.linear_pos',
        'conv_module.pointwise_conv1',
        'conv_module.depthwise_conv',
        'conv_module.pointwise_conv2',
      ]),
    );
    expect(labels(group!)).toEqual(['lin1', 'lin2', 'q', 'k', 'v', 'out', 'pos', 'pw1', 'dw', 'pw2']);
    expect(group!.parts.map(({ title, span }) => [title, span])).toEqual([
      ['feed_forward1', 2],
      ['self_attn', 5],
      ['conv_module', 3],
    ]);
  });

  test('stages of blocks: both numbers make the row', () => {
    const names = [0, 1].flatMap((stage) => blocks(`stages.${stage}.blocks`, 2, ['attn.qkv', 'mlp.fc1', 'mlp.fc2']));
    const [group] = gridLayout(names);
    expect(group!.title).toBe('stages.blocks');
    expect(rowLabels(group!)).toEqual(['0.0', '0.1', '1.0', '1.1']);
    expect(labels(group!)).toEqual(['qkv', 'fc1', 'fc2']);
  });

  test('a number inside a block that only tells layers apart makes columns', () => {
    const [group] = gridLayout(blocks('encoder.layers', 3, ['self_attn.q_proj', 'ffn.0', 'ffn.3']));
    expect(rowLabels(group!)).toEqual(['0', '1', '2']);
    expect(group!.columns.map(({ kind }) => kind)).toEqual(['self_attn.q_proj', 'ffn.0', 'ffn.3']);
  });

  test('BERT-like names whose last word says nothing', () => {
    const kinds = [
      'attention.self.query',
      'attention.self.key',
      'attention.output.dense',
      'intermediate.dense',
      'output.dense',
    ];
    const [group] = gridLayout(blocks('encoder.layer', 2, kinds));
    expect(labels(group!)).toEqual(['q', 'k', 'out', 'in', 'out']);
  });

  test('encoder and decoder are groups with columns of their own', () => {
    const groups = gridLayout([
      ...blocks('encoder.layers', 2, ['self_attn.q_proj', 'fc1']),
      ...blocks('decoder.layers', 3, ['self_attn.q_proj', 'encoder_attn.q_proj', 'fc1']),
    ]);
    expect(groups.map(({ title, rows, columns }) => [title, rows.length, columns.length])).toEqual([
      ['encoder.layers', 2, 2],
      ['decoder.layers', 3, 3],
    ]);
  });

  test('layers in no block stand by name in a last group', () => {
    const groups = gridLayout([...blocks('encoder.layers', 1, wav2vec2), 'lm_head', 'feature_projection.projection']);
    expect(groups.map(({ title }) => title)).toEqual(['encoder.layers', '']);
    expect(rowLabels(groups[1]!)).toEqual(['lm_head', 'feature_projection.projection']);
  });

  test('numbers at the ends of words, where there are no others', () => {
    const [group] = gridLayout(['block_0.q', 'block_0.k', 'block_1.q', 'block_1.k']);
    expect([group!.title, rowLabels(group!), labels(group!)]).toEqual(['block', ['0', '1'], ['q', 'k']]);
  });

  test('blocks are in the order of their numbers, not of their names', () => {
    const names = ['layers.10.q', 'layers.2.q', 'layers.1.q'];
    expect(rowLabels(gridLayout(names)[0]!)).toEqual(['1', '2', '10']);
  });

  test('a block without one of the layers has a hole', () => {
    const [group] = gridLayout(['layers.0.q', 'layers.0.k', 'layers.1.k']);
    expect(group!.rows[1]!.cells).toEqual([undefined, 2]);
  });

  test('two kinds that would be called the same are told apart', () => {
    const [group] = gridLayout(blocks('layers', 2, ['mix.linear_q', 'mix.q_proj']));
    expect(new Set(labels(group!)).size).toBe(2);
  });
});

describe('every layer has one cell', () => {
  test.each([
    ['48 blocks', blocks('encoder.layers', 48, wav2vec2)],
    ['names that are the same', ['layers.0.q', 'layers.0.q', 'x', 'x']],
    ['numbers only', ['0', '1', '0.1', '1.1.1']],
    ['a list of one kind', blocks('feature_extractor.conv_layers', 7, ['conv'])],
    ['no name at all', ['', '.', '...']],
    ['onnx paths', ['/encoder/layers.0/q/MatMul', '/encoder/layers.1/q/MatMul']],
    ['a number too long to count', ['layers.99999999999999999999.q', 'layers.1.q']],
    ['words of prototypes', ['constructor', '__proto__.0.toString', 'hasOwnProperty.1.x']],
    ['nothing', []],
  ])('%s', (_, names) => expectAllOnce(names));
});
