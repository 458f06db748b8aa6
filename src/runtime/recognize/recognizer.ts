/** Runs a CTC model on audio and decodes its output. */

import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import { elementsOf, floatsAs } from '../../onnx/graph/elements.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { ShapeProbe } from '../../onnx/infer/shapeProbe.ts';
import { ctcLoss } from '../../speech/text/ctcLoss.ts';
import { bestPath, collapse } from '../../speech/text/greedy.ts';
import type { Processor } from '../../speech/text/processor.ts';
import { attentionMask } from '../attentionMask.ts';
import { countFrames, type Frames } from '../frames.ts';
import { probeOutput, rowsOf, type OutputForm } from '../outputForm.ts';
import { widenModel } from '../../onnx/quantize/widen.ts';
import { findModelIO, type ModelIO } from '../modelIO.ts';
import { planRecognition, type RecognitionPlan } from './recognitionPlan.ts';
import { Session, type Device } from '../session.ts';
import { cutWindows } from './windows.ts';

export interface RecognizerOptions {
  readonly device: Device;
  readonly threads?: number;
  /** The plan for this model. Default: made from the memory that is free now. */
  readonly plan?: RecognitionPlan | undefined;
}

/** What a model makes of an utterance. */
export interface Recognized {
  readonly text: string;
  /** The CTC loss of such labels (see ctcLoss.ts); undefined for long audio, which is recognised in windows. */
  readonly lossOf: ((labels: ArrayLike<number>) => number) | undefined;
}

interface Row {
  /** The most likely symbol of every frame. */
  readonly path: Int32Array;
  readonly lossOf: Recognized['lossOf'];
}

/** Called between two windows with the number done and in all. */
export type OnWindow = (done: number, windows: number) => Promise<void> | void;

interface RecognizerParts {
  readonly file: string;
  readonly source: ModelFile;
  readonly session: Session;
  readonly io: ModelIO;
  readonly processor: Processor;
}

export class Recognizer {
  private readonly file: string;
  private readonly source: ModelFile;
  private readonly session: Session;
  private readonly io: ModelIO;
  private readonly processor: Processor;
  private plan: RecognitionPlan | undefined;
  private frames: Frames | undefined;
  private readonly output: Omit<OutputForm, 'source'>;

  private constructor({ file, source, session, io, processor }: RecognizerParts, output: Omit<OutputForm, 'source'>) {
    this.output = output;
    this.file = file;
    this.source = source;
    this.session = session;
    this.io = io;
    this.processor = processor;
  }

  /**
   * @param file the ONNX file; onnxruntime reads it itself, including external data.
   * @param source the same model, loaded by Pinch.
   * @throws Error if it is not a CTC model of samples, onnxruntime cannot load it, or its output cannot be understood.
   */
  static async open(
    file: string,
    source: ModelFile,
    processor: Processor,
    { plan, ...options }: RecognizerOptions,
  ): Promise<Recognizer> {
    const io = findModelIO(source.model.graph, file, processor.vocabulary.size);
    const session = await Session.create(file, options);
    try {
      const { sampleRate, vocabulary } = processor;
      const batch = fixedBatch(io);
      const output = await probeOutput(session, source.model, file, io, {
        sampleRate,
        symbols: vocabulary.size,
        batch,
      });
      const recognizer = new Recognizer({ file, source, session, io, processor }, output);
      recognizer.plan = plan;
      return recognizer;
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /** The model's fixed batch size; undefined if it takes any number. */
  get batchSize(): number | undefined {
    return fixedBatch(this.io);
  }

  /** The reason why audio of this many samples cannot be recognised; undefined if it can. */
  problemOf(samples: number): string | undefined {
    if (samples < this.processor.sampleRate && this.counted().of(samples) === 0) {
      return `its ${samples} samples are too few for a single frame`;
    }
    if (samples > this.planned().whole && !this.counted().rhythm) {
      const seconds = Math.round(samples / this.processor.sampleRate);
      return `its ${seconds} s are too long to be recognised at once, and this model's frames cannot be joined from windows; cut it`;
    }
    return undefined;
  }

  /**
   * What utterances say. Long ones are recognised in windows; the others are padded to the longest and run together. Blocks the thread, except
   * during `onWindow`.
   * @param utterances samples at the processor's rate, normalised if it says so.
   * @param onWindow receives the number of windows done of a long one, and may throw to stop.
   */
  async recognize(utterances: readonly Float32Array[], onWindow?: OnWindow): Promise<Recognized[]> {
    const { whole } = utterances.some(({ length }) => length > this.processor.sampleRate)
      ? this.planned()
      : { whole: Infinity };
    const together = utterances.filter(({ length }) => length <= whole);
    const rows = await this.recognizeTogether(together);
    const { vocabulary } = this.processor;
    const recognized: Recognized[] = [];
    for (const utterance of utterances) {
      const row = utterance.length <= whole ? rows.shift() : undefined;
      const path = row?.path ?? (await this.recognizeLong(utterance, onWindow));
      recognized.push({ text: vocabulary.text(collapse(path, vocabulary.blank)), lossOf: row?.lossOf });
    }
    return recognized;
  }

  /** The starts of the utterances, as long as the model allows at once: for a warmup run. */
  async warmUp(utterances: readonly Float32Array[]): Promise<void> {
    const { whole, window } = this.planned();
    await this.recognizeTogether(utterances.map((audio) => (audio.length > whole ? audio.subarray(0, window) : audio)));
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }

  /** As many utterances at once as fit into memory, all padded alike: rows do not depend on each other. */
  private async recognizeTogether(utterances: readonly Float32Array[]): Promise<Row[]> {
    if (utterances.length === 0) return [];
    const samples = Math.max(...utterances.map(({ length }) => length));
    const rows = this.batchSize ?? (utterances.length === 1 ? 1 : this.planned().rowsAtOnce(samples));
    const done: Row[] = [];
    for (let start = 0; start < utterances.length; start += rows) {
      done.push(...(await this.run(utterances.slice(start, start + rows), samples)));
    }
    return done;
  }

  private async recognizeLong(audio: Float32Array, onWindow?: OnWindow): Promise<Int32Array> {
    const { window, overlap } = this.planned();
    const { of, rhythm } = this.counted();
    if (!rhythm) throw new Error(`${this.file}: ${this.problemOf(audio.length) ?? 'the audio is too long'}`);
    const path = new Int32Array(of(audio.length));
    let filled = 0;
    const windows = cutWindows(audio.length, { of, rhythm }, window, overlap);
    for (const [i, { start, end, from, to }] of windows.entries()) {
      const [own] = await this.run([audio.subarray(start, end)], end - start);
      path.set(own?.path.subarray(from, to) ?? [], filled);
      filled += to - from;
      await onWindow?.(i + 1, windows.length);
    }
    return path;
  }

  private async run(utterances: readonly Float32Array[], samples: number): Promise<Row[]> {
    // A model of a fixed batch size gets rows of padding for missing utterances.
    const rows = this.batchSize ?? utterances.length;
    const dims = [rows, samples];
    const audio = new Float32Array(rows * samples).fill(this.processor.paddingValue);
    utterances.forEach((utterance, index) => audio.set(utterance, index * samples));
    const { audio: input, mask, logits: output } = this.io;
    const { axes } = this.output;
    const outputs = await this.session.run({
      [input.name]: floatsAs(input.type, audio, dims),
      ...(mask
        ? {
            [mask.name]: attentionMask(
              mask.type,
              rows,
              samples,
              utterances.map((utterance) => utterance.length),
            ),
          }
        : {}),
    });
    const given = outputs[output.name]?.tensor;
    const logits = given && { ...given, data: elementsOf(given) };
    const { vocabulary } = this.processor;
    const [batch = 0, frames = 0, symbols = 0] = [axes.batch, axes.frames, axes.symbols].map(
      (axis) => logits?.dims[axis],
    );
    if (!(logits?.data instanceof Float32Array) || batch !== rows || symbols < vocabulary.size) {
      const shape = given ? `${given.type} [${given.dims.join(', ')}]` : 'nothing';
      throw new Error(
        `${this.file}: its output ${output.name} is ${shape} for ${rows} utterances; Pinch needs float32 with an axis for utterances, one for frames and one for ${vocabulary.size} or more symbols.`,
      );
    }
    if (logits.data.some(Number.isNaN)) {
      throw new Error(
        `${this.file}: the model's output is not a number (NaN); its weights are damaged, or it was trained too fast.`,
      );
    }
    const all = rowsOf(logits, axes);
    return utterances.map(({ length }, index) => {
      const own = all[index] ?? new Float32Array();
      const ownFrames = this.framesOf(length, samples, frames);
      const lossOf = (labels: ArrayLike<number>): number => {
        const scores = this.output.scores === 'probabilities' ? own.map(Math.log) : own;
        return ctcLoss(scores, ownFrames, symbols, labels, vocabulary.blank);
      };
      return { path: bestPath(own, ownFrames, symbols), lossOf };
    });
  }

  /** The maximum length of audio recognised whole, and its memory. */
  planned(): RecognitionPlan {
    this.plan ??= planRecognition(plain(this.source), this.io, this.processor.sampleRate);
    return this.plan;
  }

  /** The model's own number of frames; undefined for models with operators that Pinch does not know. */
  private counted(): Frames {
    if (this.frames) return this.frames;
    const { audio, mask, logits } = this.io;
    const probe = new ShapeProbe(plain(this.source), { audio: audio.name, mask, logits: logits.name });
    const batch = this.batchSize ?? 1;
    try {
      probe.dims(batch, this.processor.sampleRate);
      this.frames = countFrames(probe, this.output.axes.frames, this.processor, batch);
    } catch {
      this.frames = { of: () => NaN, rhythm: undefined };
    }
    return this.frames;
  }

  /** The number of frames without padding: from the model itself, or in proportion if its operators are unknown. */
  private framesOf(samples: number, paddedSamples: number, frames: number): number {
    if (samples === paddedSamples) return frames;
    const own = this.counted().of(samples);
    return Math.min(frames, Number.isNaN(own) ? Math.ceil((frames * samples) / paddedSamples) : own);
  }
}

function fixedBatch({ audio }: ModelIO): number | undefined {
  const batch = audio.dims?.[0];
  return typeof batch === 'number' ? batch : undefined;
}

/** The model with float32 weights, whose shapes are known; those of quantized operators are not. */
const plain = (source: ModelFile) => dequantizeModel(widenModel(source).file).file.model;
