/** Computes the shape of a model's output for inputs of some size, without running it. */

import { Builder } from '../graph/builder.ts';
import type { Model } from '../graph/graph.ts';
import { specialize } from '../passes/specialize.ts';
import type { Value } from '../graph/value.ts';

export interface AudioIO {
  /** float32 [batch, samples]. */
  readonly audio: string;
  /** Integers or booleans [batch, samples]. */
  readonly mask?: { readonly name: string; readonly type: Value['type'] } | undefined;
  /** The output, of whatever shape. */
  readonly logits: string;
}

export class ShapeProbe {
  private readonly model: Model;
  private readonly io: AudioIO;
  private readonly known = new Map<string, readonly number[] | Error>();

  constructor(model: Model, io: AudioIO) {
    this.model = model;
    this.io = io;
  }

  /** Each size is computed once. @throws as `specialize` if the model cannot take so many utterances or samples. */
  dims(batch: number, samples: number): readonly number[] {
    const key = `${batch}x${samples}`;
    let found = this.known.get(key);
    if (found === undefined) {
      try {
        found = atLength(this.model, this.io, batch, samples).output?.dims ?? [];
      } catch (error) {
        found = error instanceof Error ? error : new Error(String(error));
      }
      this.known.set(key, found);
    }
    if (found instanceof Error) throw found;
    return found;
  }
}

/**
 * Writes the model for inputs of one size. Weight matrices become inputs: no shape depends on their elements, so they need not be read.
 * @throws as `specialize`.
 */
export function atLength(
  model: Model,
  { audio, mask, logits }: AudioIO,
  batch: number,
  samples: number,
): { readonly builder: Builder; readonly output: Value | undefined } {
  const builder = new Builder();
  const dims = [batch, samples];
  const inputs = { [audio]: builder.input(audio, 'float32', dims) };
  if (mask) inputs[mask.name] = builder.input(mask.name, mask.type, dims);
  const matrices = [...model.graph.initializers].filter(([, { type, dims }]) => type === 'float32' && dims.length > 1);
  const parameters = new Map(
    matrices.map(([name, { type, dims }]) => [name, builder.input(`weight/${name}`, type, dims)]),
  );
  const outputs = specialize(model, builder, { inputs, parameters, outputs: [logits] });
  return { builder, output: outputs.get(logits) };
}
