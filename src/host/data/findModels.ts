/** Finds the models of the workspace, ONNX files and Hugging Face checkpoints, and tells VS Code which folders hold one. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { commands, workspace, type Disposable } from 'vscode';
import { readSmallFile } from '../../base/smallFile.ts';
import { checkpointModelTypes } from '../../protocol/modelTypes.ts';
import { lookAgain } from './lookAgain.ts';
import type { Services } from '../services.ts';

export interface FoundModel {
  /** What the engine is given: the folder of a `model.onnx` or of a checkpoint, else the file. */
  readonly path: string;
  readonly file: string;
  /** With the external data beside it. */
  readonly bytes: number;
  /** Whether there is a vocabulary beside it, without which nothing can be trained. */
  readonly vocabulary: boolean;
}

/** No models or data of the user's own lie here: packages, runs, and the results of evaluations and studies. */
export const excluded = '{**/node_modules/**,**/.pinch/**,**/.git/**,**/*.evaluations/**,**/*.study/**}';
export const mostFiles = 200;

/** Those with a vocabulary beside them first, then by path. */
export async function findModels(): Promise<FoundModel[]> {
  const files = [...(await findOnnxFiles()), ...(await findCheckpoints())];
  const models = await Promise.all(files.map((file) => measureModel(file).catch(() => undefined)));
  return models
    .filter((model) => model !== undefined)
    .sort(
      (a, b) => Number(b.vocabulary) - Number(a.vocabulary) || a.path.localeCompare(b.path, 'en', { numeric: true }),
    );
}

/** Keeps the context keys `pinch.hasModel` and `pinch.modelFolders` true to the files. */
export function watchModels({ log }: Pick<Services, 'log'>): Disposable {
  return lookAgain(['**/*.onnx', weights], () => {
    setContext().catch((error: unknown) => log.error(`The models of the workspace cannot be listed: ${String(error)}`));
  });
}

async function setContext(): Promise<void> {
  const files = [...(await findOnnxFiles()), ...(await findCheckpoints())];
  const folders = files.map((file) => [dirname(file), true]);
  await commands.executeCommand('setContext', 'pinch.modelFolders', Object.fromEntries(folders));
  await commands.executeCommand('setContext', 'pinch.hasModel', folders.length > 0);
}

const findOnnxFiles = (): Promise<string[]> => findFiles('**/*.onnx');

/** The weights of checkpoints of speech models. Where there is an ONNX model, too, the folder means that. */
async function findCheckpoints(): Promise<string[]> {
  const isCheckpoint = async (file: string): Promise<boolean> => {
    const folder = dirname(file);
    if ((await readdir(folder)).some((name) => name.endsWith('.onnx'))) return false;
    const { model_type: type } = JSON.parse(await readSmallFile(join(folder, 'config.json'), 1 << 20)) as {
      model_type?: unknown;
    };
    return typeof type === 'string' && checkpointModelTypes.includes(type);
  };
  const found = await findFiles(weights);
  const chosen = await Promise.all(found.map((file) => isCheckpoint(file).catch(() => false)));
  return found.filter((_, i) => chosen[i]);
}

/** One for each checkpoint, also of those in several files. */
const weights = '**/{model.safetensors,model.safetensors.index.json,pytorch_model.bin,pytorch_model.bin.index.json}';

async function findFiles(pattern: string): Promise<string[]> {
  const found = await workspace.findFiles(pattern, excluded, mostFiles);
  return found.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
}

async function measureModel(file: string): Promise<FoundModel> {
  const folder = dirname(file);
  const names = await readdir(folder);
  const own = basename(file);
  // External data is named after its model: model.onnx.data, model.onnx_data; parts of a checkpoint after its index.
  const [whole, isIndex] = [own.replace(/\.(safetensors|bin)\.index\.json$/u, ''), own.endsWith('.index.json')];
  const parts = names.filter(
    (name) =>
      name === own ||
      name.startsWith(`${own}.data`) ||
      name.startsWith(`${own}_data`) ||
      (isIndex && name.startsWith(`${whole}-`)),
  );
  const sizes = await Promise.all(parts.map(async (name) => (await stat(join(folder, name))).size));
  return {
    path: own === 'model.onnx' || !own.endsWith('.onnx') ? folder : file,
    file,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    vocabulary: names.includes('vocab.json') || names.includes('tokenizer.json'),
  };
}
