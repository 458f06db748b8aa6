/** Where in a page each of its values stands, so that one of them can be read without the others. */

import type { CompressionCodec } from 'hyparquet';
import { maxFileBytes } from '../limits.ts';
import { readHybrid } from './levels.ts';
import type { Page } from './pages.ts';
import { Section, type Cursor } from './section.ts';

/** Values of bytes that stand one after another. */
export interface PlacedValues {
  readonly section: Section;
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

/** A page of data: for each row the index of its value, or -1 if it has none. */
export interface PlacedRows {
  readonly values: Int32Array;
  /** The values; undefined if they are those of the dictionary. */
  readonly own: PlacedValues | undefined;
}

export interface PageSource {
  readonly path: string;
  readonly codec: CompressionCodec;
  /** The level of definition that means a value is there; 0 if values always are. */
  readonly defined: number;
}

/** Goes through a dictionary once. @throws Error if it is broken. */
export function placeDictionary({ header, offset }: Page, source: PageSource): PlacedValues {
  const { compressed_page_size: packed, uncompressed_page_size: unpacked } = header;
  const section = new Section({ ...source, offset, packed, unpacked });
  const count = header.dictionary_page_header?.num_values ?? 0;
  return placeValues(section, section.cursor(), count);
}

/** Whether values of this page can be read by their place: those of other encodings stand not alone. @throws Error for none. */
export function isPlaced({ header }: Page): boolean {
  const { encoding } = header.data_page_header ?? header.data_page_header_v2 ?? header.dictionary_page_header ?? {};
  if (encoding === undefined) throw new Error('the parquet file is broken');
  return ['PLAIN', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY'].includes(encoding);
}

/** Goes through a page of data once. @throws Error if it is broken. */
export function placeRows({ header, offset, rows }: Page, source: PageSource): PlacedRows {
  const { compressed_page_size: packed, uncompressed_page_size: unpacked, data_page_header_v2: second } = header;
  const { defined } = source;
  const width = 32 - Math.clz32(defined);
  if (rows > mostRows) throw new Error('the parquet file is broken');
  // In the second version levels stand before the values, never packed.
  const before = second ? second.repetition_levels_byte_length + second.definition_levels_byte_length : 0;
  if (!(before >= 0 && before <= Math.min(packed, unpacked))) throw new Error('the parquet file is broken');
  const codec = second?.is_compressed === false ? 'UNCOMPRESSED' : source.codec;
  const section = new Section({
    ...source,
    codec,
    offset: offset + before,
    packed: packed - before,
    unpacked: unpacked - before,
  });
  const cursor = section.cursor();
  let levels: Uint32Array | undefined;
  if (second && defined > 0) {
    const plain = new Section({ ...source, codec: 'UNCOMPRESSED', offset, packed: before, unpacked: before });
    const bytes = plain.at(second.repetition_levels_byte_length, second.definition_levels_byte_length);
    levels = readHybrid(bytes, width, rows);
  } else if (defined > 0) {
    const length = uint32(cursor.take(4));
    if (length > 4 * mostRows) throw new Error('the parquet file is broken');
    levels = readHybrid(cursor.take(length), width, rows);
  }
  const values = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) values[row] = !levels || levels[row] === defined ? count++ : -1;
  const { encoding } = header.data_page_header ?? second ?? {};
  if (encoding === 'PLAIN') return { values, own: placeValues(section, cursor, count) };
  const indices = readIndices(section, cursor, count);
  for (let row = 0; row < rows; row++) {
    const value = values[row] ?? -1;
    if (value >= 0) values[row] = indices[value] ?? -1;
  }
  return { values, own: undefined };
}

/** Pages of recordings have thousands. */
const mostRows = 1 << 22;

/** Indices into the dictionary: their width in bits, and then they. */
function readIndices(section: Section, cursor: Cursor, count: number): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  const left = section.length - cursor.position;
  if (left > 8 * mostRows) throw new Error('the parquet file is broken');
  const bytes = cursor.take(left);
  const width = bytes[0] ?? 0;
  if (width > 32) throw new Error('the parquet file is broken');
  return readHybrid(bytes.subarray(1), width, count);
}

/** Each value is its length in four bytes, and then its bytes. */
function placeValues(section: Section, cursor: Cursor, count: number): PlacedValues {
  if (!(count >= 0 && count <= mostRows && 4 * count <= section.length)) throw new Error('the parquet file is broken');
  const starts = new Float64Array(count);
  const lengths = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const length = uint32(cursor.take(4));
    if (length > maxFileBytes) throw new Error(`a recording of it is larger than ${maxFileBytes / 2 ** 20} MB`);
    starts[i] = cursor.position;
    lengths[i] = length;
    cursor.skip(length);
  }
  return { section, starts, lengths };
}

function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
