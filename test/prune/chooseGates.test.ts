/** Which layers are gated by default, and how settings change it. */

import { describe, expect, test } from 'vitest';
import type { Parameter } from '../../src/onnx/model/parameters.ts';
import { chooseGates, defaultGateRules } from '../../src/prune/chooseGates.ts';
import { layerPattern } from '../../src/prune/layerPattern.ts';

const parameter = (layer: string, opType: string, dims: number[], role: Parameter['role'] = 'weight'): Parameter => {
  const name = layer === 'lm_head' ? `lm_head.${role}` : `wav2vec2.${layer}.${role}`;
  return { initializer: name, name, layer, role, opType, transposed: opType === 'MatMul', dims };
};

const block = 'encoder.layers.0';
const model = [
  parameter('feature_extractor.conv_layers.0.conv', 'Conv', [512, 1, 10]),
  parameter('feature_extractor.conv_layers.0.layer_norm', 'Mul', [512, 1]),
  parameter('feature_projection.projection', 'MatMul', [512, 768]),
  parameter('encoder.pos_conv_embed.conv', 'Conv', [768, 48, 128]),
  parameter(`${block}.attention.q_proj`, 'MatMul', [768, 768]),
  parameter(`${block}.attention.q_proj`, 'Add', [768], 'bias'),
  parameter(`${block}.attention.gru_rel_pos_linear`, 'MatMul', [64, 8]),
  parameter(`${block}.feed_forward.intermediate_dense`, 'Gemm', [3072, 768]),
  parameter(`${block}.layer_norm`, 'LayerNormalization', [768]),
  parameter('lm_head', 'MatMul', [768, 32]),
];

const gated = (rules = defaultGateRules): string[] =>
  chooseGates(model, rules).flatMap((choice) => (choice.gated ? [choice.parameter.layer] : []));

describe('chooseGates', () => {
  test('by default the linear layers of the transformer blocks', () =>
    expect(gated()).toEqual([`${block}.attention.q_proj`, `${block}.feed_forward.intermediate_dense`]));

  test('says of everything else why not', () =>
    expect(
      chooseGates(model)
        .filter((choice) => !choice.gated)
        .map(({ reason }) => reason),
    ).toEqual([
      'Conv, not a linear layer',
      'vector',
      'outside the transformer blocks',
      'Conv, not a linear layer',
      'bias',
      'a side shorter than 16',
      'vector',
      'ignored: re:.*lm_head',
    ]));

  test('with encoderChannels the convolutions of the feature encoder, too', () =>
    expect(gated({ ...defaultGateRules, encoderChannels: true })).toEqual([
      'feature_extractor.conv_layers.0.conv',
      `${block}.attention.q_proj`,
      `${block}.feed_forward.intermediate_dense`,
    ]));

  test('include names exactly the layers to gate, convolutions too', () =>
    expect(gated({ include: ['encoder.pos_conv_embed', 're:.*intermediate'], ignore: [] })).toEqual([
      'encoder.pos_conv_embed.conv',
      `${block}.feed_forward.intermediate_dense`,
    ]));

  test('ignore wins over include', () =>
    expect(gated({ include: [block], ignore: ['re:.*attention'] })).toEqual([
      `${block}.feed_forward.intermediate_dense`,
    ]));

  test('an include that fits nothing is a mistake', () =>
    expect(() => gated({ include: ['encoder.layers.12'], ignore: [] })).toThrow(
      /"encoder\.layers\.12".*pinch inspect/u,
    ));

  test('an ignore that fits nothing is none', () =>
    expect(gated({ include: [], ignore: ['nothing'] })).toHaveLength(2));
});

describe('layerPattern', () => {
  const name = 'hubert.encoder.layers.1.attention.weight';
  test.each([
    ['encoder.layers.1', true],
    ['layers.1', true],
    ['hubert', true],
    ['encoder.layer', false],
    ['layers.1.att', false],
    ['re:.*layers', true],
    ['re:layers\\.[01]\\.', true],
    ['re:^encoder', false],
  ])('%s', (pattern, fits) => expect(layerPattern(pattern)(name)).toBe(fits));

  test('a broken expression is named', () => expect(() => layerPattern('re:(')).toThrow(/"re:\("/u));
});
