/** Reads what stands beside an exported model: how it hears (sample rate, normalisation) and how it writes (vocabulary). */

import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { anyObject, count, counts, number, object, ProcessorError, readJson, text, yesOrNo } from './json.ts';
import { readVocabulary, vocabularyConfig } from './tokenizer.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface Processor {
  readonly vocabulary: Vocabulary;
  /** Samples a second. */
  readonly sampleRate: number;
  /** Zero mean and unit variance per utterance, before padding (`do_normalize`). */
  readonly normalise: boolean;
  readonly paddingValue: number;
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

/** A file beside a model whose CTC head is new and knows nothing. It is not among those of a checkpoint: there the head has learned. */
export const newHeadFile = 'new_head.json';

export async function hasNewHead(folder: string): Promise<boolean> {
  return (await readJson(join(folder, newHeadFile), anyObject)) !== undefined;
}

const modelConfig = object({
  ...vocabularyConfig,
  model_type: v.nullish(text),
  conv_kernel: v.nullish(counts),
  conv_stride: v.nullish(counts),
});
type ModelConfig = v.InferOutput<typeof modelConfig>;

const featureExtractor = object({
  sampling_rate: v.nullish(v.pipe(count, v.minValue(1, 'must not be 0'))),
  feature_size: v.nullish(
    v.pipe(
      count,
      v.literal(
        1,
        ({ received }) =>
          `must be 1: this model takes ${received} features a frame, and Pinch trains models that take samples`,
      ),
    ),
  ),
  do_normalize: v.nullish(yesOrNo),
  padding_value: v.nullish(number),
});
type FeatureExtractor = v.InferOutput<typeof featureExtractor>;

/**
 * The processor of the model in a folder (see processorFolder), from the files that Hugging Face writes. Without `preprocessor_config.json` it is 16 kHz,
 * normalised, as wav2vec2's own defaults are.
 * @throws ProcessorError naming the file that is missing or wrong.
 */
export async function readProcessor(modelFolder: string): Promise<Processor> {
  const folder = await processorFolder(modelFolder);
  const file = join(folder, 'config.json');
  const config: ModelConfig = (await readJson(file, modelConfig)) ?? {};
  const hearing = await readFeatureExtractor(folder);
  return {
    vocabulary: await readVocabulary(folder, config),
    sampleRate: hearing.sampling_rate ?? 16_000,
    normalise: hearing.do_normalize ?? true,
    paddingValue: hearing.padding_value ?? 0,
    convolutions: readConvolutions(file, config),
    modelType: config.model_type ?? undefined,
  };
}

/**
 * The folder with the processor's files: the model's own, or the one above it if the model is in a folder `onnx` without any, as the Hugging
 * Face hub's repositories have it.
 */
export async function processorFolder(modelFolder: string): Promise<string> {
  const own = resolve(modelFolder);
  if (basename(own) !== 'onnx') return modelFolder;
  const above = dirname(own);
  return !(await hasFiles(own)) && (await hasFiles(above)) ? above : modelFolder;
}

async function hasFiles(folder: string): Promise<boolean> {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return processorFiles.some((name) => names.includes(name));
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
async function readFeatureExtractor(folder: string): Promise<FeatureExtractor> {
  const own = await readJson(join(folder, 'preprocessor_config.json'), featureExtractor);
  const processor = object({ feature_extractor: v.nullish(featureExtractor) });
  return own ?? (await readJson(join(folder, 'processor_config.json'), processor))?.feature_extractor ?? {};
}

function readConvolutions(file: string, { conv_kernel, conv_stride }: ModelConfig): Convolution[] | undefined {
  if (!conv_kernel || !conv_stride) return undefined;
  if (conv_kernel.length !== conv_stride.length || [...conv_kernel, ...conv_stride].includes(0)) {
    throw new ProcessorError(`${file}: "conv_kernel" and "conv_stride" do not fit each other`);
  }
  return conv_kernel.map((kernel, i) => ({ kernel, stride: conv_stride[i] ?? 1 }));
}
