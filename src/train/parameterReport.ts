/** Counts a model's parameters and zeros, tensor by tensor, over everything and over what is gated. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { countNonZero } from '../onnx/count.ts';
import type { ModelFile } from '../onnx/load.ts';
import { exposeParameters, type Parameter } from '../onnx/parameters.ts';
import { sizeOf } from '../onnx/tensor.ts';
import { completeSettings } from '../protocol/settings.ts';
import { chooseGates, defaultGateRules, type GateRules } from '../prune/chooseGates.ts';

export interface TensorReport {
  /** As PyTorch calls it: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. */
  readonly name: string;
  /** The module without what all modules start with: `encoder.layers.0.attention.q_proj`. */
  readonly layer: string;
  readonly role: Parameter['role'];
  readonly opType: string;
  /** As it is stored; a linear layer's matrix is [in, out] in most exports. */
  readonly dims: readonly number[];
  readonly parameters: number;
  readonly zeros: number;
  /** zeros / parameters */
  readonly sparsity: number;
  readonly gated: boolean;
  /** Why it is gated, or not. */
  readonly reason: string;
}

export interface ParameterTotals {
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** The share of zeros among all parameters. */
  readonly sparsity: number;
  readonly gated: {
    /** Whose choice of layers this is: the run that wrote the checkpoint, or Pinch's default. */
    readonly by: 'run' | 'default';
    readonly parameters: number;
    readonly nonZeroParameters: number;
    /** The share of zeros among the gated weights. */
    readonly sparsity: number;
  };
}

export interface ParameterReport {
  readonly tensors: readonly TensorReport[];
  readonly totals: ParameterTotals;
}

/** Reads every parameter of the model. @throws OnnxFileError if some cannot be read. */
export async function reportParameters(file: ModelFile): Promise<ParameterReport> {
  const rules = await rulesOfRun(file.folder);
  const exposed = exposeParameters(file);
  const { initializers } = exposed.file.model.graph;
  const tensors = chooseGates(exposed.parameters, rules ?? defaultGateRules).map(
    ({ parameter, gated, reason }): TensorReport => {
      const { name, layer, role, opType, dims, initializer } = parameter;
      const tensor = initializers.get(initializer);
      if (!tensor) throw new Error(`${file.path}: the parameter ${name} has no stored tensor.`);
      const parameters = sizeOf(dims);
      const zeros = parameters - countNonZero(tensor);
      return { name, layer, role, opType, dims, parameters, zeros, sparsity: share(zeros, parameters), gated, reason };
    },
  );
  const gated = totalsOf(tensors.filter((tensor) => tensor.gated));
  return { tensors, totals: { ...totalsOf(tensors), gated: { by: rules ? 'run' : 'default', ...gated } } };
}

function totalsOf(tensors: readonly TensorReport[]): Omit<ParameterTotals, 'gated'> {
  const parameters = tensors.reduce((sum, tensor) => sum + tensor.parameters, 0);
  const zeros = tensors.reduce((sum, tensor) => sum + tensor.zeros, 0);
  return { parameters, nonZeroParameters: parameters - zeros, sparsity: share(zeros, parameters) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** The gates' settings in the run.json above a checkpoint; undefined for a model that is no checkpoint of ours. */
async function rulesOfRun(folder: string): Promise<GateRules | undefined> {
  const checkpoints = dirname(folder);
  if (basename(checkpoints) !== 'checkpoints') return undefined;
  try {
    const run = JSON.parse(await readFile(join(dirname(checkpoints), 'run.json'), 'utf8')) as { settings?: unknown };
    return completeSettings(run.settings).gates;
  } catch {
    // A folder of that name elsewhere, or a run of another version: the default says what it is, and the report whose choice it was.
    return undefined;
  }
}
