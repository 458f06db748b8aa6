/** Finds the pages of a column's part in a row group. */

import type { ColumnMetaData } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { open } from 'node:fs/promises';

type PageHeader = ReturnType<typeof parquetHeader>;

/** A page's header, and where its content stands in the file. */
export interface Page {
  readonly header: PageHeader;
  readonly offset: number;
  /** Where its header stands. */
  readonly start: number;
  /** Of the group; 0 for a dictionary. */
  readonly firstRow: number;
  readonly rows: number;
}

/** Enough for the header of a page: its statistics hold at most two values, which writers cut. */
const headerBytes = 8192;

/**
 * Goes from header to header (parquet.thrift, PageHeader), because few files have an index of them, and a whole group may be larger than
 * memory. A dictionary is among them.
 * @throws Error if the file is broken.
 */
export async function findPages(path: string, meta: ColumnMetaData): Promise<Page[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.min(
      ...[meta.dictionary_page_offset, meta.data_page_offset].filter((at) => at !== undefined && at > 0n).map(Number),
    );
    const end = Math.min(size, start + Number(meta.total_compressed_size));
    const pages: Page[] = [];
    let rows = 0;
    for (let at = start; at < end && rows < Number(meta.num_values);) {
      const bytes = new Uint8Array(Math.min(headerBytes, end - at));
      await file.read(bytes, 0, bytes.length, at);
      const reader = { view: new DataView(bytes.buffer), offset: 0 };
      const header = parquetHeader(reader);
      const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
      const offset = at + reader.offset;
      if (!(packed >= 0 && unpacked >= 0 && offset + packed <= size)) throw new Error('the parquet file is broken');
      const data = header.data_page_header ?? header.data_page_header_v2;
      const count = data ? Math.max(0, data.num_values) : 0;
      if (data || header.dictionary_page_header) pages.push({ header, start: at, offset, firstRow: rows, rows: count });
      rows += count;
      at = offset + packed;
    }
    if (rows === 0) throw new Error('the parquet file is broken');
    return pages;
  } finally {
    await file.close();
  }
}
