/** The features of a frozen encoder: computed once for each utterance, alone, and then read from the disk. */

import { byteSize, duration } from '../../base/format.ts';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { reasonOf } from '../../base/errors.ts';
import { parseParquetAudio } from '../../speech/audio/parquet/parquetFile.ts';
import type { AudioLoader } from '../../speech/audio/audioLoader.ts';
import type { FeatureSource } from '../../speech/batches/batchStream.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import type { Processor } from '../../speech/text/processor.ts';
import type { FeatureCut } from '../../step/featureCut.ts';
import { FeatureEncoder, type FeatureEncoderOptions } from './encoder.ts';
import { FeatureFiles, fromBits, inBits, type FeatureType } from './files.ts';

export interface FeaturesOptions extends FeatureEncoderOptions {
  readonly cut: FeatureCut;
  readonly processor: Pick<Processor, 'sampleRate' | 'normalise'>;
  readonly loader: Pick<AudioLoader, 'load'>;
  readonly type: FeatureType;
  /** Where all encoders' folders are; undefined to keep nothing on the disk. */
  readonly folder: string | undefined;
  /** Bytes that they may take together. */
  readonly limit: number;
  /** Samples of all utterances that are to be kept. */
  readonly samples: number;
}

/** Features of one utterance, and the samples of its audio. */
export type LoadedFeatures = Awaited<ReturnType<FeatureSource['load']>>;

export class Features implements FeatureSource {
  readonly cut: FeatureCut;
  /** For the start of a run: what is kept where, or why it is not. */
  readonly sentence: string;
  private readonly options: FeaturesOptions;
  private readonly encoder: FeatureEncoder;
  private readonly files: FeatureFiles | undefined;
  private trouble: string | undefined;
  /** Spent on computing features. */
  private seconds = 0;

  private constructor(
    options: FeaturesOptions,
    encoder: FeatureEncoder,
    { files, sentence }: { readonly files: FeatureFiles | undefined; readonly sentence: string },
  ) {
    this.cut = options.cut;
    this.options = options;
    this.encoder = encoder;
    this.files = files;
    this.sentence = sentence;
  }

  /** A disk that does not take them is no error: they are then computed each time, with the same result. */
  static async open(options: FeaturesOptions): Promise<Features> {
    const encoder = new FeatureEncoder(options);
    return new Features(options, encoder, await openFiles(options, encoder.checksum));
  }

  /** Whether there is a place to keep them, as long as there is room; a preview speaks of the run, which has one. */
  get keeps(): boolean {
    return this.files !== undefined || this.options.folder === undefined;
  }

  /** About what share of them earlier runs have kept: by their bytes, which other speech may have a part in. */
  get shareHeld(): number {
    const { samples, cut, type } = this.options;
    return Math.min(1, (this.files?.bytesHeld ?? 0) / bytesOf(samples, cut, type));
  }

  /** Seconds that computing features has taken so far. */
  get secondsSpent(): number {
    return this.seconds;
  }

  /**
   * Reads the features of an utterance, or its audio where they are not kept: from that they are computed when they are asked for, which
   * blocks the thread, and kept if there is room.
   * @throws AudioError naming the file if it is missing or broken.
   */
  async load(utterance: Utterance): Promise<LoadedFeatures> {
    const key = this.files && (await keyOf(utterance));
    const kept = key === undefined ? undefined : await this.files?.read(key);
    if (kept) return { samples: kept.samples, features: () => Promise.resolve(kept.features) };
    const audio = await this.options.loader.load(utterance);
    return { samples: audio.length, features: () => this.compute(audio, key) };
  }

  private async compute(audio: Float32Array, key: string | undefined): Promise<Float32Array> {
    const began = performance.now();
    // Rounded before their first use, too, so that every epoch and every resumed run sees the same numbers.
    const bits = inBits(await this.encoder.run(audio), this.options.type);
    if (this.files && key !== undefined) {
      const before = this.files.bytesLeft;
      if (!(await this.files.add(key, audio.length, bits)) && before > 0) {
        this.trouble = 'There is no more room to keep features; those not kept so far are computed anew in each epoch.';
      }
    }
    this.seconds += (performance.now() - began) / 1000;
    return fromBits(bits);
  }

  /** What went wrong since this was last called, for people; undefined if nothing did. */
  takeTrouble(): string | undefined {
    const { trouble } = this;
    this.trouble = undefined;
    return trouble;
  }

  async close(): Promise<void> {
    await Promise.all([this.encoder.dispose(), this.files?.close()]);
  }
}

function bytesOf(samples: number, { perSample }: FeatureCut, type: FeatureType): number {
  return samples * perSample * (type === 'float16' ? 2 : 4);
}

/** Changes when features come to be computed or kept in another way. */
const version = 1;

async function openFiles(
  { cut, processor, device, type, folder, limit, samples }: FeaturesOptions,
  checksum: string,
): Promise<{ readonly files: FeatureFiles | undefined; readonly sentence: string }> {
  const expected = bytesOf(samples, cut, type);
  const speech = duration(samples / processor.sampleRate);
  const kept = `The frozen encoder's features of ${speech} of speech are computed in the first epoch and kept`;
  if (folder === undefined) return { files: undefined, sentence: `${kept}, about ${byteSize(expected)}.` };
  const { sampleRate, normalise } = processor;
  const said = JSON.stringify([version, checksum, sampleRate, normalise, device, type]);
  const own = join(folder, createHash('sha256').update(said).digest('hex').slice(0, 32));
  try {
    const files = await FeatureFiles.open({ folder: own, limit, expected });
    const { bytesLeft } = files;
    const sentence = `${kept} in ${own}, about ${byteSize(expected)}`;
    const short = bytesLeft < expected - files.bytesHeld;
    return {
      files,
      sentence: short
        ? `${sentence}; there is room for ${byteSize(bytesLeft)} more, the rest is computed anew in each epoch.`
        : `${sentence}.`,
    };
  } catch (error) {
    const sentence = `The frozen encoder's features are computed anew in each epoch: ${own} cannot be used (${reasonOf(error)}).`;
    return { files: undefined, sentence };
  }
}

/** Stands for the audio: another file, another part of it, or the same file changed has another. Undefined if there is no such file. */
async function keyOf({ audio, offset, duration, channel }: Utterance): Promise<string | undefined> {
  const found = await stat(parseParquetAudio(audio)?.file ?? audio).catch(() => undefined);
  if (!found) return undefined;
  const part = channel === undefined ? [] : [channel];
  const said = JSON.stringify([audio, offset ?? null, duration ?? null, found.size, found.mtimeMs, ...part]);
  return createHash('sha256').update(said).digest('hex');
}
