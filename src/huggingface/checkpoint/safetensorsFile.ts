/** The tensors of one safetensors file. */

import { readSafetensorsHeader } from '../../onnx/file/safetensorsHeader.ts';
import type { Checkpoint } from './checkpoint.ts';
import { storedTensor } from './storedElements.ts';
import { WeightFile } from './weightFile.ts';

/** @throws WeightFileError if the header and the file do not fit each other. */
export async function openSafetensorsFile(path: string): Promise<Checkpoint> {
  const file = await WeightFile.open(path);
  try {
    const { entries } = await readSafetensorsHeader(path, file.handle);
    const tensors = entries.map(({ name, type, dims, start }) =>
      storedTensor(file, { name, dtype: type, dims, start }),
    );
    return {
      files: [path],
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}
