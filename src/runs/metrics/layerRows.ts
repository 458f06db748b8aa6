/** layers.f32: a row for each step line of metrics.jsonl, in its order, with `[threshold, sparsity]` of every layer as little-endian float32. */

import { open, type FileHandle } from 'node:fs/promises';
import { unknownLayers, type LayerNumbers } from '../../protocol/series.ts';
import { readUpTo } from './lineReader.ts';

const layerBytes = 8;

/** Bytes of a row. @param layers how many the start line names. */
export const rowBytes = (layers: number): number => layers * layerBytes;

/** A step's numbers as they stand in the file. */
export function packRow({ thresholds, sparsities }: LayerNumbers): Buffer {
  const row = Buffer.alloc(rowBytes(sparsities.length));
  for (const [layer, sparsity] of sparsities.entries()) {
    row.writeFloatLE(thresholds[layer] ?? NaN, layer * layerBytes);
    row.writeFloatLE(sparsity, layer * layerBytes + 4);
  }
  return row;
}

/** The rows that are there when the file is opened. */
export class LayerRows {
  private readonly file: FileHandle | undefined;
  private readonly size: number;

  private constructor(file: FileHandle | undefined, size: number) {
    this.file = file;
    this.size = size;
  }

  /** Without a file there are no rows. Open it after the size of metrics.jsonl is known: then every line within that size has its row. */
  static async open(path: string): Promise<LayerRows> {
    const file = await open(path, 'r').catch(() => undefined);
    const found = await file?.stat().catch(() => undefined);
    return new LayerRows(file, found?.isFile() ? found.size : 0);
  }

  /** Rows that are there, whole. @param layers in a row; without any, no row is missing. */
  count(layers: number): number {
    return layers === 0 ? Infinity : Math.floor(this.size / rowBytes(layers));
  }

  /** The numbers of the first `kept` of a row's `layers`; NaN if the row is not there. */
  async read(row: number, layers: number, kept: number): Promise<LayerNumbers> {
    const numbers = unknownLayers(kept);
    if (!this.file || !(row < this.count(layers))) return numbers;
    const bytes = Buffer.allocUnsafe(rowBytes(kept));
    const offset = row * rowBytes(layers);
    const found = await readUpTo(this.file, bytes, offset, offset + bytes.length);
    for (let at = 0; (at + 1) * layerBytes <= found.length; at++) {
      numbers.thresholds[at] = found.readFloatLE(at * layerBytes);
      numbers.sparsities[at] = found.readFloatLE(at * layerBytes + 4);
    }
    return numbers;
  }

  async close(): Promise<void> {
    await this.file?.close();
  }
}
