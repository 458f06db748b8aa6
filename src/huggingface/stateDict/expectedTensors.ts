/** The state dict that transformers expects of a configuration: which tensors, in which shapes. */

import * as v from 'valibot';
import { buildGraph } from '../buildGraph.ts';
import { rotaryFrequencies } from '../blocks/relativePositions.ts';
import { positionalConfig } from '../config.ts';
import type { ConfiguredModel, Family } from '../families/family.ts';
import type { WeightStore } from '../weights.ts';

export interface ExpectedTensor {
  readonly dims: readonly number[];
  /** Whether the graph has it; the others are there for training, for nothing, or are computed in the graph. */
  readonly isRead: boolean;
  /** The value of one that the graph does not have; zeros by default. */
  readonly value?: (() => Float32Array<ArrayBuffer>) | undefined;
}

/** By name, in the order in which the graph uses them. @param stated config.json as it stands in the file. */
export function expectedTensors(
  family: Family,
  model: ConfiguredModel,
  stated: Readonly<Record<string, unknown>>,
): Map<string, ExpectedTensor> {
  const shapes = new Shapes();
  // The graph itself is not kept: writing it once more is how the names of one family stand in one place.
  buildGraph(family, model, shapes, false);
  const read = Array.from(shapes.dims, ([name, dims]): [string, ExpectedTensor] => [name, { dims, isRead: true }]);
  const expected = new Map(read);
  for (const [name, dims, value] of unread(family, model, stated, [...shapes.dims.keys()])) {
    expected.set(name, { dims, isRead: false, value });
  }
  return expected;
}

/** Writes down what the modules ask for. */
class Shapes implements WeightStore {
  readonly dims = new Map<string, readonly number[]>();

  store(name: string, dims: readonly number[]): string {
    this.dims.set(name, dims);
    return name;
  }

  storeTransposed(name: string, dims: readonly number[]): string {
    return this.store(name, dims);
  }
}

const trainingConfig = v.object({
  mask_time_prob: v.optional(v.number(), 0.05),
  mask_feature_prob: v.optional(v.number(), 0),
});

const rotaryConfig = v.object({
  position_embeddings_type: v.nullish(v.string()),
  rotary_embedding_base: v.optional(v.number(), 10_000),
});

function* unread(
  { base, modelType }: Family,
  { config }: ConfiguredModel,
  stated: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Generator<readonly [name: string, dims: readonly number[], value?: () => Float32Array<ArrayBuffer>]> {
  const { mask_time_prob, mask_feature_prob } = v.parse(trainingConfig, stated);
  // What stands in for hidden frames in training; UniSpeech-SAT always has it.
  if (mask_time_prob > 0 || mask_feature_prob > 0 || modelType === 'unispeech-sat')
    yield [`${base}.masked_spec_embed`, [config.hidden_size]];
  for (const name of names) {
    if (name.endsWith('.running_var')) yield [name.replace(/running_var$/u, batchCount), []];
  }
  if (modelType === 'wav2vec2-conformer') {
    const { position_embeddings_type: kind, rotary_embedding_base: wavelength } = v.parse(rotaryConfig, stated);
    const half = config.hidden_size / config.num_attention_heads / 2;
    const frequencies = (): Float32Array<ArrayBuffer> => rotaryFrequencies(2 * half, wavelength);
    if (kind === 'rotary') yield [`${base}.encoder.embed_positions.inv_freq`, [half], frequencies];
    // Its encoder makes a positional convolution, as that of wav2vec 2.0, and never calls it.
    const positions = v.parse(v.object(positionalConfig), stated);
    const [channels, kernel] = [config.hidden_size, positions.num_conv_pos_embeddings];
    const module = `${base}.encoder.pos_conv_embed.conv`;
    yield [`${module}.bias`, [channels]];
    yield [`${module}.parametrizations.weight.original0`, [1, 1, kernel]];
    yield [
      `${module}.parametrizations.weight.original1`,
      [channels, channels / positions.num_conv_pos_embedding_groups, kernel],
    ];
  }
}

/** Of a batch normalization: how many batches its statistics are of. */
export const batchCount = 'num_batches_tracked';
