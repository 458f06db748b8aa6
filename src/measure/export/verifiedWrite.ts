/** Writes a model under a temporary name, compares it with its source, and moves it to its place only if both agree. */

import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { elementsOf, floatsAs } from '../../onnx/graph/elements.ts';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { refuseOwnData, saveModel, type SaveOptions } from '../../onnx/file/save.ts';
import type { OutputAxes } from '../../onnx/model/outputAxes.ts';
import type { Scores } from '../../onnx/model/scores.ts';
import { sizeOf, type Tensor } from '../../onnx/graph/tensor.ts';
import { attentionMask } from '../../runtime/attentionMask.ts';
import { findModelIO, type ModelIO } from '../../runtime/modelIO.ts';
import { rowsOf } from '../../runtime/outputForm.ts';
import { Session } from '../../runtime/session.ts';

/**
 * Largest difference between the logits of a file and its source: the root mean square of the difference, in standard deviations of the
 * source's logits. Ours, between the values measured for right files and for wrong ones:
 * - shrunk: at most 6e-7; 1e-3 to 4e-3 with one unit too many removed. In half precision 7e-5, where sums are rounded in another order.
 * - 8 bits: at most 0.06; 0.12 to 1.4 where the scales of one convolution or of the head are doubled or moved by a channel. Wrong scales of
 *   one inner layer, mostly hidden by a residual stream, look like rounding (0.01 to 0.1).
 */
const tolerances = { shrunk: 1e-5, half: 2e-3, int8: 0.2 } as const;

/** The limits for each form. */
export function toleranceFor({ model }: ModelFile, form: { readonly int8: boolean }): number {
  if (form.int8) return tolerances.int8;
  const isHalf = [...model.graph.initializers.values()].some(({ type }) => type === 'float16' || type === 'bfloat16');
  return isHalf ? tolerances.half : tolerances.shrunk;
}

export interface VerifiedWrite {
  /** See toleranceFor. */
  readonly tolerance: number;
  /** The axes of the source's output, if those of `file` are [batch, frames, symbols] instead. */
  readonly turned?: OutputAxes | undefined;
  /** The kind of the source's output, if `file` has logits instead. */
  readonly scores?: Scores | undefined;
  /** By default the large tensors stand apart where they did in the source, in `target.data`. */
  readonly save?: Pick<SaveOptions, 'oneFile' | 'dataSuffix'>;
}

/**
 * @param source the model that `file` came from.
 * @param file what is written to `target`.
 * @throws OnnxFileError if onnxruntime cannot run either model, or the two differ by more than `tolerance`. `target` is then as it was.
 */
export async function writeVerified(
  source: ModelFile,
  file: ModelFile,
  target: string,
  { tolerance, turned, save = {} }: VerifiedWrite,
): Promise<void> {
  const dataSuffix = save.dataSuffix ?? '.data';
  const dataTarget = `${target}${dataSuffix}`;
  await refuseOwnData(source, dataTarget);
  const staging = await mkdtemp(join(dirname(target), '.export-'));
  try {
    // The final name, because the model names the file with its data.
    const staged = join(staging, basename(target));
    await saveModel(file, staged, save);
    await compareModels(source, { file, path: staged }, target, { tolerance, turned });
    const stagedData = `${staged}${dataSuffix}`;
    if (await stat(stagedData).catch(() => undefined)) {
      await rm(target, { force: true });
      await rename(stagedData, dataTarget);
    }
    await rename(staged, target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * Runs a model that was written, but is not in its place yet, beside its source.
 * @param target the name of the model in messages.
 * @throws OnnxFileError as writeVerified.
 */
export async function compareModels(
  source: ModelFile,
  staged: { readonly file: ModelFile; readonly path: string },
  target: string,
  { tolerance, turned, scores = 'logits' }: Pick<VerifiedWrite, 'tolerance' | 'turned' | 'scores'>,
): Promise<void> {
  const expected = await answers(source.path, ioOf(source), turned).catch((error: unknown) => {
    throw new OnnxFileError(source.path, `onnxruntime cannot run the model itself: ${reasonOf(error)}`, error);
  });
  const found = await answers(staged.path, ioOf(staged.file)).catch((error: unknown) => {
    const reason = `onnxruntime refuses the exported model, so nothing was written: ${reasonOf(error)}`;
    throw new OnnxFileError(target, reason, error);
  });
  for (const [i, { batch, logits }] of expected.entries()) {
    const other = found[i] && asScores(found[i].logits, scores);
    const off = other?.dims.join() === logits.dims.join() ? distance(other, logits) : Infinity;
    if (off <= tolerance) continue;
    const amount = Number.isFinite(off) ? `by ${off.toPrecision(2)} standard deviations` : 'in shape, or are NaN';
    throw new OnnxFileError(
      target,
      `the exported model's logits differ ${amount} from those of ${source.path} on a batch of ${batch} (at most ${tolerance} is right), so nothing was written; report this model's architecture and exporter`,
    );
  }
}

/** Undefined for anything but a CTC model of samples: it is only loaded. */
function ioOf({ model, path }: ModelFile): ModelIO | undefined {
  try {
    return findModelIO(model.graph, path);
  } catch {
    return undefined;
  }
}

interface ModelOutput {
  readonly batch: number;
  readonly logits: Tensor;
}

/** A file's outputs for one and for two recordings, or for as many as its fixed batch size has. @param turned the axes, to be put in order. */
async function answers(path: string, io: ModelIO | undefined, turned?: OutputAxes): Promise<ModelOutput[]> {
  const session = await Session.create(path, { device: 'cpu' });
  try {
    if (!io) return [];
    const { audio, mask, logits } = io;
    const fixed = audio.dims?.[0];
    const results: ModelOutput[] = [];
    for (const batch of typeof fixed === 'number' ? [fixed] : [1, 2]) {
      const feeds: Record<string, Tensor> = { [audio.name]: floatsAs(audio.type, recording(batch), [batch, samples]) };
      if (mask) feeds[mask.name] = attentionMask(mask.type, batch, samples);
      const found = (await session.run(feeds))[logits.name]?.tensor;
      if (found)
        results.push({ batch, logits: turned ? inOrder(found, turned) : { ...found, data: found.data.slice() } });
    }
    return results;
  } finally {
    await session.dispose();
  }
}

/** Logits as [batch, frames, symbols]. */
function inOrder(logits: Tensor, axes: OutputAxes): Tensor {
  const dims = [axes.batch, axes.frames, axes.symbols].map((axis) => logits.dims[axis] ?? 0);
  const data = new Float32Array(sizeOf(dims));
  for (const [i, row] of rowsOf(logits, axes).entries()) data.set(row, i * row.length);
  return { type: 'float32', dims, data };
}

/** Logits [..., symbols] as the softmax of each frame, or its logarithm. */
function asScores(logits: Tensor, scores: Scores): Tensor {
  if (scores === 'logits') return logits;
  const symbols = logits.dims.at(-1) ?? 1;
  const data = Float32Array.from(elementsOf(logits), Number);
  for (let first = 0; first < data.length; first += symbols) {
    const frame = data.subarray(first, first + symbols);
    const most = frame.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = most + Math.log(frame.reduce((sum, each) => sum + Math.exp(each - most), 0));
    for (const [at, each] of frame.entries())
      frame[at] = scores === 'log-probabilities' ? each - total : Math.exp(each - total);
  }
  return { type: 'float32', dims: logits.dims, data };
}

/** Two seconds at 16 kHz. */
const samples = 32_000;

/** Noise of changing loudness with a voice's harmonics, of mean 0 and variance about 1. Each recording is different. */
function recording(batch: number): Float32Array {
  return Float32Array.from({ length: batch * samples }, (_, i) => {
    const noise = Math.sin(i * i * 0.37 + i);
    const voice = [1, 2, 3, 5].reduce((sum, k) => sum + Math.sin((2 * Math.PI * 140 * k * i) / 16_000) / k, 0);
    return (0.6 + 0.5 * Math.sin(i / 2100)) * (noise + voice);
  });
}

/** Infinity where the model gives NaN and `expected` has a number. */
function distance(found: Tensor, expected: Tensor): number {
  const [a, b] = [elementsOf(found), elementsOf(expected)];
  let [sum, squares, error, count] = [0, 0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    if (!Number.isFinite(y)) continue;
    sum += y;
    squares += y * y;
    error += (x - y) ** 2;
    count++;
  }
  if (count === 0) return 0;
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  const off = Math.sqrt(error / count) / Math.max(deviation, 1e-3);
  return Number.isNaN(off) ? Infinity : off;
}
