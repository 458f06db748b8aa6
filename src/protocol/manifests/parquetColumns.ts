/** Which column of a parquet file holds recordings. */

import { parquetSchema, type FileMetaData } from 'hyparquet';

/** The column of `{bytes, path}`, as Hugging Face's data sets keep recordings; undefined if there is none. */
export function parquetAudioColumn(metadata: FileMetaData): string | undefined {
  const audio = parquetSchema(metadata).children.find(({ children }) =>
    children.some(({ element }) => element.name === 'bytes' && element.type === 'BYTE_ARRAY'),
  );
  return audio?.element.name;
}
