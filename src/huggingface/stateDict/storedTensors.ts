/** The tensors of an ONNX model by the names that PyTorch has for them, turned to PyTorch's shapes. */

import { floatAttribute } from '../../onnx/graph/graph.ts';
import { elementsOf } from '../../onnx/graph/elements.ts';
import { sizeOf, type Tensor } from '../../onnx/graph/tensor.ts';
import { transposed } from '../../onnx/graph/transposed.ts';
import { exposeParameters } from '../../onnx/model/parameters.ts';
import type { ModelFile } from '../../onnx/file/load.ts';

export interface StoredTensor {
  /** As PyTorch has it. */
  readonly dims: readonly number[];
  readonly make: () => Float32Array<ArrayBuffer>;
  /** Whether the graph trains it; others may be constants that have nothing to do with the model's names. */
  readonly isParameter?: boolean;
}

/**
 * Every parameter, and the statistics of batch normalizations.
 * @param file of float weights; see dequantizeModel.
 */
export function storedTensors(file: ModelFile): Map<string, StoredTensor> {
  const { file: exposed, parameters } = exposeParameters(file);
  const { initializers, nodes } = exposed.model.graph;
  const found = new Map<string, StoredTensor>();
  const byInitializer = new Map<string, string>();
  for (const { name, initializer, transposed: turned } of parameters) {
    const tensor = initializers.get(initializer);
    if (!tensor) continue;
    byInitializer.set(initializer, name);
    found.set(name, { ...(turned ? turnedTensor(tensor) : plainTensor(tensor)), isParameter: true });
  }
  for (const node of nodes) {
    if (node.opType !== 'BatchNormalization') continue;
    const [, scale = '', , mean = '', variance = ''] = node.inputs;
    const name = byInitializer.get(scale);
    const [means, variances] = [initializers.get(mean), initializers.get(variance)];
    if (name === undefined || !means || !variances) continue;
    const module = name.replace(/\.weight$/u, '');
    found.set(`${module}.running_mean`, plainTensor(means));
    // PyTorch's own epsilon is another than the node's where an exporter was told so.
    const more = floatAttribute(node, 'epsilon', usualEpsilon) - usualEpsilon;
    const { dims, make } = plainTensor(variances);
    found.set(`${module}.running_var`, {
      dims,
      make: () => (more === 0 ? make() : make().map((value) => value + more)),
    });
  }
  // Others that are stored under PyTorch's names, such as buffers of models that Pinch imported.
  for (const [name, tensor] of initializers) {
    if (!found.has(name) && tensor.type.includes('float')) found.set(name, plainTensor(tensor));
  }
  return found;
}

/** Of ONNX's and of PyTorch's batch normalization. */
export const usualEpsilon = 1e-5;

function plainTensor(tensor: Tensor): StoredTensor {
  return { dims: tensor.dims, make: () => Float32Array.from(elementsOf(tensor)) };
}

function turnedTensor(tensor: Tensor): StoredTensor {
  const dims = tensor.dims.toReversed();
  return { dims, make: () => transposed(elementsOf(tensor), tensor.dims, new Float32Array(sizeOf(dims))) };
}
