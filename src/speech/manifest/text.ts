/** Reads the text files that manifests are made of, gzipped or not. */

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ManifestError } from './utterance.ts';

/** Far beyond any manifest, and still within what one string can hold. */
const maxBytes = 256 * 2 ** 20;

/** The file's text without a byte-order mark. @throws ManifestError if it is missing, too large, broken or not UTF-8. */
export async function readText(path: string): Promise<string> {
  const bytes = await unpack(path, await readBytes(path));
  const binary = binaryKind(bytes);
  if (binary !== undefined) throw new ManifestError(path, undefined, binary);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ManifestError(path, undefined, 'this is not UTF-8 text; save the manifest as UTF-8');
  }
}

/** The first of these files that is there, as it is or with `.gz` behind its name. */
export function findFile(paths: readonly string[]): string | undefined {
  return paths.flatMap((path) => [path, `${path}.gz`]).find((path) => existsSync(path));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new ManifestError(path, undefined, 'this is not a file');
    if (info.size > maxBytes) throw tooLarge(path);
    return await readFile(path);
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ManifestError(path, undefined, missing ? 'no such file' : 'this file cannot be read');
  }
}

async function unpack(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(path);
    throw new ManifestError(path, undefined, 'this gzip file is broken or cut off; compress the manifest again');
  }
}

/** What to do with a file that other tools take for a data set and that is not text; undefined for any other. */
function binaryKind(bytes: Uint8Array): string | undefined {
  const starts = (text: string, at = 0): boolean =>
    Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;
  if (starts('PAR1')) return 'this is a parquet file; give it a name that ends in .parquet';
  if (starts('ARROW1') || (starts('\xff\xff\xff\xff') && bytes.length > 8)) {
    return 'this is an Arrow file; write its audio to files and list them in a manifest of text';
  }
  if (starts('ustar', 257)) return 'this is a tar archive; unpack it and list its audio files in a manifest';
  if (starts('PK\x03\x04')) return 'this is a zip archive; unpack it and list its audio files in a manifest';
  return undefined;
}

function tooLarge(path: string): ManifestError {
  return new ManifestError(path, undefined, `a manifest may have at most ${maxBytes / 2 ** 20} MB; is this audio?`);
}
