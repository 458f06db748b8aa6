/** Writes a model's folder as the hub keeps models for transformers.js. */

import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeAtomically } from '../../base/atomicFile.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { modelCard } from '../../huggingface/modelCard.ts';
import { transformersJsConfig } from '../../huggingface/transformersJs/configFiles.ts';
import { withHubInterface } from '../../huggingface/transformersJs/modelInterface.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { toBatchFirst } from '../../onnx/model/outputAxes.ts';
import { quantizeModel, type Quantization } from '../../onnx/quantize/quantize.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { readProcessor } from '../../speech/text/processor.ts';
import { keptEvaluations } from '../evaluate/keptEvaluation.ts';
import { reportParameters } from '../model/parameterReport.ts';
import { sourceOutput } from './sourceOutput.ts';
import { toleranceFor, writeVerified } from './verifiedWrite.ts';

export interface TransformersJsFolder {
  /** The float32 model. */
  readonly model: string;
  /** The one with weights of 8 bits, if it was asked for. */
  readonly quantized: { readonly model: string; readonly of: Quantization } | undefined;
  readonly notes: readonly string[];
}

/**
 * Writes `onnx/model.onnx`, with `int8` also `onnx/model_quantized.onnx`, the configuration of model, processor and tokenizer, and README.md.
 * @param source the model as it was given, to compare with.
 * @param file what is made of it.
 * @throws OnnxFileError or ProcessorError in one sentence; as writeVerified.
 */
export async function writeTransformersJs(
  source: ModelFile,
  file: ModelFile,
  folder: string,
  { int8 }: { readonly int8: boolean },
): Promise<TransformersJsFolder> {
  const processor = await readProcessor(source.folder);
  const io = findModelIO(source.model.graph, source.path, processor.vocabulary.size);
  const { turned } = await sourceOutput(source);
  const order = turned && toBatchFirst(turned);
  const save = { oneFile: true, dataSuffix: '_data' };
  await makeFolder(join(folder, 'onnx'));

  const model = join(folder, 'onnx', 'model.onnx');
  const own = withHubInterface(file, { ...io, order });
  await writeVerified(source, own, model, { tolerance: toleranceFor(source, { int8: false }), turned, save });
  let quantized: TransformersJsFolder['quantized'];
  if (int8) {
    const of = quantizeModel(own);
    const target = join(folder, 'onnx', 'model_quantized.onnx');
    await writeVerified(source, of.file, target, { tolerance: toleranceFor(source, { int8 }), turned, save });
    quantized = { model: target, of };
  }

  const written = [model, `${model}_data`, ...(quantized ? [quantized.model, `${quantized.model}_data`] : [])];
  const files: { readonly name: string; readonly bytes: number }[] = [];
  for (const path of written) {
    const found = await stat(path).catch(() => undefined);
    if (found) files.push({ name: `onnx/${basename(path)}`, bytes: found.size });
  }
  const external = files.some(({ name }) => name === 'onnx/model.onnx_data');
  const config = await transformersJsConfig(source.folder, processor, external);
  const { totals } = await reportParameters(file);
  const evaluations = (await keptEvaluations(source)).map(({ name, ...rest }) => ({ ...rest, data: name }));
  const card = modelCard({ title: basename(folder), files, ...totals, evaluations, replacedType: config.replacedType });
  for (const [name, content] of config.files)
    await writeText(join(folder, name), JSON.stringify(content, undefined, 2));
  await writeText(join(folder, 'README.md'), card);
  const notes =
    config.replacedType === undefined
      ? []
      : [
          `config.json says "wav2vec2" instead of "${config.replacedType}", because the pipeline of transformers.js knows no CTC models of that type.`,
        ];
  return { model, quantized, notes };
}

async function writeText(path: string, text: string): Promise<void> {
  await writeAtomically(path, [Buffer.from(text.endsWith('\n') ? text : `${text}\n`)]);
}
