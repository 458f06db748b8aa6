/** SEW (transformers' modeling_sew): the transformer works on fewer frames than the feature encoder makes. */

import { int, ints } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type * as v from 'valibot';
import { activation } from '../blocks/activation.ts';
import { attention } from '../blocks/attention.ts';
import { attentionBias, maskOfLengths, sizeOfAxis, withoutPadding, type FrameMask } from '../blocks/attentionMask.ts';
import { weightNormConvolution } from '../blocks/convolution.ts';
import { encoderLayer } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { layerNorm, linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { positionalShape } from '../blocks/positionalConvolution.ts';
import { configOf, list, positionalConfig, size } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...positionalConfig,
  squeeze_factor: size(2),
  conv_dim: list([64, 128, 128, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512]),
  conv_stride: list([5, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]),
  conv_kernel: list([10, 3, 1, 3, 1, 3, 1, 3, 1, 2, 1, 2, 1]),
});
type Config = v.InferOutput<typeof config>;

/** @param hiddenStates [batch, channels, frames] @returns [batch, channels, squeezed frames], or one frame more */
function sewPositionalConvEmbedding(m: Module, hiddenStates: ValueName, config: Config): ValueName {
  const shape = { ...positionalShape(config), stride: config.squeeze_factor };
  // The last frame is cut off behind the strides here, so less padding is not the same.
  const half = Math.floor(config.num_conv_pos_embeddings / 2);
  const convolved = weightNormConvolution(m.child('conv'), hiddenStates, { ...shape, pads: [half, half] });
  const even = config.num_conv_pos_embeddings % 2 === 0;
  const cut = even
    ? m.child('padding').op('Slice', [convolved, m.b.ints([0]), m.b.ints([-1]), m.b.ints([2])])
    : convolved;
  return activation(m.child('activation'), cut, config.feat_extract_activation);
}

/** The channels of a frame become those of several. */
function sewUpsampling(m: Module, hiddenStates: ValueName, config: Config): ValueName {
  const { hidden_size: channels, squeeze_factor: factor } = config;
  const projected = linear(m.child('projection'), hiddenStates, channels, channels * factor);
  const active = activation(m.child('activation'), projected, config.feat_extract_activation);
  return m.op('Reshape', [active, m.b.ints([0, -1, channels])]);
}

/** @param hiddenStates [batch, frames, hidden_size] @returns the same shape */
function sewEncoder(m: Module, hiddenStates: ValueName, config: Config, mask: FrameMask | undefined): ValueName {
  const { squeeze_factor: factor } = config;
  const frames = sizeOfAxis(m, hiddenStates, 1);
  const turned = m.turn(withoutPadding(m, hiddenStates, mask));
  const positions = sewPositionalConvEmbedding(m.child('pos_conv_embed'), turned, config);
  const pooled = m.child('pool').op('AveragePool', [turned], { kernel_shape: ints([factor]), strides: ints([factor]) });
  // There is a position for every pooled frame, and one more where the frames do not come out even.
  const end = m.op('Unsqueeze', [sizeOfAxis(m, pooled, 2), m.b.ints([0])]);
  const paired = m.op('Slice', [positions, m.b.ints([0]), end, m.b.ints([2])]);
  let states = m.turn(m.op('Add', [pooled, paired]));
  const bias = attentionBias(m, mask && squeezed(m, mask, states, factor));
  states = layerNorm(m.child('layer_norm'), states, config.hidden_size, config.layer_norm_eps);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    states = encoderLayer(m.at('layers', i), states, config, (part, x) => attention(part, x, config, bias));
  }
  states = sewUpsampling(m.child('upsample'), states, config);
  // Frames that pooling has left out come back as zeros.
  const lacking = m.op('Sub', [frames, sizeOfAxis(m, states, 1)]);
  const after = m.op('Unsqueeze', [lacking, m.b.ints([0])]);
  const pads = m.op('Concat', [m.b.ints([0, 0, 0, 0]), after, m.b.ints([0])], { axis: int(0) });
  return m.op('Pad', [states, pads]);
}

/** A pooled frame is audio where any of its frames is; those left out at the end are none. */
function squeezed(m: Module, { lengths }: FrameMask, pooled: ValueName, factor: number): FrameMask {
  const ceiled = m.op('Div', [m.op('Add', [lengths, m.b.int(factor - 1)]), m.b.int(factor)]);
  return maskOfLengths(m, ceiled, pooled);
}

function sewModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const channels = config.conv_dim.at(-1) ?? 1;
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const normalized = layerNorm(m.child('layer_norm'), extractFeatures, channels, config.layer_norm_eps);
  const hiddenStates =
    channels === config.hidden_size
      ? normalized
      : linear(m.child('feature_projection'), normalized, channels, config.hidden_size);
  const mask = maskOf(m, inputs, hiddenStates, config);
  return sewEncoder(m.child('encoder'), hiddenStates, config, mask);
}

function sewForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = sewModel(m.child('sew'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, config.hidden_size, config.vocab_size);
}

export const sew = family({
  modelType: 'sew',
  forCTC: 'SEWForCTC',
  pretrained: ['SEWModel'],
  base: 'sew',
  config,
  logits: sewForCTC,
});
