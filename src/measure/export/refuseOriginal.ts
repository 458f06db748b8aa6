/** Keeps people's own models from being written over. */

import { OnnxFileError } from '../../base/errors.ts';
import { loadModel } from '../../onnx/file/load.ts';

/** Operators of weights in 8 bits: a trained model that somebody exports has none. */
const quantized: ReadonlySet<string> = new Set(['DynamicQuantizeLinear', 'DequantizeLinear', 'MatMulInteger']);

/**
 * @param target the ONNX file that is about to be written.
 * @throws OnnxFileError if a model is there that shows no trace of Pinch, as an exporter has left it. What Pinch wrote may be written again.
 */
export async function refuseOriginal(target: string): Promise<void> {
  const found = await loadModel(target).catch(() => undefined);
  if (!found) return;
  const { producerName, metadataProps } = found.proto;
  const isOurs = producerName === 'pinch' || metadataProps.some(({ key }) => key.startsWith('pinch.'));
  if (isOurs || found.model.graph.nodes.some(({ opType }) => quantized.has(opType))) return;
  throw new OnnxFileError(
    target,
    'a model is there that Pinch did not write, and it would be lost; choose another folder, or delete it first',
  );
}
