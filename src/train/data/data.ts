/** The training data of a run: which utterances are used, in which batches, and the batches one after another. */

import { AudioError } from '../../speech/audio/error.ts';
import type { AudioLoader } from '../../speech/audio/audioLoader.ts';
import { planBatches, type BatchPlan } from '../../speech/batches/batches.ts';
import { streamBatches, type Batch, type FeatureSource, type Position } from '../../speech/batches/batchStream.ts';
import { Lengths, type OnMeasured } from '../../speech/lengths/lengths.ts';
import { readManifest } from '../../speech/manifest/read.ts';
import {
  describeDropped,
  prepareUtterances,
  type Dropped,
  type PreparedUtterance,
} from '../../speech/batches/prepare.ts';
import { textStepsOf } from '../../protocol/textSteps.ts';
import type { TextReport } from '../../protocol/results/texts.ts';
import { refusePlainSpelling } from '../../speech/text/plainSpelling.ts';
import type { Processor } from '../../speech/text/processor.ts';
import { spellTexts } from '../../speech/text/steps/spellTexts.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Features } from '../features/features.ts';

/** More unusable files than this share are more likely a mistake than bad luck. */
const unusableAtMost = 0.01;

export class TrainingData {
  readonly ready: readonly PreparedUtterance[];
  readonly dropped: readonly Dropped[];
  readonly plan: BatchPlan;
  /** What was done to the texts. */
  readonly texts: TextReport;
  private readonly loader: AudioLoader;
  private readonly processor: Processor;
  private readonly manifest: string;

  private constructor(
    parts: Pick<TrainingData, 'ready' | 'dropped' | 'plan' | 'texts'>,
    sources: { loader: AudioLoader; processor: Processor; manifest: string },
  ) {
    this.ready = parts.ready;
    this.dropped = parts.dropped;
    this.plan = parts.plan;
    this.texts = parts.texts;
    this.loader = sources.loader;
    this.processor = sources.processor;
    this.manifest = sources.manifest;
  }

  /**
   * @param loader is closed by whoever made it.
   * @throws Error naming the manifest if nothing in it can be trained on, or more than 1 % of its files cannot be read.
   */
  static async open(
    settings: Pick<RunSettings, 'train' | 'text' | 'batch' | 'seed'>,
    processor: Processor,
    frames: (samples: number) => number,
    loader: AudioLoader,
    onProgress?: OnMeasured,
  ): Promise<TrainingData> {
    const { train: manifest, text, batch, seed } = settings;
    const { sampleRate, vocabulary } = processor;
    const written = await readManifest(manifest, { repeats: true });
    const { utterances, report: texts } = await spellTexts(written, vocabulary, textStepsOf(text));
    refusePlainSpelling(vocabulary, utterances, manifest);
    const lengths = await Lengths.read(manifest, utterances, { loader, onProgress });
    const { ready, dropped } = await prepareUtterances(utterances, {
      sampleRate,
      vocabulary,
      frames,
      minSeconds: batch.minSeconds,
      maxSeconds: batch.utterances === null ? Math.min(batch.maxSeconds, batch.seconds) : batch.maxSeconds,
      seconds: (utterance) => lengths.of(utterance),
    });
    if (ready.length === 0) {
      throw new Error(`${manifest}: no utterance can be trained on: ${describeDropped(dropped).join('; ')}.`);
    }
    const plan = planBatches(ready, batch, seed, sampleRate);
    const data = new TrainingData({ ready, dropped, plan, texts }, { loader, processor, manifest });
    data.refuseTooMany([]);
    return data;
  }

  /** Batches from a position on, without end: of audio, or of what features are made from. */
  stream(from: Position, features?: FeatureSource): AsyncGenerator<Batch, never> {
    const { ready: utterances, plan, loader, processor } = this;
    const padding = { audio: processor.paddingValue, label: processor.vocabulary.blank };
    return streamBatches({ utterances, plan, loader, features, padding, from });
  }

  /** Where the batch behind a position is. */
  next({ epoch, batch }: Position): Position {
    return batch + 1 < this.plan.batchesPerEpoch ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
  }

  /** Seconds of audio in an epoch, without padding. */
  get audioSeconds(): number {
    return this.ready.reduce((sum, { samples }) => sum + samples, 0) / this.processor.sampleRate;
  }

  /** @param failed ids of utterances that turned out to be unusable. @throws AudioError if they are too many. */
  refuseTooMany(failed: readonly string[], problem?: string): void {
    const unreadable = this.dropped.filter(({ reason }) => reason === 'unreadable');
    const count = unreadable.length + failed.length;
    const all = this.ready.length + this.dropped.length;
    if (count <= unusableAtMost * all) return;
    const first = problem ?? unreadable[0]?.detail ?? failed[0] ?? '';
    throw new AudioError(
      `${this.manifest}: ${count} of ${all} audio files cannot be used, more than 1 %; one of them: ${first}`,
    );
  }
}

/** The batches of a run one after another: where in the data it is, and which audio could not be used. */
export class BatchFeed {
  private readonly data: TrainingData;
  private readonly batches: AsyncGenerator<Batch, never>;
  private readonly failed: Set<string>;
  private readonly say: (text: string) => void;
  private readonly features: Features | undefined;
  private at: Position;

  /**
   * @param from the next batch, and the utterances that failed before it.
   * @param features that are read instead of audio.
   */
  constructor(
    data: TrainingData,
    from: Position & { readonly failures: readonly string[] },
    say: (text: string) => void,
    features?: Features,
  ) {
    this.data = data;
    this.at = { epoch: from.epoch, batch: from.batch };
    this.failed = new Set(from.failures);
    this.batches = data.stream(this.at, features);
    this.say = say;
    this.features = features;
  }

  /** Where the next batch is. */
  get position(): Position {
    return this.at;
  }

  /** Ids of utterances whose audio could not be used, each once however often it came round. */
  get failures(): string[] {
    return [...this.failed];
  }

  /** The next batch that holds at least one utterance. @throws AudioError if too many files cannot be used. */
  async next(): Promise<Batch> {
    for (;;) {
      const { value: batch } = await this.batches.next();
      const trouble = this.features?.takeTrouble();
      if (trouble !== undefined) this.say(trouble);
      for (const { id, problem } of batch.failures) {
        if (this.failed.has(id)) continue;
        this.failed.add(id);
        this.say(`Left out ${id}: ${problem}.`);
        this.data.refuseTooMany(this.failures, problem);
      }
      this.at = this.data.next(this.at);
      if (batch.weights.some((weight) => weight > 0)) return batch;
    }
  }
}
