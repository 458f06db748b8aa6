/** Writes a model without its dead groups, with 8-bit weights, or for another program. */

import { byteSize, count } from '../../base/format.ts';
import { realpath } from 'node:fs/promises';
import { join, parse, resolve } from 'node:path';
import { OnnxFileError } from '../../base/errors.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { quantizeModel, type Quantization } from '../../onnx/quantize/quantize.ts';
import { simplify } from '../../onnx/passes/simplify.ts';
import type { ExportedModel, ExportTarget } from '../../protocol/results/export.ts';
import type { CountedModel } from '../../protocol/results/model.ts';
import type { GzipOptions } from '../cost/gzippedSize.ts';
import { countModel } from '../cost/modelCost.ts';
import { describeGzipped } from '../cost/modelSize.ts';
import { copyProcessorFiles } from '../../runfolder/processorCopies.ts';
import { keepRecord } from '../model/keepRecord.ts';
import { refuseOriginal } from './refuseOriginal.ts';
import { shrinkFile } from './shrinkFile.ts';
import { storedParameters } from '../model/storedParameters.ts';
import { textTable } from '../../base/textTable.ts';
import { writeHuggingface } from './huggingfaceFolder.ts';
import { writeTransformersJs } from './transformersJsFolder.ts';
import { toleranceFor, writeVerified } from './verifiedWrite.ts';

export interface ExportOptions {
  /** Who is to use the model, which decides what files are written: onnxruntime by default. */
  readonly for?: ExportTarget | undefined;
  /** Without units and heads that are dead; see shrinkFile. Before weights become integers. */
  readonly shrink: boolean;
  /** Stores weights in 8 bits; see quantizeModel. */
  readonly int8: boolean;
  /** The folder to write to. Default: the name of the model's own folder, or of its file, with the form appended. */
  readonly out?: string | undefined;
  /** The folder to name it after, if not the model's own. */
  readonly place?: string | undefined;
  /** Whether to compress the whole files for their gzipped size, not only a sample. */
  readonly compressed?: boolean | undefined;
  /** Progress of slow work. */
  readonly onProgress?: ((label: string, done: number, total: number) => void) | undefined;
}

/**
 * Writes a model and the files that stand beside it into a folder, which is made if it is not there, runs what was written beside the
 * model it came from (writeVerified), and counts it.
 * @param path a model's folder or ONNX file.
 * @throws OnnxFileError in one sentence if there is no model, nothing to do to it, if the target is the source, or if onnxruntime refuses
 *   the result or computes something else with it. Nothing is left behind then.
 */
export async function exportModel(path: string, options: ExportOptions): Promise<ExportedModel> {
  const { for: target = 'onnx', shrink, compressed: exact, onProgress } = options;
  const gzip = (whose: string): GzipOptions => ({
    exact,
    onProgress: (done, total) => onProgress?.(`Bytes of the ${whose} model compressed`, done, total),
  });
  const source = await loadModel(path);
  const from = await countModel(source, gzip('given'));
  const folder = resolve(options.out ?? folderFor(source, options));
  const shrunk = shrink ? shrinkFile(source) : null;
  const smaller = shrunk && shrunk.layers.length > 0 ? keepRecord(shrunk.file, await storedParameters(source)) : source;
  if (target === 'huggingface') {
    const { counted, notes } = await writeHuggingface(source, smaller, folder, gzip('written'));
    const nothing = { int8: null, quantized: null };
    return { for: target, folder, from, to: counted, shrunk: shrunk?.layers ?? null, ...nothing, notes };
  }
  const written = await write(source, simplify(smaller), folder, options);
  const { products, stored } = written.quantization ?? {};
  return {
    for: target,
    folder,
    from,
    to: await countModel(await loadModel(written.model), gzip('written')),
    shrunk: shrunk?.layers ?? null,
    int8: products && stored ? { products, stored } : null,
    quantized:
      written.quantized === undefined ? null : await countModel(await loadModel(written.quantized), gzip('8-bit')),
    notes: written.notes,
  };
}

interface Written {
  /** The ONNX file. */
  readonly model: string;
  readonly quantized?: string | undefined;
  readonly quantization?: Quantization | undefined;
  readonly notes: readonly string[];
}

async function write(source: ModelFile, file: ModelFile, folder: string, options: ExportOptions): Promise<Written> {
  const { int8 } = options;
  if (options.for === 'transformers.js') {
    const { model, quantized, notes } = await writeTransformersJs(source, file, folder, { int8 });
    return { model, quantized: quantized?.model, quantization: quantized?.of, notes };
  }
  const model = join(folder, 'model.onnx');
  await refuseOwnFile(source, model);
  if (options.out !== undefined) await refuseOriginal(model);
  const quantization = int8 ? quantizeModel(file) : undefined;
  await makeFolder(folder);
  await writeVerified(source, quantization?.file ?? file, model, { tolerance: toleranceFor(source, { int8 }) });
  await copyProcessorFiles(source.folder, folder);
  return { model, quantization, notes: [] };
}

/** Named after the model, with what was done behind the name. */
function folderFor({ path }: ModelFile, { for: target = 'onnx', place, shrink, int8 }: ExportOptions): string {
  const done = [...(shrink ? ['shrunk'] : []), ...(int8 ? ['int8'] : [])];
  return [
    place === undefined ? placeOf(path) : resolve(place),
    ...done,
    ...(target === 'onnx' && done.length > 0 ? [] : [target]),
  ].join('-');
}

/** A model's folder; where the file has a name of its own, other models may be in the folder, and each gets its own exports. */
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

export function describeExport({ from, to, shrunk, int8, quantized, notes, folder }: ExportedModel): string {
  const made = quantized ? [to, quantized] : [to];
  const row = (
    name: string,
    figure: 'parameters' | 'nonZeroParameters' | 'bytes' | 'gzippedBytes',
    text: (model: CountedModel) => string,
  ): string[] => {
    return [name, text(from), ...made.flatMap((model) => [text(model), (model[figure] / from[figure]).toFixed(3)])];
  };
  const table = textTable([
    ['', 'before', 'now', 'ratio', ...(quantized ? ['8 bits', 'ratio'] : [])],
    row('parameters', 'parameters', ({ parameters }) => count(parameters)),
    row('  not zero', 'nonZeroParameters', ({ nonZeroParameters }) => count(nonZeroParameters)),
    row('on disk', 'bytes', ({ bytes }) => byteSize(bytes)),
    row('  gzipped', 'gzippedBytes', describeGzipped),
  ]);
  const amounts = int8 && [
    `8 bits: ${count(int8.products.weights)} weights of ${int8.products.tensors} matrices, which are multiplied in 8 bits,`,
    `and ${count(int8.stored.weights)} of ${int8.stored.tensors} other tensors, which are only stored so.`,
  ];
  const lines = [
    ...(amounts ? [amounts.join(' ')] : []),
    ...notes,
    `Written: ${to.model.startsWith(folder) && quantized ? folder : to.model}`,
  ];
  return `${shrunk ? describeLayers(shrunk) : ''}${table}${lines.map((line) => `${line}\n`).join('')}`;
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
