/** Parquet files with recordings, as Hugging Face's data sets keep them: `{bytes, path}` in a column. */

import { asyncBufferFromFile, parquetMetadataAsync, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { parquetAudioColumn } from '../../../protocol/manifests/parquetColumns.ts';

export interface ParquetFile {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  /** The column whose values hold a recording; undefined if there is none. */
  readonly audioColumn: string | undefined;
}

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
  return { file, metadata, audioColumn: parquetAudioColumn(metadata) };
}
