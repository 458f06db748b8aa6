/** Counts a model's parameters and zeros, tensor by tensor, over everything and over what is gated. */

import { countNonZero } from '../../onnx/file/count.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import type { Parameter } from '../../onnx/model/parameters.ts';
import { sizeOf, type DataType } from '../../onnx/graph/tensor.ts';
import { storedParameters, type StoredParameters } from './storedParameters.ts';

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
  /** Weights of it that were taken out with units and heads, as far as the file says. */
  readonly removed: number;
  /** (zeros + removed) / (parameters + removed) */
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
  /** Weights that were taken out with units and heads, as the file's own record says (pruningRecord); null if it has none. */
  readonly removed: number | null;
  /** The share of zeros among all parameters; what was taken out counts as zero. */
  readonly sparsity: number;
  readonly gated: {
    /** Whose choice of layers this is: the run that wrote the checkpoint, or Pinch's default. */
    readonly by: StoredParameters['by'];
    readonly parameters: number;
    readonly nonZeroParameters: number;
    readonly removed: number | null;
    /** The share of zeros among the gated weights, likewise. */
    readonly sparsity: number;
  };
}

export interface ParameterReport {
  readonly tensors: readonly TensorReport[];
  readonly totals: ParameterTotals;
}

/** What has to be known to read the sparsity of a model without a record. */
export const withoutRecord =
  'The file has no record of units and heads that were taken out, so sparsity is that of the weights in it.';

/** Reads every parameter of the model. @throws OnnxFileError if some cannot be read. */
export async function reportParameters(file: ModelFile): Promise<ParameterReport> {
  return reportOf(await storedParameters(file));
}

export function reportOf({ parameters, by, recorded, gone }: StoredParameters): ParameterReport {
  const tensors = parameters.map(({ parameter, tensor, type, gated, reason, threshold, removed }): TensorReport => {
    const { name, layer, role, opType, dims } = parameter;
    const all = sizeOf(dims);
    const zeros = all - countNonZero(tensor);
    const counts = { parameters: all, zeros, removed, sparsity: share(zeros + removed, all + removed) };
    return { name, layer, role, opType, type, dims, ...counts, gated, reason, threshold: threshold?.value ?? null };
  });
  const totals = (some: (parameter: { readonly gated: boolean }) => boolean): Omit<ParameterTotals, 'gated'> =>
    totalsOf(tensors.filter(some), recorded ? gone.filter(some) : null);
  return { tensors, totals: { ...totals(() => true), gated: { by, ...totals(({ gated }) => gated) } } };
}

/** @param gone parameters that are not in the model any more; null if that is not known. */
function totalsOf(
  tensors: readonly TensorReport[],
  gone: readonly { readonly size: number }[] | null,
): Omit<ParameterTotals, 'gated'> {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const parameters = sum(tensors.map((tensor) => tensor.parameters));
  const zeros = sum(tensors.map((tensor) => tensor.zeros));
  const removed = gone && sum([...gone.map(({ size }) => size), ...tensors.map((tensor) => tensor.removed)]);
  const sparsity = share(zeros + (removed ?? 0), parameters + (removed ?? 0));
  return { parameters, nonZeroParameters: parameters - zeros, removed, sparsity };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
