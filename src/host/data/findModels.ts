/** Finds the models of the workspace, ONNX files and Hugging Face checkpoints, and sets the context keys for folders with a model. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { commands, workspace, type Disposable } from 'vscode';
import { readSmallFile } from '../../base/smallFile.ts';
import { checkpointModelTypes } from '../../protocol/modelTypes.ts';
import { lookAgain } from './lookAgain.ts';
import type { Services } from '../services.ts';

export interface FoundModel {
  /** The path for the engine: the folder of a `model.onnx` or of a checkpoint, otherwise the file. */
  readonly path: string;
  readonly file: string;
  /** Bytes, external data included. */
  readonly bytes: number;
  /** Whether a vocabulary lies beside the model. Training needs one. */
  readonly vocabulary: boolean;
}

/** Folders without the user's own models or data: packages, runs, results of evaluations and studies. */
export const excluded = '{**/node_modules/**,**/.pinch/**,**/.git/**,**/*.evaluations/**,**/*.study/**}';
export const mostFiles = 200;

/** Models with a vocabulary first, then by path. */
export async function findModels(): Promise<FoundModel[]> {
  const files = [...(await findOnnxFiles()), ...(await findCheckpoints())];
  const models = await Promise.all(files.map((file) => measureModel(file).catch(() => undefined)));
  return models
    .filter((model) => model !== undefined)
    .sort(
      (a, b) => Number(b.vocabulary) - Number(a.vocabulary) || a.path.localeCompare(b.path, 'en', { numeric: true }),
    );
}

/** Keeps the context keys `pinch.hasModel` and `pinch.modelFolders` up to date with the files. */
export function watchModels({ log }: Pick<Services, 'log'>): Disposable {
  return lookAgain(['**/*.onnx', weights], () => {
    setContext().catch((error: unknown) => log.error(`The models of the workspace cannot be listed: ${String(error)}`));
  });
}

async function setContext(): Promise<void> {
  const files = [...(await findOnnxFiles()), ...(await findCheckpoints())];
  const own = files.map((file) => dirname(file));
  const folders = [...own, ...own.filter(isHubFolder).map((folder) => dirname(folder))].map((folder) => [folder, true]);
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
    vocabulary: hasVocabulary(names) || (isHubFolder(folder) && hasVocabulary(await readdir(dirname(folder)))),
  };
}

/** As in the Hugging Face hub's repositories, where the files of the tokenizer are one level up. */
const isHubFolder = (folder: string): boolean => basename(folder) === 'onnx';

const hasVocabulary = (names: readonly string[]): boolean =>
  names.includes('vocab.json') || names.includes('tokenizer.json');
