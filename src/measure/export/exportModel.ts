/** Writes a model without its dead groups, with 8-bit weights, or both. */

import { byteSize, count } from '../../base/format.ts';
import { realpath } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { OnnxFileError } from '../../base/errors.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { quantizeModel } from '../../onnx/quantize/quantize.ts';
import { simplify } from '../../onnx/passes/simplify.ts';
import type { ExportedModel } from '../../protocol/results/export.ts';
import type { GzipOptions } from '../cost/gzippedSize.ts';
import { countModel } from '../cost/modelCost.ts';
import { describeGzipped } from '../cost/modelSize.ts';
import { copyProcessorFiles } from '../../runfolder/processorCopies.ts';
import { keepRecord } from '../model/keepRecord.ts';
import { shrinkFile } from './shrinkFile.ts';
import { storedParameters } from '../model/storedParameters.ts';
import { textTable } from '../../base/textTable.ts';
import { toleranceFor, writeVerified } from './verifiedWrite.ts';

export interface ExportOptions {
  /** Removes dead units and heads, before weights become integers; see shrinkFile. */
  readonly shrink: boolean;
  /** Stores weights in 8 bits; see quantizeModel. */
  readonly int8: boolean;
  /** The folder to write to. Default: the name of the model's own folder, or of its file, with the form appended. */
  readonly out?: string | undefined;
  /** Whether to compress the whole files for their gzipped size, not only a sample. */
  readonly compressed?: boolean | undefined;
  /** Progress of slow work. */
  readonly onProgress?: ((label: string, done: number, total: number) => void) | undefined;
}

/**
 * Writes `model.onnx` and the files beside the model into a folder, created if needed. Compares the written model with its source
 * (writeVerified) and counts its parameters.
 * @param path a model's folder or ONNX file.
 * @throws OnnxFileError in one sentence if there is no model, nothing to do to it, if the target is the source, or if onnxruntime refuses
 *   the result or computes something else with it. Nothing is left behind then.
 */
export async function exportModel(path: string, options: ExportOptions): Promise<ExportedModel> {
  const { shrink, int8, out, compressed: exact, onProgress } = options;
  const gzip = (whose: string): GzipOptions => ({
    exact,
    onProgress: (done, total) => onProgress?.(`Bytes of the ${whose} model compressed`, done, total),
  });
  const source = await loadModel(path);
  const from = await countModel(source, gzip('given'));
  const folder = out ?? [placeOf(source.path), ...(shrink ? ['shrunk'] : []), ...(int8 ? ['int8'] : [])].join('-');
  const target = join(folder, 'model.onnx');
  await refuseOwnFile(source, target);
  const shrunk = shrink ? shrinkFile(source) : null;
  const smaller = shrunk && shrunk.layers.length > 0 ? keepRecord(shrunk.file, await storedParameters(source)) : source;
  let file = simplify(smaller);
  const quantization = int8 ? quantizeModel(file) : null;
  if (quantization) file = quantization.file;
  await makeFolder(folder);
  await writeVerified(source, file, target, toleranceFor(source, { int8 }));
  await copyProcessorFiles(source.folder, folder);
  const to = await countModel(await loadModel(target), gzip('written'));
  return {
    from,
    to,
    shrunk: shrunk?.layers ?? null,
    int8: quantization && { products: quantization.products, stored: quantization.stored },
  };
}

/** A model's folder. A file with a name of its own may share its folder with other models, and each gets its own exports. */
function placeOf(path: string): string {
  const { dir, name, base } = parse(resolve(path));
  return base === 'model.onnx' ? dir : join(dir, name);
}

async function refuseOwnFile(source: ModelFile, target: string): Promise<void> {
  const there = await realpath(target).catch(() => undefined);
  if (there !== undefined && there === (await realpath(source.path))) {
    throw new OnnxFileError(target, 'the model would be written over itself; choose another folder');
  }
}

export function describeExport({ from, to, shrunk, int8 }: ExportedModel): string {
  const row = (
    name: string,
    figure: 'parameters' | 'nonZeroParameters' | 'bytes',
    text: (value: number) => string,
  ): string[] => {
    return [name, text(from[figure]), text(to[figure]), (to[figure] / from[figure]).toFixed(3)];
  };
  const table = textTable([
    ['', 'before', 'now', 'ratio'],
    row('parameters', 'parameters', count),
    row('  not zero', 'nonZeroParameters', count),
    row('on disk', 'bytes', byteSize),
    ['  gzipped', describeGzipped(from), describeGzipped(to), (to.gzippedBytes / from.gzippedBytes).toFixed(3)],
  ]);
  const amounts = int8 && [
    `8 bits: ${count(int8.products.weights)} weights of ${int8.products.tensors} matrices, which are multiplied in 8 bits,`,
    `and ${count(int8.stored.weights)} of ${int8.stored.tensors} other tensors, which are only stored so.`,
  ];
  return `${shrunk ? describeLayers(shrunk) : ''}${table}${amounts ? `${amounts.join(' ')}\n` : ''}Written: ${to.model}\n`;
}

/** One line for each layer that lost groups. */
function describeLayers(layers: NonNullable<ExportedModel['shrunk']>): string {
  if (layers.length === 0) return 'No unit or head is dead, so nothing was removed.\n';
  const rows = layers.map(({ name, kind, groups, kept, held }) => {
    const note = held
      ? 'one stays, all zeros: the graph cannot do without'
      : kept === 0
        ? 'gone with its operators'
        : '';
    return [name, kind, count(groups), count(kept), note];
  });
  return `${textTable([['layer', 'of', 'before', 'now', ''], ...rows], [1, 4])}\n`;
}
