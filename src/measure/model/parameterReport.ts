/** Counts a model's parameters and zeros tensor by tensor, in all parameters and in the gated ones. */

import { countNonZero } from '../../onnx/file/count.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { ParameterReport, TensorReport } from '../../protocol/results/inspection.ts';
import type { ParameterTotals } from '../../protocol/results/model.ts';
import { storedParameters, type StoredParameters } from './storedParameters.ts';

/** The facts needed to read the sparsity of a model without a record. */
export const withoutRecord =
  'The file has no record of removed units and heads, so sparsity covers only the weights in the file.';

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

/** @param gone parameters that have been removed from the model; null if unknown. */
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
