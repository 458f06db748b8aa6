/** Makes an ONNX model of a Hugging Face checkpoint. */

import { join } from 'node:path';
import { makeFolder } from '../base/makeFolder.ts';
import { writeModel } from '../onnx/file/writeModel.ts';
import { maskedSpecEmbedEntry } from '../onnx/model/maskedSpecEmbed.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import type { ImportedModel } from '../protocol/results/import.ts';
import { buildGraph } from './buildGraph.ts';
import type { Checkpoint, CheckpointTensor } from './checkpoint/checkpoint.ts';
import { openCheckpoint } from './checkpoint/openCheckpoint.ts';
import { ImportError } from './importError.ts';
import { ImportedFiles } from './importedFiles.ts';
import { openLanguage } from './language.ts';
import { addHead, headTensors, type NewHead } from './newHead.ts';
import { readConfig, type CheckpointConfig } from './readConfig.ts';
import { Weights } from './weights.ts';

export interface ImportOptions {
  /** Of a model with adapters for many languages; by default the one whose tensors are in the checkpoint itself. */
  readonly language?: string | undefined;
  /** For a model that was only pretrained. */
  readonly head?: NewHead | undefined;
  /** How many of the weights are written. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Writes `model.onnx` and its weights to a folder, with the tokenizer's and the processor's files beside it.
 * @param folder with config.json and the weights
 * @param out where to; made if it is not there
 * @throws ImportError, ProcessorError, SafetensorsError or OnnxFileError: one sentence that names the file.
 */
export async function importModel(folder: string, out: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const config = await readConfig(folder);
  const files = await ImportedFiles.read(folder);
  const opened = [await openCheckpoint(folder)];
  try {
    const [checkpoint] = opened as [Checkpoint];
    const tensors = new Map(checkpoint.tensors);
    let { model } = config;
    if (options.language !== undefined) {
      const adapter = await openLanguage(folder, options.language);
      opened.push(adapter);
      model = model.withSymbols(addLanguage(tensors, adapter, folder));
      files.change('config.json', { vocab_size: model.config.vocab_size });
      files.change('tokenizer_config.json', { target_lang: options.language });
    }
    const newHead = isHeadless(config, tensors);
    const { head } = options;
    if (newHead) {
      if (!head) throw headless(folder, config);
      model = model.withSymbols(head.tokens.length);
      const made = headTensors(head, model.headSize, model.config.initializer_range);
      for (const tensor of made) tensors.set(tensor.name, tensor);
      addHead(files, head, config.family.forCTC, folder);
    } else if (head) {
      throw new ImportError(folder, 'this model has a CTC head and a vocabulary already; leave out --vocab');
    }
    const weights = new Weights(folder, tensors, config.family.base);
    const graph = buildGraph(config.family, model, weights, config.takesMask);
    const used = [...weights.used.values()];
    await makeFolder(out);
    await files.write(out);
    const path = join(out, 'model.onnx');
    const embed = await weights.maskedSpecEmbed(model.config.hidden_size);
    const metadata = embed ? [maskedSpecEmbedEntry(embed)] : [];
    await writeModel(path, graph, used, (done) => options.onProgress?.(done, used.length), metadata);
    const parameters = used.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
    return { model: path, architecture: config.family.forCTC, parameters, newHead };
  } finally {
    for (const each of opened) await each.close();
  }
}

/** Whether a checkpoint's model has no CTC head: it was only pretrained. @throws as importModel. */
export async function needsHead(folder: string): Promise<boolean> {
  const config = await readConfig(folder);
  const checkpoint = await openCheckpoint(folder);
  await checkpoint.close();
  return isHeadless(config, checkpoint.tensors);
}

/** By the architecture; by the tensors, where config.json names none. */
function isHeadless({ family, architecture }: CheckpointConfig, tensors: ReadonlyMap<string, unknown>): boolean {
  return architecture === undefined ? !tensors.has('lm_head.weight') : architecture !== family.forCTC;
}

function headless(folder: string, { family, architecture }: CheckpointConfig): ImportError {
  const what = architecture ?? `a ${family.modelType} model`;
  return new ImportError(
    folder,
    `this is ${what}, which was only pretrained and has no CTC head; prune it on transcribed speech, or give it a vocabulary with "pinch import --vocab"`,
  );
}

/** @returns how many symbols the language has. */
function addLanguage(tensors: Map<string, CheckpointTensor>, adapter: Checkpoint, folder: string): number {
  for (const [name, tensor] of adapter.tensors) {
    const isOwn = name.includes('.adapter_layer.') || name.startsWith('lm_head.');
    if (!isOwn) throw new ImportError(folder, `the adapter has the tensor "${name}", which is no part of one`);
    tensors.set(name, tensor);
  }
  const [symbols] = adapter.tensors.get('lm_head.weight')?.dims ?? [];
  if (symbols === undefined) throw new ImportError(folder, 'the adapter has no tensor "lm_head.weight"');
  return symbols;
}
