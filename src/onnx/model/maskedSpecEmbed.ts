/**
 * The vector that stands in for hidden frames in training, `masked_spec_embed` in transformers. No node of an ONNX graph reads it, so a model
 * that was imported keeps it in the metadata of its file.
 */

import type { ModelFile } from '../file/load.ts';

const key = 'pinch.masked_spec_embed';

/** Wider models than any there is. */
const widest = 2 ** 16;

/** @param values one for each channel of the model. @returns an entry of a model's metadata. */
export function maskedSpecEmbedEntry(values: Float32Array): readonly [key: string, value: string] {
  return [key, Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64')];
}

/** @returns one number for each channel of the model; undefined if its file has none, or none that can be understood. */
export function maskedSpecEmbedOf({ proto }: Pick<ModelFile, 'proto'>): Float32Array<ArrayBuffer> | undefined {
  const text = proto.metadataProps.find((entry) => entry.key === key)?.value ?? '';
  const bytes = Buffer.from(text.slice(0, 2 * widest * Float32Array.BYTES_PER_ELEMENT), 'base64');
  if (bytes.length === 0 || bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) return undefined;
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  return values.length <= widest && values.every(Number.isFinite) ? values : undefined;
}
