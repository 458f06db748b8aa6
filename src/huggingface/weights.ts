/** Which tensors of a checkpoint the graph uses, and in which form it stores them. */

import type { StreamedWeight } from '../onnx/file/writeModel.ts';
import type { CheckpointTensor } from './checkpoint/checkpoint.ts';
import { ImportError } from './importError.ts';

/** Names that weight normalization's factors had before PyTorch 2.0, by today's. */
const olderNames = {
  'parametrizations.weight.original0': 'weight_g',
  'parametrizations.weight.original1': 'weight_v',
} as const;

/** Told by the modules of a model which parameters they have. Names are those of PyTorch. */
export interface WeightStore {
  /** A parameter as PyTorch has it. @returns its name in the graph */
  store(name: string, dims: readonly number[]): string;
  /** A matrix [out, in] that the graph reads as [in, out]. @returns its name in the graph */
  storeTransposed(name: string, dims: readonly number[]): string;
}

export class Weights implements WeightStore {
  /** In the order in which the graph uses them. */
  readonly used = new Map<string, StreamedWeight>();
  private readonly folder: string;
  private readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  private readonly base: string;
  /** Whether the checkpoint is of the model without a head, whose names lack the model's. */
  private readonly isBase: boolean;

  /**
   * @param folder how messages name the checkpoint
   * @param base what all names but the head's begin with, such as `wav2vec2`
   */
  constructor(folder: string, tensors: ReadonlyMap<string, CheckpointTensor>, base: string) {
    this.folder = folder;
    this.tensors = tensors;
    this.base = `${base}.`;
    this.isBase = ![...tensors.keys()].some((name) => name.startsWith(this.base));
  }

  /**
   * Stores a tensor under its name.
   * @returns the name
   * @throws ImportError if the checkpoint does not have it, or in another shape.
   */
  store(name: string, dims: readonly number[]): string {
    return this.use(name, dims, dims, false);
  }

  /** Stores a matrix [out, in] as [in, out], as a matrix product reads it. */
  storeTransposed(name: string, dims: readonly number[]): string {
    return this.use(name, dims, dims.toReversed(), true);
  }

  /** The vector of hidden frames, which no node reads; undefined if the checkpoint has none of that width. */
  async maskedSpecEmbed(width: number): Promise<Float32Array | undefined> {
    const name = 'masked_spec_embed';
    const tensor = this.tensors.get(this.isBase ? name : this.base + name);
    if (tensor?.dims.length !== 1 || tensor.dims[0] !== width) return undefined;
    const values: number[] = [];
    for await (const piece of tensor.float32Pieces()) values.push(...piece);
    return Float32Array.from(values);
  }

  private use(name: string, dims: readonly number[], stored: readonly number[], transposed: boolean): string {
    if (this.used.has(name)) return name;
    const tensor = this.find(name);
    if (!tensor) {
      throw new ImportError(
        this.folder,
        `the checkpoint has no tensor "${name}", which a model with its config.json needs; fetch the checkpoint again`,
      );
    }
    if (tensor.dims.join() !== dims.join()) {
      throw new ImportError(
        this.folder,
        `the tensor "${tensor.name}" has the shape [${tensor.dims.join(', ')}], but by config.json it is [${dims.join(', ')}]`,
      );
    }
    if (!tensor.dtype.includes('float')) {
      throw new ImportError(
        this.folder,
        `the tensor "${tensor.name}" is of type ${tensor.dtype}, but a weight must be of floats`,
      );
    }
    this.used.set(name, { name, dims: stored, pieces: () => tensor.float32Pieces(transposed) });
    return name;
  }

  private find(name: string): CheckpointTensor | undefined {
    const own = this.isBase && name.startsWith(this.base) ? name.slice(this.base.length) : name;
    for (const [today, older] of Object.entries(olderNames)) {
      if (own.endsWith(today)) return this.tensors.get(own) ?? this.tensors.get(own.replace(today, older));
    }
    return this.tensors.get(own);
  }
}
