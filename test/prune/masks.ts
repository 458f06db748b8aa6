/** Random keep masks, and models that have zeros where these keep nothing. */

import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { Model } from '../../src/onnx/graph/graph.ts';
import type { ModelFile } from '../../src/onnx/file/load.ts';
import { rewriteFile } from '../../src/onnx/file/rewriteFile.ts';
import type { Tensor } from '../../src/onnx/graph/tensor.ts';
import { findGroups } from './findGroups.ts';
import { zeroGroups, type Keep } from '../../src/prune/shrink/cut.ts';

/** How many groups of a layer are kept; `mixed` is another of the kinds for each layer. */
export type Kind = 'all' | 'some' | 'one' | 'none' | 'mixed';

/** A mask for each grouped layer, by its name. */
export function masksFor(model: Model, gated: ReadonlySet<string>, kind: Kind, seed: number): Map<string, Uint8Array> {
  let state = seed;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 10; i++) random();
  const kinds = ['some', 'one', 'none', 'all'] as const;
  return new Map(
    findGroups(model, gated).layers.map(({ name, groups }, layer) => {
      const own = kind === 'mixed' ? (kinds[(layer + seed) % kinds.length] ?? 'some') : kind;
      const chosen = Math.floor(random() * groups);
      const share = random();
      const keeps = (i: number): boolean => {
        if (own === 'all' || own === 'none') return own === 'all';
        return i === chosen || (own === 'some' && random() < share);
      };
      return [name, Uint8Array.from({ length: groups }, (_, i) => Number(keeps(i)))];
    }),
  );
}

export function maskedFile(file: ModelFile, gated: ReadonlySet<string>, keep: ReadonlyMap<string, Keep>): ModelFile {
  const masked = new Map<string, Tensor>();
  for (const { name, slices } of findGroups(file.model, gated).layers) {
    for (const slice of slices) {
      const tensor = masked.get(slice.initializer) ?? file.model.graph.initializers.get(slice.initializer);
      const own = keep.get(name);
      if (tensor && own) masked.set(slice.initializer, zeroGroups(tensor, [{ slice, keep: own }]));
    }
  }
  return rewriteFile(file, file.model.graph.nodes, masked);
}

/** The file of a model whose tensors all stand in it. */
export function modelBytes({ proto }: ModelFile): Uint8Array {
  return toBinary(ModelProtoSchema, proto);
}
