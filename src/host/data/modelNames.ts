/** Names a model for people, and finds the model that a checkpoint was pruned from. */

import { basename, dirname, extname, join } from 'node:path';
import { findModel } from '../../onnx/folder/findModel.ts';
import { folderName } from '../../onnx/folder/folderName.ts';
import { readRun } from '../../runs/state.ts';

export interface CheckpointPlace {
  readonly run: string;
  readonly step: number;
  /** The exported form, such as `int8`, of a model exported from the checkpoint. */
  readonly form?: string;
}

/** Run and step of a checkpoint, read from its path; undefined for any other model. */
export function checkpointOf(model: string): CheckpointPlace | undefined {
  const own = dirname(model);
  const folder = basename(own) === 'onnx' ? dirname(own) : own;
  const [, step, form] = /^step-(\d{1,15})(?:-(\w[\w.]*(?:-\w[\w.]*)*))?$/u.exec(basename(folder)) ?? [];
  const checkpoints = dirname(folder);
  if (step === undefined || basename(checkpoints) !== 'checkpoints') return undefined;
  return { run: dirname(checkpoints), step: Number(step), ...(form === undefined ? {} : { form }) };
}

/**
 * `digits-1, step 500` for a checkpoint, `digits-1, step 500, int8` for a model exported from it. For another model its file name or, where
 * that says nothing, its folder.
 * @param path of an ONNX file, of the weights of a Hugging Face checkpoint, or of a model's folder.
 */
export function titleOf(path: string): string {
  const model = extname(path) === '.onnx' ? path : join(isWeights(path) ? dirname(path) : path, 'model.onnx');
  const other = basename(model) === 'model.onnx' ? [] : [basename(model, extname(model))];
  const checkpoint = checkpointOf(model);
  if (checkpoint) {
    const { run, step, form } = checkpoint;
    return [basename(run), `step ${step}`, ...(form === undefined ? [] : [form]), ...other].join(', ');
  }
  if (other[0] !== undefined) return other[0];
  const folder = dirname(model);
  // A folder named model says as little as the file name.
  return basename(folder) === 'model' ? `${basename(dirname(folder))}/model` : folderName(folder);
}

/** The files in which Hugging Face checkpoints have their weights. */
const isWeights = (path: string): boolean => /\.(safetensors|bin)(\.index\.json)?$/u.test(path);

/** Whether a model certainly precedes another: as its original, or at an earlier step of the same run. */
export function isOlder(model: string, than: string): boolean {
  const [one, other] = [checkpointOf(model), checkpointOf(than)];
  if (!one || !other) return one === undefined && other !== undefined;
  return one.run === other.run && one.step < other.step;
}

/** The inputs of a checkpoint's run. */
export interface RunInputs {
  /** The ONNX file that was pruned; undefined if it no longer exists. */
  readonly model: string | undefined;
  readonly train: string | undefined;
  readonly dev: string | undefined;
}

/** Undefined for a model that is not a checkpoint of a readable run. */
export async function runInputs(model: string): Promise<RunInputs | undefined> {
  const checkpoint = checkpointOf(model);
  if (!checkpoint) return undefined;
  try {
    const { settings } = await readRun(checkpoint.run);
    const path = (key: string): string | undefined => (typeof settings[key] === 'string' ? settings[key] : undefined);
    const original = path('model');
    return {
      model: original === undefined ? undefined : await findModel(original).catch(() => undefined),
      train: path('train'),
      dev: path('dev'),
    };
  } catch {
    return undefined;
  }
}
