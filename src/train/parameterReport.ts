/** Counts a model's parameters and zeros, tensor by tensor, over everything and over what is gated. */

import { countNonZero } from '../onnx/count.ts';
import type { ModelFile } from '../onnx/load.ts';
import type { Parameter } from '../onnx/parameters.ts';
import { sizeOf, type DataType } from '../onnx/tensor.ts';
import { storedParameters, type StoredParameter, type StoredParameters } from './storedParameters.ts';

export interface TensorReport {
  /** As PyTorch calls it: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. */
  readonly name: string;
  /** The module without what all modules start with: `encoder.layers.0.attention.q_proj`. */
  readonly layer: string;
  readonly role: Parameter['role'];
  readonly opType: string;
  /** Of its elements in the file: int8 of quantized weights. */
  readonly type: DataType;
  /** As it is stored; a linear layer's matrix is [in, out] in most exports. */
  readonly dims: readonly number[];
  readonly parameters: number;
  readonly zeros: number;
  /** zeros / parameters */
  readonly sparsity: number;
  readonly gated: boolean;
  /** Why it is gated, or not. */
  readonly reason: string;
  /** In units of the layer's root-mean-square weight before training; null if there is none or it is not known. */
  readonly threshold: number | null;
}

export interface ParameterTotals {
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** The share of zeros among all parameters. */
  readonly sparsity: number;
  readonly gated: {
    /** Whose choice of layers this is: the run that wrote the checkpoint, or Pinch's default. */
    readonly by: StoredParameters['by'];
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
  const { by, parameters } = await storedParameters(file);
  return reportOf(parameters, by);
}

export function reportOf(parameters: readonly StoredParameter[], by: StoredParameters['by']): ParameterReport {
  const tensors = parameters.map(({ parameter, tensor, type, gated, reason, threshold }): TensorReport => {
    const { name, layer, role, opType, dims } = parameter;
    const all = sizeOf(dims);
    const zeros = all - countNonZero(tensor);
    const counts = { parameters: all, zeros, sparsity: share(zeros, all) };
    return { name, layer, role, opType, type, dims, ...counts, gated, reason, threshold: threshold?.value ?? null };
  });
  const gated = totalsOf(tensors.filter((tensor) => tensor.gated));
  return { tensors, totals: { ...totalsOf(tensors), gated: { by, ...gated } } };
}

function totalsOf(tensors: readonly TensorReport[]): Omit<ParameterTotals, 'gated'> {
  const parameters = tensors.reduce((sum, tensor) => sum + tensor.parameters, 0);
  const zeros = tensors.reduce((sum, tensor) => sum + tensor.zeros, 0);
  return { parameters, nonZeroParameters: parameters - zeros, sparsity: share(zeros, parameters) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
