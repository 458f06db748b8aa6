/** A safetensors file as a checkpoint: model.safetensors, or adapter.<language>.safetensors. */

import { openSafetensors } from '../../onnx/file/safetensors.ts';
import { elementsOf } from '../../onnx/graph/elements.ts';
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts';

/** @throws SafetensorsError that names the file. */
export async function openSafetensorsFile(path: string): Promise<Checkpoint> {
  const file = await openSafetensors(path);
  const tensors = new Map(
    file.entries.map((entry): [string, CheckpointTensor] => {
      const { name, dims, type: dtype } = entry;
      const readFloat32 = async (): Promise<Float32Array> => {
        const elements = elementsOf(await file.read(entry));
        return elements instanceof Float32Array ? elements : Float32Array.from(elements);
      };
      return [name, { name, dims, dtype, readFloat32 }];
    }),
  );
  return { files: [path], tensors, close: file.close };
}
