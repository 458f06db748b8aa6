/** Writes a model with 8-bit weights in ONNX's standard operators: about a quarter of the file. */

import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import type { ModelFile } from '../file/load.ts';
import { exposeParameters, type Parameter } from '../model/parameters.ts';
import { quantizeNodes, type QuantizedNodes } from './quantizeNodes.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { stripMetadata } from '../file/stripMetadata.ts';
import { sizeOf } from '../graph/tensor.ts';

export interface Quantization extends Pick<QuantizedNodes, 'products' | 'stored'> {
  readonly file: ModelFile;
}

/** From this opset on, DequantizeLinear has a scale for each channel. */
const oldestOpset = 13;

/** Smaller tensors gain nothing. */
const fewestWeights = 1024;

/**
 * Weights of matrix products are quantized for each output, and their inputs while the model runs: the product is one of integers
 * (DynamicQuantizeLinear, MatMulInteger, Cast, Mul). A Gemm becomes such a product and an Add. All other weights, such as those of convolutions,
 * are stored as integers with a scale for each output channel, and computed with as before (DequantizeLinear). Zeros stay zeros. The exporter's
 * debug information is removed (stripMetadata).
 * @throws OnnxFileError if there is nothing to quantize, or the weights are not float32 numbers.
 */
export function quantizeModel(file: ModelFile): Quantization {
  const { file: source, parameters } = exposeParameters(file);
  const { model } = source;
  const weights = parameters.filter(
    ({ role, dims }) => role === 'weight' && dims.length >= 2 && sizeOf(dims) >= fewestWeights,
  );
  check(source, weights);
  let quantized: QuantizedNodes;
  try {
    quantized = quantizeNodes(model.graph, weights);
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(file.path, reasonOf(error), error);
  }
  const { nodes, first, added, products, stored } = quantized;
  const written = [...first, ...model.graph.nodes.flatMap((node, index) => nodes[index] ?? [node])];
  return { file: stripMetadata(rewriteFile(source, written, added)), products, stored };
}

function check({ path, model }: ModelFile, weights: readonly Parameter[]): void {
  const opset = model.opsets.get('') ?? 1;
  if (opset < oldestOpset) {
    throw new OnnxFileError(
      path,
      `the model is in ONNX opset ${opset}; export it again with opset ${oldestOpset} or newer`,
    );
  }
  if (weights.length === 0) {
    const before = model.graph.nodes.some(({ opType }) => opType === 'MatMulInteger' || opType === 'DequantizeLinear');
    throw new OnnxFileError(path, before ? 'it is quantized already' : 'there are no weights to quantize');
  }
  for (const { name, initializer } of weights) {
    const type = model.graph.initializers.get(initializer)?.type;
    if (type !== 'float32') {
      throw new OnnxFileError(
        path,
        `"${name}" is ${type ?? 'missing'}, but only float32 models can be quantized; use that export of the model`,
      );
    }
  }
}
