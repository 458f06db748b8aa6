/** Makes an ONNX model of a Hugging Face checkpoint. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { writeAtomically } from '../base/atomicFile.ts';
import { makeFolder } from '../base/makeFolder.ts';
import { writeModel } from '../onnx/file/writeModel.ts';
import { processorFiles } from '../speech/text/processor.ts';
import { object, readJson } from '../speech/text/json.ts';
import { buildGraph } from './buildGraph.ts';
import { openCheckpoint } from './checkpoint/openCheckpoint.ts';
import { flag, identity, misfit } from './config.ts';
import { families } from './families/families.ts';
import type { ConfiguredModel, Family } from './families/family.ts';
import { ImportError } from './importError.ts';
import { Weights } from './weights.ts';

export interface ImportOptions {
  /** How many of the weights are written. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ImportedModel {
  /** The ONNX file. */
  readonly model: string;
  readonly architecture: string;
  readonly parameters: number;
}

/**
 * Writes `model.onnx` and its weights to a folder, with the tokenizer's and the processor's files beside it.
 * @param folder with config.json and the weights
 * @param out where to; made if it is not there
 * @throws ImportError, ProcessorError, SafetensorsError or OnnxFileError: one sentence that names the file.
 */
export async function importModel(folder: string, out: string, options: ImportOptions = {}): Promise<ImportedModel> {
  const { family, model, takesMask } = await readConfig(folder);
  const checkpoint = await openCheckpoint(folder);
  try {
    const weights = new Weights(folder, checkpoint.tensors, family.base);
    const graph = buildGraph(family, model, weights, takesMask);
    const used = [...weights.used.values()];
    await makeFolder(out);
    for (const file of processorFiles) await copyIfThere(join(folder, file), join(out, file));
    const path = join(out, 'model.onnx');
    await writeModel(path, graph, used, (done) => options.onProgress?.(done, used.length));
    const parameters = used.reduce((sum, { dims }) => sum + dims.reduce((product, dim) => product * dim, 1), 0);
    return { model: path, architecture: family.forCTC, parameters };
  } finally {
    await checkpoint.close();
  }
}

/** The files of a checkpoint's weights. @throws as importModel. */
export async function weightFiles(folder: string): Promise<readonly string[]> {
  const checkpoint = await openCheckpoint(folder);
  await checkpoint.close();
  return checkpoint.files;
}

export interface CheckpointConfig {
  readonly family: Family;
  readonly model: ConfiguredModel;
  /** Whether the model is told which samples are audio. */
  readonly takesMask: boolean;
}

/** @throws ImportError if it is of no architecture that Pinch knows; ProcessorError naming a field that is wrong. */
export async function readConfig(folder: string): Promise<CheckpointConfig> {
  const file = join(folder, 'config.json');
  const stated = await readJson(file, identity);
  if (!stated) throw new ImportError(folder, 'this is no checkpoint: there is no config.json');
  const family = families.find(({ modelType }) => modelType === stated.model_type);
  const [architecture = family?.forCTC] = stated.architectures;
  if (!family || architecture !== family.forCTC) {
    const known = families.map(({ forCTC }) => forCTC).join(', ');
    throw new ImportError(
      file,
      `Pinch imports ${known}; this is ${architecture ?? `a model of type "${stated.model_type}"`}; export it to ONNX`,
    );
  }
  const model = await readJson(file, family.schema);
  if (!model) throw new ImportError(folder, 'this is no checkpoint: there is no config.json');
  const problem = misfit(model.config);
  if (problem !== undefined) throw new ImportError(file, problem);
  const hearing = await readJson(
    join(folder, 'preprocessor_config.json'),
    object({ return_attention_mask: v.nullish(flag(false)) }),
  );
  const takesMask = hearing?.return_attention_mask ?? model.config.feat_extract_norm === 'layer';
  return { family, model, takesMask };
}

/** A copy of its own: those of a cache may be links, or read-only. */
async function copyIfThere(from: string, to: string): Promise<void> {
  const content = await readFile(from).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (content) await writeAtomically(to, [content]);
}
