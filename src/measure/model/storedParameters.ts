/** A model's parameters with their gates and thresholds, as its run set them. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { exposeParameters, type Parameter } from '../../onnx/model/parameters.ts';
import { sizeOf, type DataType, type Tensor } from '../../onnx/graph/tensor.ts';
import type { RunFile } from '../../protocol/records.ts';
import { settingsOf, type RunSettings } from '../../protocol/settings.ts';
import { chooseGates, type GateChoice } from '../../prune/chooseGates.ts';
import { chooseLayers, type LayerChoice } from '../../state/layerChoice.ts';
import { readRecord, type PruningRecord } from '../../state/pruningRecord.ts';
import { readThresholds, type Threshold } from '../../runfolder/thresholds.ts';

export interface StoredParameter {
  readonly parameter: Parameter;
  /** The values that the model computes with: float32 for quantized weights. */
  readonly tensor: Tensor;
  /** The stored values: int8 for quantized weights. */
  readonly type: DataType;
  readonly gated: boolean;
  /** The reason why it is gated or not. */
  readonly reason: string;
  /** The threshold of single weights in a checkpoint of Pinch; null if unknown, or if the threshold applies to groups. */
  readonly threshold: Threshold | null;
  /** The grouped layers that gate it, by name. */
  readonly groups: readonly string[];
  /** Number of its weights that were removed with units and heads, according to the file. */
  readonly removed: number;
}

/** A parameter that was removed completely. */
export interface GoneParameter {
  readonly name: string;
  readonly size: number;
  readonly gated: boolean;
}

export interface StoredParameters {
  /** The source of the gated layers: the run that wrote the checkpoint, or Pinch's default. */
  readonly by: 'run' | 'default';
  /** In the order of the nodes that use them. */
  readonly parameters: readonly StoredParameter[];
  /** Whether the file records the removed groups; see pruningRecord. */
  readonly recorded: boolean;
  readonly gone: readonly GoneParameter[];
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
  const record = readRecord(file);
  const thresholds = settings ? await readThresholds(file.folder, layers.length) : undefined;
  const parameters = choices.map(({ parameter, gated, reason, gate, groups = [] }): StoredParameter => {
    const tensor = initializers.get(parameter.initializer);
    if (!tensor) throw new Error(`${file.path}: the parameter ${parameter.name} has no stored tensor.`);
    const threshold = gate === undefined ? null : (thresholds?.[gate] ?? null);
    const type = types.get(parameter.initializer) ?? tensor.type;
    const names = groups.flatMap((part) => (part.gated ? (layers[part.gate]?.name ?? []) : []));
    const choice = record ? recordedChoice(record, parameter.name, { gated, reason }) : { gated, reason };
    const removed = Math.max(0, (record?.sizes.get(parameter.name) ?? 0) - sizeOf(parameter.dims));
    return { parameter, tensor, type, ...choice, threshold, groups: names, removed };
  });
  const here = new Set(choices.map(({ parameter }) => parameter.name));
  return {
    by: record?.by ?? (settings ? 'run' : 'default'),
    parameters,
    recorded: record !== undefined,
    gone: [...(record?.sizes ?? [])]
      .filter(([name]) => !here.has(name))
      .map(([name, size]) => ({ name, size, gated: record?.gated.has(name) === true })),
  };
}

/** The file's record has priority over the choice that settings or the default would make now, in a model of other sizes. */
function recordedChoice(
  record: PruningRecord,
  name: string,
  chosen: Pick<StoredParameter, 'gated' | 'reason'>,
): Pick<StoredParameter, 'gated' | 'reason'> {
  const gated = record.gated.has(name);
  if (gated === chosen.gated) return chosen;
  return { gated, reason: gated ? 'gated, as the file says' : 'not gated, as the file says' };
}

const withoutGate = (choice: GateChoice): LayerChoice => ({ ...choice, trained: true });

/** The settings in the run.json above a checkpoint; undefined for any other model. */
export async function settingsOfRun(folder: string): Promise<RunSettings | undefined> {
  const checkpoints = dirname(folder);
  if (basename(checkpoints) !== 'checkpoints') return undefined;
  try {
    const run = JSON.parse(await readFile(join(dirname(checkpoints), 'run.json'), 'utf8')) as Partial<RunFile>;
    return settingsOf({ version: run.version ?? 1, settings: run.settings });
  } catch {
    // The name fits, but the folder is not a run's, or its run is of another version: the default is used, and the report names the source.
    return undefined;
  }
}
