/** Reads single recordings out of parquet files, however many stand in a row group or in a page. */

import { statSync } from 'node:fs';
import { parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetPlanGroup } from 'hyparquet/src/plan.js';
import { assembleAsync, asyncGroupToRows, readRowGroup } from 'hyparquet/src/rowgroup.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import { maxFileBytes } from '../limits.ts';
import { findPages, type Page } from './pages.ts';
import { openParquet, type ParquetFile } from './parquetFile.ts';
import { isPlaced, placeDictionary, placeRows, type PageSource, type PlacedRows, type PlacedValues } from './values.ts';

interface OpenFile extends ParquetFile {
  readonly path: string;
  readonly changed: string;
  /** By row group. */
  readonly groups: Map<number, Group>;
}

type RowGroup = ParquetFile['metadata']['row_groups'][number];

/** The recordings of a row group, as far as they have been asked for. */
interface Group {
  readonly source: PageSource;
  readonly pages: readonly Page[];
  readonly placed: Map<Page, PlacedRows>;
  dictionary: PlacedValues | undefined;
}

/** Files whose places are remembered. */
const keptFiles = 64;
const open = new Map<string, OpenFile>();

/**
 * The bytes of the recording in a row, and of nothing else.
 * @param most of them, from the start: enough for a header.
 * @throws Error if they are not there, or the file is broken.
 */
export async function readParquetAudio(path: string, row: number, most = Infinity): Promise<Uint8Array> {
  const opened = await reopen(path);
  let first = 0;
  for (const [index, rowGroup] of opened.metadata.row_groups.entries()) {
    const rows = Number(rowGroup.num_rows);
    if (row < first + rows) return readFromGroup(opened, index, { rowGroup, row: row - first, name: row, most });
    first += rows;
  }
  throw new Error(`it has no row ${row}`);
}

interface Wanted {
  readonly rowGroup: RowGroup;
  /** Of the group. */
  readonly row: number;
  /** What messages call it. */
  readonly name: number;
  readonly most: number;
}

async function readFromGroup(opened: OpenFile, index: number, wanted: Wanted): Promise<Uint8Array> {
  const { row, name, most } = wanted;
  const group = opened.groups.get(index) ?? (await openGroup(opened, wanted.rowGroup));
  opened.groups.set(index, group);
  const page = group.pages.find(({ firstRow, rows }) => row >= firstRow && row < firstRow + rows);
  if (!page) throw new Error('the parquet file is broken');
  const dictionary = group.pages.find(({ header }) => header.dictionary_page_header);
  if (!isPlaced(page) || (dictionary && !isPlaced(dictionary))) return readUnplaced(opened, wanted, group.pages);
  const placed = group.placed.get(page) ?? placeRows(page, group.source);
  group.placed.set(page, placed);
  const value = placed.values[row - page.firstRow] ?? -1;
  if (value < 0) throw new Error(`row ${name} holds no recording`);
  if (!placed.own && dictionary) group.dictionary ??= placeDictionary(dictionary, group.source);
  const { section, starts, lengths } = placed.own ?? group.dictionary ?? {};
  const start = starts?.[value];
  if (!section || start === undefined) throw new Error('the parquet file is broken');
  return section.at(start, Math.min(most, lengths?.[value] ?? 0));
}

async function openGroup({ path, metadata, audioColumn }: OpenFile, rowGroup: RowGroup): Promise<Group> {
  const name = [audioColumn ?? '', 'bytes'];
  const meta = rowGroup.columns.find(
    ({ meta_data }) => meta_data?.path_in_schema.join('\0') === name.join('\0'),
  )?.meta_data;
  if (audioColumn === undefined || !meta) throw new Error('it has no column with recordings');
  const schema = getTreePath(parquetSchema(metadata), name);
  if (getMaxRepetitionLevel(schema) > 0) throw new Error('it has several recordings in a row');
  const source = { path, codec: meta.codec, defined: getMaxDefinitionLevel(schema) };
  return { source, pages: await findPages(path, meta), placed: new Map(), dictionary: undefined };
}

/** Bytes of a page that is read whole. */
const mostAtOnce = 256 * 2 ** 20;

/** Of a page whose values do not stand alone, such as those of which only the differences are written. */
async function readUnplaced(
  { file, metadata, audioColumn = '' }: OpenFile,
  { rowGroup, row, name }: Wanted,
  pages: readonly Page[],
): Promise<Uint8Array> {
  const data = pages.filter(({ rows }) => rows > 0);
  if (data.some(({ header }) => header.uncompressed_page_size > mostAtOnce)) {
    throw new Error('a page of it is larger than 256 MB; write it with fewer rows in a group');
  }
  const locations = data.map(({ start, offset, header, firstRow }) => ({
    offset: BigInt(start),
    compressed_page_size: offset - start + header.compressed_page_size,
    first_row_index: BigInt(firstRow),
  }));
  const columns = rowGroup.columns.filter(({ meta_data: meta }) => meta?.path_in_schema[0] === audioColumn);
  const groupRows = Number(rowGroup.num_rows);
  const plan = parquetPlanGroup({
    rowGroup: { ...rowGroup, columns },
    groupStart: 0,
    groupRows,
    ranges: [[row, row + 1]],
    pageLocations: { [`${audioColumn}.bytes`]: locations },
  });
  const [group] = plan.groups;
  if (!group) throw new Error('the parquet file is broken');
  const options = { file, metadata, compressors, utf8: false };
  const query = { metadata, rowStart: row, rowEnd: row + 1, fetches: [], groups: [] };
  const assembled = assembleAsync(readRowGroup(options, query, group), parquetSchema(metadata));
  const [found] = (await asyncGroupToRows(assembled, row, row + 1, [audioColumn], 'object')) as Record<
    string,
    unknown
  >[];
  const audio = found?.[audioColumn] as { readonly bytes?: unknown } | null | undefined;
  if (!(audio?.bytes instanceof Uint8Array)) throw new Error(`row ${name} holds no recording`);
  if (audio.bytes.length > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes / 2 ** 20} MB`);
  return audio.bytes;
}

/** Parquet files that changed are opened anew. */
async function reopen(path: string): Promise<OpenFile> {
  const { size, mtimeMs } = statSync(path);
  const changed = `${size} ${mtimeMs}`;
  const before = open.get(path);
  if (before?.changed === changed) return before;
  const opened = { ...(await openParquet(path)), path, changed, groups: new Map<number, Group>() };
  open.delete(path);
  for (const oldest of [...open.keys()].slice(0, Math.max(0, open.size - keptFiles + 1))) open.delete(oldest);
  open.set(path, opened);
  return opened;
}
