/** The form of a model's output: the order of its axes, the kind of its numbers, and the value with the logits for training. */

import { elementsOf, floatsAs } from '../onnx/graph/elements.ts';
import { checkLengths, unknownAxes } from '../onnx/model/lengths.ts';
import type { Model } from '../onnx/graph/graph.ts';
import { axesOf, toBatchFirst, type OutputAxes, type Trial } from '../onnx/model/outputAxes.ts';
import { traceScores, type Scores } from '../onnx/model/scores.ts';
import type { ShapeProbe } from '../onnx/infer/shapeProbe.ts';
import { float32, type Tensor } from '../onnx/graph/tensor.ts';
import { Random } from '../base/random.ts';
import { attentionMask } from './attentionMask.ts';
import type { ModelIO } from './modelIO.ts';
import { Session } from './session.ts';

export interface OutputForm {
  /** The axes of the output. */
  readonly axes: OutputAxes;
  readonly scores: Scores;
  /** The value that CTC reads in training. */
  readonly source: LogitsSource;
}

export interface LogitsSource {
  /** A value of the model: the output, or the value before its softmax. */
  readonly value: string;
  /** The permutation with which Transpose makes it [batch, frames, symbols]; undefined if it has that order. */
  readonly order: readonly number[] | undefined;
  /** Whether its logarithm is needed: it holds probabilities whose softmax was not found. */
  readonly probabilities: boolean;
}

export interface OutputOptions {
  /** In Hz. */
  readonly sampleRate: number;
  /** The number of symbols in the vocabulary. */
  readonly symbols: number | undefined;
}

/**
 * Reads the model's shapes for two batch sizes and three lengths, and its last nodes. The model is run only if these do not tell the kind of
 * the numbers.
 * @param path the file that onnxruntime reads if the model has to be run; also its name in messages.
 * @throws Error with one sentence that names the file if the output cannot be understood.
 */
export async function establishOutput(
  model: Model,
  path: string,
  io: ModelIO,
  { sampleRate, symbols }: OutputOptions,
  probe?: ShapeProbe,
): Promise<OutputForm> {
  const { audio, mask, logits } = io;
  const names = { audio: audio.name, mask, logits: logits.name };
  const axes = checkLengths(model, path, names, sampleRate, symbols, probe);
  const traced = named(path, () => traceScores(model, logits.name, axes));
  const scores = traced.scores ?? (await measureScores(path, io, axes, sampleRate));
  const source = {
    value: traced.value,
    order: toBatchFirst(traced.axes),
    probabilities: traced.scores === undefined && scores === 'probabilities',
  };
  return { axes, scores, source };
}

/**
 * Reads the model's outputs for two lengths of noise, whatever its operators; for models that are only run.
 * @param batch utterances at once, where the model has a fixed batch size.
 * @throws Error as establishOutput.
 */
export async function probeOutput(
  session: Session,
  model: Model,
  file: string,
  io: ModelIO,
  { sampleRate, symbols, batch = 1 }: OutputOptions & { readonly batch?: number | undefined },
): Promise<Omit<OutputForm, 'source'>> {
  const trials: (Trial & { readonly tensor: Tensor })[] = [];
  for (const samples of [sampleRate, 2 * sampleRate]) {
    const tensor = await runOnNoise(session, io, batch, samples);
    if (tensor) trials.push({ batch, samples, dims: tensor.dims, tensor });
  }
  const [first] = trials;
  const type = first?.tensor.type ?? 'nothing';
  if (!first || type !== 'float32') {
    throw new Error(`${file}: its output "${io.logits.name}" is ${type}; Pinch needs logits of float32.`);
  }
  const axes = axesOf(trials, symbols);
  if (!axes) throw new Error(`${file}: ${unknownAxes(io.logits.name, trials, symbols)}`);
  const traced = named(file, () => traceScores(model, io.logits.name, axes));
  return { axes, scores: traced.scores ?? readScores(first.tensor, axes, file, io.logits.name) };
}

/** One row of [frames, symbols] for each utterance; a view where the output has that order. */
export function rowsOf({ dims, data }: Tensor, axes: OutputAxes): Float32Array[] {
  const floats = data as Float32Array;
  const [batch, frames, symbols] = [dims[axes.batch] ?? 0, dims[axes.frames] ?? 0, dims[axes.symbols] ?? 0];
  const size = frames * symbols;
  if (toBatchFirst(axes) === undefined) {
    return Array.from({ length: batch }, (_, row) => floats.subarray(row * size, (row + 1) * size));
  }
  const stride = (axis: number): number => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const [byRow, byFrame, bySymbol] = [stride(axes.batch), stride(axes.frames), stride(axes.symbols)];
  return Array.from({ length: batch }, (_, row) => {
    const own = new Float32Array(size);
    for (let frame = 0; frame < frames; frame++) {
      const from = row * byRow + frame * byFrame;
      for (let symbol = 0; symbol < symbols; symbol++) {
        own[frame * symbols + symbol] = floats[from + symbol * bySymbol] ?? 0;
      }
    }
    return own;
  });
}

async function measureScores(path: string, io: ModelIO, axes: OutputAxes, sampleRate: number): Promise<Scores> {
  const session = await Session.create(path, { device: 'cpu' });
  try {
    const tensor = await runOnNoise(session, io, 1, sampleRate);
    if (!tensor) throw new Error(`${path}: the model gives no output "${io.logits.name}".`);
    return readScores(tensor, axes, path, io.logits.name);
  } finally {
    await session.dispose();
  }
}

/** Sums of float32 probabilities are 1 within this tolerance. Logits of a trained model never have such sums in every frame. */
const near = 1e-3;

/** @throws Error if the numbers are negative logarithms of probabilities: the most likely symbol has the smallest number. */
function readScores(tensor: Tensor, axes: OutputAxes, file: string, output: string): Scores {
  const symbols = tensor.dims[axes.symbols] ?? 0;
  const sums = rowsOf(tensor, axes).flatMap((row) =>
    Array.from({ length: row.length / symbols }, (_, frame) => {
      const own = row.subarray(frame * symbols, (frame + 1) * symbols);
      const total = (of: (value: number) => number): number => own.reduce((sum, value) => sum + of(value), 0);
      const least = own.reduce((low, value) => Math.min(low, value), Infinity);
      return {
        plain: least < 0 ? Infinity : total((x) => x),
        exp: total(Math.exp),
        negative: total((x) => Math.exp(-x)),
      };
    }),
  );
  const all = (form: 'plain' | 'exp' | 'negative'): boolean => sums.every((sum) => Math.abs(sum[form] - 1) < near);
  if (all('negative')) {
    throw new Error(
      `${file}: its output "${output}" holds negative log-probabilities; export the model with logits or log-probabilities.`,
    );
  }
  return all('plain') ? 'probabilities' : all('exp') ? 'log-probabilities' : 'logits';
}

async function runOnNoise(session: Session, io: ModelIO, batch: number, samples: number): Promise<Tensor | undefined> {
  const random = Random.seeded(0);
  const dims = [batch, samples];
  const sound = Float32Array.from({ length: batch * samples }, () => random.normal());
  const { audio, mask, logits } = io;
  const outputs = await session.run({
    [audio.name]: floatsAs(audio.type, sound, dims),
    ...(mask ? { [mask.name]: attentionMask(mask.type, batch, samples) } : {}),
  });
  const given = outputs[logits.name]?.tensor;
  return given?.type === 'float16' ? float32(elementsOf(given) as Float32Array, given.dims) : given;
}

/** Puts the file's name in front of what is wrong with its output. */
function named<T>(file: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
