/** Chooses what Pinch needs of a repository on the hub: the weights once, and what says how they hear and write. */

import { posix } from 'node:path';
import { quoted } from '../../base/errors.ts';
import { processorFiles } from '../../speech/text/processor.ts';
import { weightNames } from '../checkpoint/openCheckpoint.ts';

/** A file of a repository. */
export interface HubFile {
  /** In the repository, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: { readonly algorithm: 'sha256' | 'git'; readonly hex: string };
}

/**
 * The files to fetch, the small ones first, so that a wrong model shows early.
 * @param files of the repository, all of them.
 * @param wanted more files by their paths; one that is an ONNX model is taken instead of other weights.
 * @throws Error in one sentence if there are no weights, several to choose from, or no file that is wanted.
 */
export function chooseFiles(files: readonly HubFile[], wanted: readonly string[] = []): HubFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const named = wanted.map((path) => {
    const file = byPath.get(path);
    if (file) return file;
    throw new Error(`The repository has no file ${quoted(path)}; ${listed(files.map((each) => each.path))}.`);
  });
  const models = named.filter(({ path }) => path.endsWith('.onnx'));
  const weights = models.length > 0 ? models : weightsOf(files);
  const beside = processorFiles.map((name) => byPath.get(name)).filter((file) => file !== undefined);
  const data = [...weights, ...named].flatMap(({ path }) => files.filter((file) => isDataOf(path, file.path)));
  return Array.from(new Set([...beside, ...weights, ...named, ...data])).sort((a, b) => a.size - b.size);
}

/** Files of a checkpoint in parts, which its index names, with their number. */
const partNames: Readonly<Record<string, RegExp>> = {
  'model.safetensors.index.json': /^model-\d+-of-(\d+)\.safetensors$/u,
  'pytorch_model.bin.index.json': /^pytorch_model-\d+-of-(\d+)\.bin$/u,
};

/** @throws Error if some are missing, as they may be in a cache. */
function partsOf(index: string, files: readonly HubFile[]): HubFile[] {
  const pattern = partNames[index];
  if (!pattern) return [];
  const parts = files.filter(({ path }) => pattern.test(path));
  const count = Number(pattern.exec(parts[0]?.path ?? '')?.[1] ?? 1);
  if (parts.length >= count) return parts;
  throw new Error(`Of the weights in parts that ${index} names, only ${parts.length} of ${count} are there.`);
}

function weightsOf(files: readonly HubFile[]): HubFile[] {
  for (const name of weightNames) {
    const file = files.find(({ path }) => path === name);
    if (file) return [file, ...partsOf(name, files)];
  }
  const models = files.filter(({ path }) => /^(onnx\/)?[^/]+\.onnx$/u.test(path));
  const model = ['onnx/model.onnx', 'model.onnx'].map((name) => models.find(({ path }) => path === name)).find(Boolean);
  const [only] = models;
  if (model) return [model];
  if (only && models.length === 1) return [only];
  throw new Error(
    only
      ? `The repository has several models; name one with --file: ${models.map(({ path }) => path).join(', ')}.`
      : `The repository has no weights that Pinch reads (model.safetensors, pytorch_model.bin or an .onnx file); ${listed(files.map(({ path }) => path))}.`,
  );
}

/** Whether a file holds tensors of an ONNX model: `model.onnx_data`, `model.onnx_data_1`, `model.onnx.data`. */
function isDataOf(model: string, path: string): boolean {
  return (
    model.endsWith('.onnx') &&
    posix.dirname(path) === posix.dirname(model) &&
    /^[._]data(_\d+)?$/u.test(path.slice(model.length)) &&
    path.startsWith(model)
  );
}

const mostListed = 12;

function listed(paths: readonly string[]): string {
  if (paths.length === 0) return 'it is empty';
  const shown = paths.slice(0, mostListed).map((path) => (/^[\w./ -]+$/u.test(path) ? path : quoted(path)));
  return `it has ${shown.join(', ')}${paths.length > mostListed ? ` and ${paths.length - mostListed} more` : ''}`;
}
