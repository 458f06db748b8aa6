/**
 * Computes element-wise work on large tensors in tiles that fit the cache. onnxruntime's CPU provider runs one operator over the whole tensor
 * before the next, so a chain of ten operators on a large matrix reads main memory ten times. A Scan over tiles reads it once.
 */

import type { Builder } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import { int } from '../graph/graph.ts';
import { sizeOf } from '../graph/tensor.ts';

/** Elements of a tile: large enough that a node's fixed cost does not matter, small enough that a chain's tensors share the cache. */
const tileSize = 1 << 16;

/**
 * The tiles of a tensor of `count` elements: [tiles, elements of a tile], equal tiles without a rest. Undefined if it is too small to gain,
 * or has no suitable divisor.
 */
export function tileDims(count: number): readonly [number, number] | undefined {
  const least = Math.ceil(count / tileSize);
  if (least < 2) return undefined;
  for (let tiles = least; tiles <= 4 * least; tiles++) if (count % tiles === 0) return [tiles, count / tiles];
  return undefined;
}

export interface TileResults {
  /** Tensors of the tile's shape. */
  readonly tensors: readonly Value[];
  /** Scalars, summed over all tiles. */
  readonly sums: readonly Value[];
}

/**
 * Applies an element-wise `body` to tensors of one shape, tile by tile if `tileDims` has tiles for their size.
 * The results have the shape of the inputs; the sums are scalars.
 */
export function elementwise(
  b: Builder,
  inputs: readonly Value[],
  body: (b: Builder, inputs: readonly Value[]) => TileResults,
  options: { readonly name: string },
): TileResults {
  const dims = inputs[0]?.dims ?? [];
  const tiled = tileDims(sizeOf(dims));
  if (!tiled || dims.length !== 2 || dims[0] !== tiled[0]) return b.scope(options.name, () => body(b, inputs));
  let count = 0;
  const { outputs } = b.scan(
    [],
    inputs,
    (inner, _, slices) => {
      const { tensors, sums } = body(inner, slices);
      count = tensors.length;
      return { carried: [], outputs: [...tensors, ...sums] };
    },
    { name: options.name },
  );
  return {
    tensors: outputs.slice(0, count),
    sums: outputs.slice(count).map((parts) => b.op('ReduceSum', [parts], { keepdims: int(0) })),
  };
}
