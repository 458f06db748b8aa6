/** Reads what stands beside an exported model: how it hears (sample rate, normalisation) and how it writes (vocabulary). */

import { join } from 'node:path';
import { JsonObject, ProcessorError, readJson } from './json.ts';
import { readVocabulary } from './tokenizer.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface Processor {
  readonly vocabulary: Vocabulary;
  /** Samples a second. */
  readonly sampleRate: number;
  /** Zero mean and unit variance per utterance, before padding (`do_normalize`). */
  readonly normalise: boolean;
  readonly paddingValue: number;
  /** Whether padded batches come with an attention mask (`return_attention_mask`); group-norm models are trained without. */
  readonly attentionMask: boolean;
  /** The convolutions that turn samples into frames, where config.json lists them. */
  readonly convolutions: readonly Convolution[] | undefined;
  /** `model_type`, such as wav2vec2 or hubert. */
  readonly modelType: string | undefined;
}

export interface Convolution {
  readonly kernel: number;
  readonly stride: number;
}

/** The files beside a model that a checkpoint of it needs, too. */
export const processorFiles = [
  'config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'vocab.json',
  'tokenizer_config.json',
  'tokenizer.json',
  'special_tokens_map.json',
  'added_tokens.json',
] as const;

/**
 * The processor in a model's folder, from the files that Hugging Face writes. Without `preprocessor_config.json` it is 16 kHz,
 * normalised, as wav2vec2's own defaults are.
 * @throws ProcessorError naming the file that is missing or wrong.
 */
export async function readProcessor(folder: string): Promise<Processor> {
  const config = (await readJson(join(folder, 'config.json'))) ?? new JsonObject(join(folder, 'config.json'), {});
  const hearing = await readFeatureExtractor(folder);
  const sampleRate = hearing.count('sampling_rate') ?? 16_000;
  if (sampleRate === 0) throw new ProcessorError(`${hearing.file}: "sampling_rate" must not be 0`);
  const featureSize = hearing.count('feature_size') ?? 1;
  if (featureSize !== 1) {
    throw new ProcessorError(
      `${hearing.file}: this model takes ${featureSize} features a frame; Pinch trains models that take samples ("feature_size": 1)`,
    );
  }
  return {
    vocabulary: await readVocabulary(folder, config),
    sampleRate,
    normalise: hearing.boolean('do_normalize') ?? true,
    paddingValue: hearing.number('padding_value') ?? 0,
    attentionMask: hearing.boolean('return_attention_mask') ?? false,
    convolutions: readConvolutions(config),
    modelType: config.string('model_type'),
  };
}

/** Frames that a stack of unpadded convolutions makes of `samples` samples: 0 if they are too few. */
export function framesOf(samples: number, convolutions: readonly Convolution[]): number {
  const frames = convolutions.reduce(
    (length, { kernel, stride }) => (length < kernel ? 0 : Math.floor((length - kernel) / stride) + 1),
    samples,
  );
  return frames;
}

/** Newer versions of transformers keep it inside `processor_config.json`. */
async function readFeatureExtractor(folder: string): Promise<JsonObject> {
  const file = join(folder, 'preprocessor_config.json');
  const own = await readJson(file);
  const within = (await readJson(join(folder, 'processor_config.json')))?.object('feature_extractor');
  return own ?? within ?? new JsonObject(file, {});
}

function readConvolutions(config: JsonObject): Convolution[] | undefined {
  const kernels = config.counts('conv_kernel');
  const strides = config.counts('conv_stride');
  if (!kernels || !strides) return undefined;
  if (kernels.length !== strides.length || [...kernels, ...strides].includes(0)) {
    throw new ProcessorError(`${config.file}: "conv_kernel" and "conv_stride" do not fit each other`);
  }
  return kernels.map((kernel, i) => ({ kernel, stride: strides[i] ?? 1 }));
}
