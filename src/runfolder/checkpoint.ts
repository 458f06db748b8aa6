/** Checkpoints: an ordinary model with its tokenizer files, and beside it what it takes to train on. */

import { syncFolder } from '../base/atomicFile.ts';
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { countNonZero } from '../onnx/file/count.ts';
import { OnnxFileError, reasonOf } from '../base/errors.ts';
import { loadModel } from '../onnx/file/load.ts';
import { makeFolder } from '../base/makeFolder.ts';
import { saveModel } from '../onnx/file/save.ts';
import { sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import type { CheckpointRecord } from '../protocol/records.ts';
import { isGated, type TrainedParameter } from '../state/parameter.ts';
import type { Layout } from '../state/layout.ts';
import { modelFiles } from '../onnx/folder/modelFiles.ts';
import { copyProcessorFiles } from './processorCopies.ts';
import { prunedWeights } from '../state/pruned.ts';
import type { State } from '../state/state.ts';
import { SafetensorsError } from '../onnx/safetensors/header.ts';
import { readSafetensors, writeSafetensors } from '../onnx/safetensors/safetensors.ts';

/** All of a run that changes from step to step, besides its tensors. Whatever is random follows from the seed and the position. */
const progressSchema = v.object({
  /** Updates so far. */
  step: v.number(),
  /** The next batch. */
  epoch: v.number(),
  batch: v.number(),
  multiplier: v.number(),
  learningRateScale: v.number(),
  rolledBack: v.boolean(),
  gates: v.picklist(['learning', 'fixed']),
  /** The losses of the latest updates, the newest last; see `LossWatch`. */
  recentLosses: v.array(v.number()),
  lowestMedian: v.nullable(v.number()),
  blankSteps: v.number(),
  /** Utterances whose audio could not be used. */
  failures: v.array(v.string()),
  best: v.nullable(v.object({ step: v.number(), wer: v.number(), path: v.string() })),
});
export type Progress = v.InferOutput<typeof progressSchema>;

/** What a checkpoint is made from. */
export type CheckpointSource = Layout;

/** What was counted in the written file. */
export type CheckpointCounts = Omit<CheckpointRecord, 'kind' | 'attempt' | 'step' | 'time' | 'path'>;

/** A checkpoint that could not be written or is not what it should be. The message names it. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** What it takes to train on, beside the model of a checkpoint. */
export const tensorsFile = 'trainer.safetensors';
const metadataKey = 'pinch';
/** Stands in the metadata of a file that no longer has what training would go on from. */
const reducedKey = 'pinch.reduced';

export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** The steps of the checkpoints in a folder, in order. Unfinished ones do not count. */
export async function listCheckpoints(checkpoints: string): Promise<number[]> {
  const names = await readdir(checkpoints).catch(() => []);
  const steps = names.flatMap((name) => (/^step-\d{6,}$/u.test(name) ? [Number.parseInt(name.slice(5), 10)] : []));
  return steps.sort((a, b) => a - b);
}

/**
 * Writes `step-…` whole or not at all, opens the model that was written and counts its zeros.
 * @throws CheckpointError if the disk does not take it, or if the file does not hold the zeros it should.
 */
export async function writeCheckpoint(
  checkpoints: string,
  source: CheckpointSource,
  state: State,
  progress: Progress,
): Promise<CheckpointCounts> {
  const target = join(checkpoints, checkpointName(progress.step));
  const temporary = join(checkpoints, `.${checkpointName(progress.step)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await makeFolder(temporary);
    const weights = await writeModel(temporary, source, state, progress.gates);
    await writeSafetensors(join(temporary, tensorsFile), {
      tensors: new Map([...state].filter(([name]) => isKept(name, source.parameters))),
      metadata: { [metadataKey]: JSON.stringify(progress) },
    });
    await syncFolder(temporary);
    const counts = await countCheckpoint(temporary, source, target);
    compareZeros(weights, counts, source.parameters, target);
    await replaceFolder(temporary, target);
    return counts.record;
  } catch (error) {
    // What went wrong first is what people have to know.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (error instanceof CheckpointError) throw error;
    // The path in the error is that of the temporary folder, which means nothing to anybody.
    const reason = reasonOf(error instanceof OnnxFileError && error.cause !== undefined ? error.cause : error);
    throw new CheckpointError(`${target}: the checkpoint could not be written: ${reason}`);
  }
}

/** Writes the model as it computes now, with its tokenizer files beside it, into a folder that exists. */
export async function writeModel(
  folder: string,
  { model, parameters }: Pick<CheckpointSource, 'model' | 'parameters'>,
  state: State,
  gates: Progress['gates'],
): Promise<Map<string, Tensor>> {
  const weights = prunedWeights(parameters, state, gates);
  await saveModel(model, join(folder, 'model.onnx'), { replacements: weights });
  await copyProcessorFiles(model.folder, folder);
  return weights;
}

/** What a checkpoint that lies there holds: for its line in metrics.jsonl, if a crash came between the two. */
export async function describeCheckpoint(
  checkpoints: string,
  step: number,
  source: CheckpointSource,
): Promise<CheckpointCounts> {
  const folder = join(checkpoints, checkpointName(step));
  return (await countCheckpoint(folder, source, folder)).record;
}

/** @throws CheckpointError or SafetensorsError if it is not whole, or if training cannot go on from it any more. */
export async function readCheckpoint(
  checkpoints: string,
  step: number,
): Promise<{ readonly state: State; readonly progress: Progress }> {
  const path = join(checkpoints, checkpointName(step), tensorsFile);
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata[reducedKey] !== undefined) {
    throw new CheckpointError(
      `${path}: training cannot go on from this checkpoint, because its optimizer state was removed once a newer one was there; put the newer checkpoint back, or start a new run from this one's model`,
    );
  }
  let stored: unknown;
  try {
    stored = JSON.parse(metadata[metadataKey] ?? '');
  } catch {
    throw new SafetensorsError(path, 'it does not say where the run was');
  }
  const progress = v.safeParse(progressSchema, stored);
  if (!progress.success || progress.output.step !== step) {
    throw new SafetensorsError(path, 'what it says of where the run was is damaged');
  }
  return { state: tensors, progress: progress.output };
}

/** Removes all but the newest `keep` and those in `except`, and what crashes left behind. */
export async function removeOldCheckpoints(
  checkpoints: string,
  keep: number,
  except: readonly number[],
): Promise<void> {
  const steps = await listCheckpoints(checkpoints);
  for (const step of steps.slice(0, -keep)) {
    if (except.includes(step)) continue;
    // Renamed first, so that a crash meanwhile does not leave a checkpoint with files missing.
    const name = checkpointName(step);
    await rename(join(checkpoints, name), join(checkpoints, `.${name}.tmp`));
  }
  await removeUnfinished(checkpoints);
}

/**
 * Leaves of every checkpoint but the newest only what readers want to know of its training, such as the thresholds: weights and moments,
 * three quarters of a checkpoint, are there for training to go on, which it does from the newest. A crash at any moment leaves the
 * newest whole, and each of the others with its old file or its new one.
 */
export async function reduceOldCheckpoints(checkpoints: string): Promise<void> {
  const steps = await listCheckpoints(checkpoints);
  for (const step of steps.slice(0, -1)) {
    const path = join(checkpoints, checkpointName(step), tensorsFile);
    const file = await readSafetensors(path, (name) => !/^(?:weight|adam\.[mv])\//u.test(name)).catch(ignoreDamage);
    if (!file || file.metadata[reducedKey] !== undefined) continue;
    const { tensors, metadata } = file;
    // Not in the checkpoint's own folder, where a crash would leave it.
    const temporary = join(checkpoints, `.${randomBytes(6).toString('hex')}.tmp`);
    await writeSafetensors(temporary, {
      tensors,
      metadata: { ...metadata, [reducedKey]: 'without weights and moments' },
    });
    await rename(temporary, path);
    await syncFolder(dirname(path));
  }
}

/** What somebody removed or damaged in an old checkpoint is no reason for the run to end. */
function ignoreDamage(error: unknown): undefined {
  if (!(error instanceof SafetensorsError)) throw error as Error;
}

/** Removes temporary files and folders of this run, and puts back what had stepped aside. Only for its one trainer. */
export async function removeUnfinished(checkpoints: string): Promise<void> {
  const names = await readdir(checkpoints).catch((): string[] => []);
  for (const name of names) {
    if (!/^\..*\.tmp$/u.test(name)) continue;
    const target = name.slice(1, -besideSuffix.length);
    // Killed between its two renames, a checkpoint that replaces another leaves neither in its place.
    const isLost = name.endsWith(besideSuffix) && !names.includes(target);
    if (isLost) await rename(join(checkpoints, name), join(checkpoints, target));
    else await rm(join(checkpoints, name), { recursive: true, force: true });
  }
}

/** Ends the name of a checkpoint that has stepped aside for another of the same step. */
const besideSuffix = '.before.tmp';

/** Weights that are not trained stand in the model, and gradients are summed anew after every update. */
function isKept(name: string, parameters: readonly TrainedParameter[]): boolean {
  if (name.startsWith('gradient/')) return false;
  return !parameters.some(({ initializer, trained }) => !trained && name === `weight/${initializer}`);
}

interface Counts {
  readonly record: CheckpointCounts;
  readonly zeros: ReadonlyMap<string, number>;
}

/** What is no longer in the model counts as zero. */
async function countCheckpoint(
  folder: string,
  { parameters, removed }: CheckpointSource,
  name: string,
): Promise<Counts> {
  const file = await loadModel(join(folder, 'model.onnx'));
  const { initializers } = file.model.graph;
  const zeros = new Map<string, number>();
  const sums = { all: 0, zeros: 0, gated: 0, gatedZeros: 0 };
  for (const parameter of parameters) {
    const { initializer, dims } = parameter;
    const tensor = initializers.get(initializer);
    const length = sizeOf(dims);
    if (tensor?.data.length !== length) throw new CheckpointError(`${name}: the written model lacks "${initializer}"`);
    const count = length - countNonZero(tensor);
    zeros.set(initializer, count);
    sums.all += length;
    sums.zeros += count;
    if (isGated(parameter)) {
      sums.gated += length;
      sums.gatedZeros += count;
    }
  }
  let bytes = 0;
  for (const path of modelFiles(file)) bytes += (await stat(path)).size;
  const share = (zeros: number, all: number, gone: number): number => (all === 0 ? 0 : (zeros + gone) / (all + gone));
  const record = {
    sparsity: share(sums.gatedZeros, sums.gated, removed.gated),
    sparsityOfAll: share(sums.zeros, sums.all, removed.all),
    parameters: sums.all,
    nonZeroParameters: sums.all - sums.zeros,
    bytes,
  };
  return { record, zeros };
}

/** Sparsity that is lost on saving is the oldest complaint about pruning tools. */
function compareZeros(
  weights: ReadonlyMap<string, Tensor>,
  { zeros }: Counts,
  parameters: readonly TrainedParameter[],
  name: string,
): void {
  for (const { initializer, gate, groups = [] } of parameters) {
    const tensor = weights.get(initializer);
    if ((gate === undefined && groups.length === 0) || !tensor) continue;
    const wanted = tensor.data.length - countNonZero(tensor);
    const found = zeros.get(initializer);
    if (found !== wanted) {
      throw new CheckpointError(
        `${name}: "${initializer}" should have ${wanted} zeros, but ${found ?? 0} were written`,
      );
    }
  }
}

/** A rename cannot replace a folder that has files in it, so an earlier checkpoint of the same step steps aside first. */
async function replaceFolder(temporary: string, target: string): Promise<void> {
  const aside = join(dirname(target), `.${basename(target)}${besideSuffix}`);
  await rm(aside, { recursive: true, force: true });
  const before = await rename(target, aside).then(
    () => true,
    () => false,
  );
  await rename(temporary, target);
  await syncFolder(dirname(target));
  if (before) await rm(aside, { recursive: true, force: true });
}
