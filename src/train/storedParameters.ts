/** A model's parameters with what its run says of them: which are gated, and with which thresholds. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { dequantizeModel } from '../onnx/dequantize.ts';
import type { ModelFile } from '../onnx/load.ts';
import { exposeParameters, type Parameter } from '../onnx/parameters.ts';
import type { DataType, Tensor } from '../onnx/tensor.ts';
import { completeSettings, leftOutOfFiles, type RunSettings } from '../protocol/settings.ts';
import { chooseGates, type GateChoice } from '../prune/chooseGates.ts';
import { chooseLayers, type LayerChoice } from './layerChoice.ts';
import { readThresholds, type Threshold } from './thresholds.ts';

export interface StoredParameter {
  readonly parameter: Parameter;
  /** What the model computes with: of quantized weights the float32 numbers that they stand for. */
  readonly tensor: Tensor;
  /** As it is stored: int8 of quantized weights. */
  readonly type: DataType;
  readonly gated: boolean;
  /** Why it is gated, or not. */
  readonly reason: string;
  /** Of single weights, in a checkpoint of ours; null if it is not known, or decides about groups. */
  readonly threshold: Threshold | null;
  /** The grouped layers that gate it, by name. */
  readonly groups: readonly string[];
}

export interface StoredParameters {
  /** Whose choice of gated layers this is: the run that wrote the checkpoint, or Pinch's default. */
  readonly by: 'run' | 'default';
  /** In the order of the nodes that use them. */
  readonly parameters: readonly StoredParameter[];
}

/** @throws OnnxFileError if some cannot be read. */
export async function storedParameters(file: ModelFile): Promise<StoredParameters> {
  const settings = await settingsOfRun(file.folder);
  const { file: plain, types } = dequantizeModel(file);
  const exposed = exposeParameters(plain);
  const { initializers } = exposed.file.model.graph;
  const { choices, layers } = settings
    ? chooseLayers(exposed.file.model, exposed.parameters, settings, settings.granularity === 'weight' ? undefined : 1)
    : { choices: chooseGates(exposed.parameters).map(withoutGate), layers: [] };
  const thresholds = settings ? await readThresholds(file.folder, layers.length) : undefined;
  const parameters = choices.map(({ parameter, gated, reason, gate, groups = [] }): StoredParameter => {
    const tensor = initializers.get(parameter.initializer);
    if (!tensor) throw new Error(`${file.path}: the parameter ${parameter.name} has no stored tensor.`);
    const threshold = gate === undefined ? null : (thresholds?.[gate] ?? null);
    const type = types.get(parameter.initializer) ?? tensor.type;
    const names = groups.flatMap((part) => (part.gated ? (layers[part.gate]?.name ?? []) : []));
    return { parameter, tensor, type, gated, reason, threshold, groups: names };
  });
  return { by: settings ? 'run' : 'default', parameters };
}

const withoutGate = (choice: GateChoice): LayerChoice => ({ ...choice, trained: true });

/** The settings in the run.json above a checkpoint; undefined for a model that is no checkpoint of ours. */
export async function settingsOfRun(folder: string): Promise<RunSettings | undefined> {
  const checkpoints = dirname(folder);
  if (basename(checkpoints) !== 'checkpoints') return undefined;
  try {
    const run = JSON.parse(await readFile(join(dirname(checkpoints), 'run.json'), 'utf8')) as { settings?: unknown };
    return completeSettings(leftOutOfFiles, run.settings);
  } catch {
    // A folder of that name elsewhere, or a run of another version: the default says what it is, and the report whose choice it was.
    return undefined;
  }
}
