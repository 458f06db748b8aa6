/** The questions of Prune Model that are answered with files: model and data. */

import { byteSize } from '../../base/format.ts';
import { basename, dirname } from 'node:path';
import { QuickPickItemKind, window, workspace, type OpenDialogOptions } from 'vscode';
import { findManifests } from '../data/findManifests.ts';
import { findModels, type FoundModel } from '../data/findModels.ts';
import type { FoundManifest } from '../data/measureManifest.ts';
import { pick, type Option, type Picked } from '../steps/quickSteps.ts';
import { rankManifests } from '../data/rankManifests.ts';
import type { StepAnswer, Place, Step } from '../steps/walkSteps.ts';
import type { Draft } from './draft.ts';

type Browse = { readonly browse: 'files' | 'folders' };
type FileValue = { readonly path: string | null } | Browse;

/** @param ofModel changes the following choices for a new model. */
export function modelStep(ofModel: (model: string) => Promise<Partial<Draft>>): Step<Draft> {
  return {
    name: 'model',
    ask: async (draft, place) => {
      const picked = await pickFile(place, {
        placeholder: 'Which model? An ONNX file or a Hugging Face checkpoint, with its tokenizer files beside it',
        find: async () => modelOptions(await findModels(), draft.model),
        chosen: draft.model,
        browse: {
          files: { title: 'Model', filters: { 'ONNX model or checkpoint': ['onnx', 'safetensors'] } },
          folders: { title: 'Folder of a model' },
        },
      });
      if (picked.kind !== 'value') return picked;
      const model = picked.value;
      if (model === null || model === draft.model) return { kind: 'next', choices: draft };
      return { kind: 'next', choices: { ...draft, model, ...(await ofModel(model)) } };
    },
  };
}

/** The question for training or development data. One search of the workspace serves both. */
export function dataSteps(): readonly Step<Draft>[] {
  let found: Promise<FoundManifest[]> | undefined;
  const find = (): Promise<FoundManifest[]> => (found ??= findManifests());
  return [
    { name: 'train', ask: (draft, place) => askForData('train', draft, place, find) },
    { name: 'dev', ask: (draft, place) => askForData('dev', draft, place, find) },
  ];
}

async function askForData(
  key: 'train' | 'dev',
  draft: Draft,
  place: Place,
  find: () => Promise<FoundManifest[]>,
): Promise<StepAnswer<Draft>> {
  const near = [...(key === 'dev' && draft.train ? [draft.train] : []), ...(draft.model ? [draft.model] : [])];
  const chosen = draft[key];
  const none: Option<FileValue> = {
    label: '$(circle-slash) None',
    detail: 'No error rate during the run; it can be measured afterwards',
    value: { path: null },
    alwaysShow: true,
  };
  const picked = await pickFile(place, {
    placeholder:
      key === 'train'
        ? 'Which speech to train on? A list of clips and their text'
        : 'Which speech to measure the error rate on during the run?',
    find: async () => [
      ...manifestOptions(await find(), (paths) => rankManifests(key, paths, near), chosen ?? undefined),
      ...(key === 'dev' ? [none] : []),
    ],
    chosen,
    browse: {
      files: {
        title: 'Speech data',
        filters: { 'JSON lines, CSV, TSV': ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'txt'] },
      },
      folders: { title: 'Folder of speech data' },
    },
  });
  return picked.kind === 'value' ? { kind: 'next', choices: { ...draft, [key]: picked.value } } : picked;
}

interface FileQuestion {
  readonly placeholder: string;
  readonly find: () => Promise<readonly Option<FileValue>[]>;
  readonly chosen: string | null | undefined;
  readonly browse: Readonly<Record<Browse['browse'], OpenDialogOptions>>;
}

/** A list of files with two more lines that open the dialogs. A cancelled dialog leads back to the list. */
async function pickFile(place: Place, question: FileQuestion): Promise<Picked<string | null>> {
  for (;;) {
    const picked = await pick<FileValue>(place, {
      placeholder: question.placeholder,
      options: async ({ say }) => {
        say('Looking through the workspace…');
        const found = await question.find();
        return [...found, ...browseOptions(found.length > 0 ? 'elsewhere' : 'nothing found in this workspace')];
      },
      isActive: (value) => 'path' in value && value.path === question.chosen,
    });
    if (picked.kind !== 'value') return picked;
    if ('path' in picked.value) return { kind: 'value', value: picked.value.path };
    const { browse } = picked.value;
    const [uri] =
      (await window.showOpenDialog({
        ...question.browse[browse],
        canSelectFiles: browse === 'files',
        canSelectFolders: browse === 'folders',
        openLabel: 'Choose',
      })) ?? [];
    if (uri?.scheme === 'file') return { kind: 'value', value: uri.fsPath };
  }
}

/** On Windows and Linux, one dialog cannot offer both files and folders. */
function browseOptions(heading: string): Option<FileValue>[] {
  return [
    { label: heading, kind: QuickPickItemKind.Separator },
    { label: '$(file) Browse for a File…', value: { browse: 'files' }, alwaysShow: true },
    { label: '$(folder) Browse for a Folder…', value: { browse: 'folders' }, alwaysShow: true },
  ];
}

function modelOptions(models: readonly FoundModel[], chosen: string | undefined): Option<FileValue>[] {
  const options = models.map(({ path, file, bytes, vocabulary }): Option<FileValue> => ({
    label: `$(package) ${path === file ? basename(file) : nameOfFolder(path)}`,
    description: byteSize(bytes),
    detail: `${workspace.asRelativePath(file)}${vocabulary ? '' : ' · no vocab.json or tokenizer.json beside it'}`,
    value: { path },
  }));
  return chosenFirst(options, chosen);
}

function manifestOptions(
  manifests: readonly FoundManifest[],
  rank: (paths: readonly string[]) => string[],
  chosen: string | undefined,
): Option<FileValue>[] {
  const byPath = new Map(manifests.map((manifest) => [manifest.path, manifest]));
  const options = rank([...byPath.keys()]).flatMap((path): Option<FileValue>[] => {
    const manifest = byPath.get(path);
    if (manifest === undefined) return [];
    const { kind, utterances, bytes } = manifest;
    const size =
      utterances === undefined
        ? byteSize(bytes)
        : `${utterances.toLocaleString('en-US')} ${utterances === 1 ? 'utterance' : 'utterances'}`;
    const where = workspace.asRelativePath(dirname(path));
    return [
      {
        label: `$(list-unordered) ${basename(path)}`,
        description: `${size} · ${kind}`,
        detail: where === dirname(path) ? 'the workspace folder' : where,
        value: { path },
      },
    ];
  });
  return chosenFirst(options, chosen);
}

/** The previous choice comes first, wherever the file is. */
function chosenFirst(options: readonly Option<FileValue>[], chosen: string | undefined): Option<FileValue>[] {
  if (chosen === undefined) return [...options];
  const isChosen = ({ value }: Option<FileValue>): boolean =>
    value !== undefined && 'path' in value && value.path === chosen;
  const first = options.find(isChosen) ?? {
    label: `$(file) ${basename(chosen)}`,
    detail: chosen,
    value: { path: chosen },
  };
  return [first, ...options.filter((option) => !isChosen(option))];
}

/** The name `model` says nothing on its own. */
function nameOfFolder(folder: string): string {
  const own = basename(folder);
  return ['model', 'onnx'].includes(own) ? `${basename(dirname(folder))}/${own}` : own;
}
