/** Checkpoints in place of ONNX models: each is imported once and kept under its checksum. */

import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hashFiles } from '../onnx/folder/modelFiles.ts';
import { hasNewHead, processorFiles } from '../speech/text/processor.ts';
import { openCheckpoint } from './checkpoint/openCheckpoint.ts';
import { importModel, type ImportOptions } from './importModel.ts';

/** Goes up when another graph is written of the same checkpoint, so that what was kept before is not used any more. */
const formVersion = 2;

/**
 * The folder of a checkpoint that a path means: the path itself, where there are a config.json and weights and no ONNX file, or the folder
 * of a file of weights that it names. Undefined for anything else, such as an ONNX model.
 */
export async function checkpointFolder(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info) return undefined;
  if (!info.isDirectory()) return isWeights(basename(path)) ? dirname(path) : undefined;
  const names = await readdir(path).catch((): string[] => []);
  const isModel = names.some((name) => name.endsWith('.onnx'));
  return !isModel && names.includes('config.json') && names.some(isWeights) ? path : undefined;
}

const isWeights = (name: string): boolean =>
  /^(model.*\.safetensors|pytorch_model.*\.bin)(\.index\.json)?$/u.test(name);

/**
 * The ONNX model of a checkpoint, imported now if it was not before.
 * @param folder the checkpoint's
 * @param kept where imported models are kept, each in a folder of its own
 * @returns the folder with model.onnx
 * @throws as importModel.
 */
export async function keptModel(folder: string, kept: string, options: ImportOptions = {}): Promise<string> {
  const name = await nameOf(folder);
  const checksum = checksumOf(folder, options);
  const alike = (await readdir(kept).catch((): string[] => [])).some((other) => other.startsWith(`${name}-`));
  const pathOf = (sum: string): string => join(kept, `${name}-${sum.slice(0, 12)}`);
  if (alike) {
    const out = pathOf(await checksum);
    if (await isWhole(out)) return out;
  }
  // The checksum of gigabytes takes as long as a third of the import, and has a thread of its own.
  const pending = join(kept, `.${name}-${randomBytes(6).toString('hex')}`);
  try {
    const [sum] = await Promise.all([checksum, importModel(folder, pending, options)]);
    const out = pathOf(sum);
    // Another process may have made it meanwhile, and read it already.
    if (await isWhole(out)) return out;
    await rm(out, { recursive: true, force: true });
    await rename(pending, out);
    return out;
  } finally {
    await rm(pending, { recursive: true, force: true });
  }
}

/** The graph is written last. */
async function isWhole(folder: string): Promise<boolean> {
  return (await stat(join(folder, 'model.onnx')).catch(() => undefined)) !== undefined;
}

/** Whether a model, an ONNX file or its folder, was imported with a new head. */
export async function isImportedWithNewHead(path: string): Promise<boolean> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  return hasNewHead(isFolder ? path : dirname(path));
}

/** SHA-256 of all that the model is made of. */
async function checksumOf(folder: string, { language, head }: ImportOptions): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([formVersion, language, head]));
  for (const name of processorFiles) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content) hash.update(`\n${name} ${content.byteLength}\n`).update(content);
  }
  const checkpoint = await openCheckpoint(folder);
  await checkpoint.close();
  const adapter = language === undefined ? [] : [join(folder, `adapter.${language}.safetensors`)];
  return hash.update(await hashFiles([...checkpoint.files, ...adapter])).digest('hex');
}

/** The folder's name; that of the model where it is a revision in the hub's cache, `models--owner--name/snapshots/revision`. */
async function nameOf(folder: string): Promise<string> {
  const path = await realpath(resolve(folder));
  const [, cached] = /models--(?:[^/\\]*--)?([^/\\]+)[/\\]snapshots[/\\][^/\\]+$/u.exec(path) ?? [];
  const name = (cached ?? basename(path)).replace(/[^\w.-]+/gu, '-');
  return name === '' ? 'model' : name;
}
