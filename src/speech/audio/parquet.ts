/** Reads single recordings out of parquet files, as Hugging Face's data sets keep them: `{bytes, path}` in a column. */

import { stat } from 'node:fs/promises';
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetPlanGroup } from 'hyparquet/src/plan.js';
import { assembleAsync, asyncGroupToRows, readRowGroup } from 'hyparquet/src/rowgroup.js';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { maxFileBytes } from './limits.ts';

export interface ParquetFile {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  /** The column whose values hold a recording; undefined if there is none. */
  readonly audioColumn: string | undefined;
}

interface Page {
  readonly offset: bigint;
  readonly compressed_page_size: number;
  readonly first_row_index: bigint;
}

interface OpenFile extends ParquetFile {
  readonly changed: string;
  /** By row group: where the pages of its recordings are. */
  readonly pages: Map<number, Page[]>;
}

/** Enough for the header of a page: its statistics hold at most two values, which writers cut. */
const headerBytes = 8192;
/** Files whose places are remembered. */
const keptFiles = 64;
const open = new Map<string, OpenFile>();
/** Row groups with no more recordings than this are read whole, as one page often holds them all. */
const keptBytes = 64 * 2 ** 20;
/** The row group that was read last: utterances tend to be asked for one after another. */
let last:
  { readonly opened: OpenFile; readonly index: number; readonly rows: readonly Record<string, unknown>[] } | undefined;

/** How a recording in a parquet file is named where others have a path. */
export function parquetAudioName(file: string, row: number): string {
  return `${file}#${row}`;
}

/** What such a name means; undefined for every other path. */
export function parseParquetAudio(name: string): { readonly file: string; readonly row: number } | undefined {
  // Millions of paths have no such sign.
  if (!name.includes('#')) return undefined;
  const [, file, row] = /^(.*\.parquet)#(\d+)$/s.exec(name) ?? [];
  return file === undefined ? undefined : { file, row: Number(row) };
}

/** Reads what the file says of itself. @throws Error if it is missing or broken. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const audio = parquetSchema(metadata).children.find(({ children }) =>
    children.some(({ element }) => element.name === 'bytes' && element.type === 'BYTE_ARRAY'),
  );
  return { file, metadata, audioColumn: audio?.element.name };
}

/** The bytes of the recording in a row; only the page that it is in is read. @throws Error if they are not there, or the file is broken. */
export async function readParquetAudio(path: string, row: number): Promise<Uint8Array> {
  const opened = await reopen(path);
  const { file, metadata, audioColumn } = opened;
  if (audioColumn === undefined) throw new Error('it has no column with recordings');
  let groupStart = 0;
  for (const [index, rowGroup] of metadata.row_groups.entries()) {
    const groupRows = Number(rowGroup.num_rows);
    const at = row - groupStart;
    if (at < groupRows) {
      const columns = rowGroup.columns.filter(({ meta_data: meta }) => meta?.path_in_schema[0] === audioColumn);
      if (last?.opened === opened && last.index === index) return recordingOf(last.rows[at], audioColumn, row);
      const isSmall =
        columns.reduce((sum, { meta_data: meta }) => sum + Number(meta?.total_uncompressed_size), 0) <= keptBytes;
      const [from, to] = isSmall ? [0, groupRows] : [at, at + 1];
      const pages = opened.pages.get(index) ?? (await findPages(file, columns));
      opened.pages.set(index, pages);
      const pageLocations = { [`${audioColumn}.bytes`]: pages };
      const plan = parquetPlanGroup({
        rowGroup: { ...rowGroup, columns },
        groupStart,
        groupRows,
        ranges: [[from, to]],
        pageLocations,
      });
      const [group] = plan.groups;
      if (!group) break;
      const options = { file, metadata, compressors, utf8: false };
      const columnsRead = readRowGroup(
        options,
        { metadata, rowStart: row, rowEnd: row + 1, fetches: [], groups: [] },
        group,
      );
      const assembled = assembleAsync(columnsRead, parquetSchema(metadata));
      const rows = (await asyncGroupToRows(assembled, from, to, [audioColumn], 'object')) as Record<string, unknown>[];
      if (isSmall) last = { opened, index, rows };
      return recordingOf(rows[at - from], audioColumn, row);
    }
    groupStart += groupRows;
  }
  throw new Error(`it has no row ${row}`);
}

function recordingOf(value: Readonly<Record<string, unknown>> | undefined, column: string, row: number): Uint8Array {
  const audio = value?.[column] as { readonly bytes?: unknown } | null | undefined;
  if (!(audio?.bytes instanceof Uint8Array)) throw new Error(`row ${row} holds no recording`);
  return audio.bytes;
}

/** Parquet files that changed are opened anew. */
async function reopen(path: string): Promise<OpenFile> {
  const { size, mtimeMs } = await stat(path);
  const changed = `${size} ${mtimeMs}`;
  const before = open.get(path);
  if (before?.changed === changed) return before;
  const opened = { ...(await openParquet(path)), changed, pages: new Map<number, Page[]>() };
  for (const oldest of [...open.keys()].slice(0, Math.max(0, open.size - keptFiles + 1))) open.delete(oldest);
  open.set(path, opened);
  return opened;
}

/**
 * Goes from header to header of the pages that hold the recordings of a row group (parquet.thrift, PageHeader), because few files have an
 * index of them, and a whole group may be larger than memory.
 */
async function findPages(file: AsyncBuffer, columns: FileMetaData['row_groups'][number]['columns']): Promise<Page[]> {
  const meta = columns.find(({ meta_data }) => meta_data?.path_in_schema.at(-1) === 'bytes')?.meta_data;
  if (!meta) throw new Error('it has no column with recordings');
  const end = Number((meta.dictionary_page_offset ?? meta.data_page_offset) + meta.total_compressed_size);
  const pages: Page[] = [];
  let rows = 0n;
  for (let at = Number(meta.dictionary_page_offset ?? meta.data_page_offset); at < end && rows < meta.num_values;) {
    const view = new DataView(await file.slice(at, Math.min(end, at + headerBytes)));
    const reader = { view, offset: 0 };
    const header = deserializeTCompactProtocol(reader) as Record<string, unknown>;
    const [unpacked, packed] = [Number(header['field_2']), Number(header['field_3'])];
    if (!(packed >= 0 && unpacked >= 0 && at + reader.offset + packed <= file.byteLength)) {
      throw new Error('the parquet file is broken');
    }
    if (unpacked > maxFileBytes) throw new Error(`a page of it is larger than ${maxFileBytes / 2 ** 20} MB`);
    const data = (header['field_5'] ?? header['field_8']) as Record<string, unknown> | undefined;
    const length = reader.offset + packed;
    if (data) {
      pages.push({ offset: BigInt(at), compressed_page_size: length, first_row_index: rows });
      rows += BigInt(Math.max(0, Number(data['field_1'])));
    }
    at += length;
  }
  if (pages.length === 0) throw new Error('the parquet file is broken');
  return pages;
}
