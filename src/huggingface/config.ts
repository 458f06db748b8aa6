/** What config.json says of a model. It is checked here, field by field; defaults are those of transformers' configuration classes. */

import * as v from 'valibot';
import { number, object, text } from '../speech/text/json.ts';
import { activations } from './blocks/activation.ts';

const wholeNumber = 'must be a whole number above 0';

/** More than any model has: it bounds what a hostile file can ask for. */
const most = 1 << 20;
const counting = v.pipe(
  v.number(wholeNumber),
  v.integer(wholeNumber),
  v.minValue(1, wholeNumber),
  v.maxValue(most, wholeNumber),
);
const sizes = v.pipe(
  v.array(counting, 'must be a list of whole numbers'),
  v.minLength(1, 'must not be empty'),
  v.maxLength(64, 'is too long'),
);

export const size = (otherwise: number) => v.nullish(counting, otherwise);
export const sizeOrNone = v.nullish(counting, null);
export const flag = (otherwise: boolean) => v.nullish(v.boolean('must be true or false'), otherwise);
export const choice = <const T extends string>(choices: readonly [T, ...T[]], otherwise: T) =>
  v.nullish(v.picklist(choices, `must be one of ${choices.join(', ')}`), otherwise);
/** null, where the file says so, is none of them. */
export const choiceOrNone = <const T extends string>(choices: readonly [T, ...T[]], otherwise: T) =>
  v.optional(v.nullable(v.picklist(choices, `must be one of ${choices.join(', ')}, or null`)), otherwise);
const epsilon = v.nullish(v.pipe(number, v.minValue(0, 'must not be negative')), 1e-5);
export const list = (otherwise: number[]) => v.nullish(sizes, otherwise);

/** What tells the family. */
export const identity = object({
  model_type: text,
  architectures: v.nullish(v.array(text, 'must be a list of names'), []),
});

/** For feature encoders that have no other norm, whatever the file says. */
export const layerNormOnly = v.nullish(
  v.pipe(
    v.unknown(),
    v.transform((): 'group' | 'layer' => 'layer'),
  ),
  'layer',
);

export const featureEncoderConfig = {
  feat_extract_norm: choice(['group', 'layer'], 'group'),
  feat_extract_activation: choice(activations, 'gelu'),
  conv_dim: list([512, 512, 512, 512, 512, 512, 512]),
  conv_stride: list([5, 2, 2, 2, 2, 2, 2]),
  conv_kernel: list([10, 3, 3, 3, 3, 2, 2]),
  conv_bias: flag(false),
};

export const commonConfig = {
  ...featureEncoderConfig,
  vocab_size: size(32),
  hidden_size: size(768),
  num_hidden_layers: size(12),
  num_attention_heads: size(12),
  intermediate_size: size(3072),
  hidden_act: choice(activations, 'gelu'),
  layer_norm_eps: epsilon,
  /** Of the normal distribution that new weights are drawn from. */
  initializer_range: v.nullish(v.pipe(number, v.minValue(0, 'must not be negative')), 0.02),
};

export const positionalConfig = {
  num_conv_pos_embeddings: size(128),
  num_conv_pos_embedding_groups: size(16),
};

export const adapterConfig = {
  add_adapter: flag(false),
  output_hidden_size: sizeOrNone,
  num_adapter_layers: size(3),
  adapter_kernel_size: size(3),
  adapter_stride: size(2),
};

type Parsed<E extends v.ObjectEntries> = Readonly<v.InferOutput<v.ObjectSchema<E, undefined>>>;
export type FeatureEncoderConfig = Parsed<typeof featureEncoderConfig>;
export type CommonConfig = Parsed<typeof commonConfig>;

/** A family's own fields with those of all. */
export const configOf = <const E extends v.ObjectEntries>(entries: E) => object({ ...commonConfig, ...entries });

/** What is wrong between the fields of a configuration; undefined if they fit together. */
export function commonMisfit({ conv_dim, conv_kernel, conv_stride, ...config }: CommonConfig): string | undefined {
  if (conv_kernel.length !== conv_dim.length || conv_stride.length !== conv_dim.length) {
    return '"conv_dim", "conv_kernel" and "conv_stride" must have as many numbers each';
  }
  return config.hidden_size % config.num_attention_heads === 0
    ? undefined
    : '"hidden_size" must be a multiple of "num_attention_heads"';
}
