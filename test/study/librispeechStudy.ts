/** The recipe of the paper's experiment on a tree like LibriSpeech's, with tiny models of the same families and a few steps. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { caseOf, tensorOf, tensorsOf, writeCheckpoint } from '../huggingface/writtenCheckpoint.ts';
import { makeLibriSpeechTree, type LibriSpeechTreeOptions } from '../speech/librispeechTree.ts';

interface Recipe {
  readonly models: readonly { readonly name: string; readonly path: string; readonly sparsities: readonly number[] }[];
  readonly methods: readonly (string | { readonly method: string })[];
}

/** Of each run, with a checkpoint after every four. */
export const stepsOfRun = 10;

/** The symbols of the models that are fine-tuned on LibriSpeech. */
const symbols = Object.fromEntries(
  ['<pad>', '<s>', '</s>', '<unk>', '|', ...Array.from("ETAONIHSRDLUMWCFGYPBVK'XJQZ")].map((symbol, id) => [
    symbol,
    id,
  ]),
);

/**
 * Makes tree, models and `study.json` in a folder. One sparsity of each model, the second: the paper's.
 * @param seconds of audio in a batch.
 * @param change of the study file.
 * @returns the number of runs.
 */
export async function makeLibriSpeechStudy(
  folder: string,
  tree: Omit<LibriSpeechTreeOptions, 'manifest'>,
  seconds: number,
  change: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  await makeLibriSpeechTree(folder, { ...tree, manifest: resolve('media/sample/train.jsonl') });
  const recipe = JSON.parse(await readFile(resolve('recipes/librispeech-100h/study.json'), 'utf8')) as Recipe;
  const architectures = { 'wav2vec2-base-100h': 'Wav2Vec2ForCTC', 'hubert-large': 'HubertForCTC' };
  for (const { name, path } of recipe.models) {
    const architecture = architectures[name as keyof typeof architectures];
    await writeModel(join(folder, path), architecture);
  }
  const settings = {
    ...{ device: 'cpu', steps: stepsOfRun, dropout: 0, batch: { seconds, maxSeconds: 25 } },
    // So little that the models go on to write random letters, which differ from run to run.
    ...{ optimizer: { learningRate: 1e-6 }, checkpoint: { everySteps: 4 }, evaluate: { everyEpochs: 0 } },
  };
  const study = {
    ...recipe,
    models: recipe.models.map((model) => ({ ...model, sparsities: model.sparsities.slice(1, 2) })),
    methods: recipe.methods.map((entry) => (typeof entry === 'string' ? entry : entry.method)),
    ...{ together: 2, threads: 1, settings, slurm: {} },
    ...change,
  };
  await writeFile(join(folder, 'study.json'), JSON.stringify(study));
  return study.models.length * (1 + study.methods.length);
}

/** The convolutions of wav2vec 2.0 and HuBERT: a frame of 320 samples, 20 ms. */
const encoder = { conv_kernel: [10, 3, 3, 3, 3, 2, 2], conv_stride: [5, 2, 2, 2, 2, 2, 2] };

async function writeModel(folder: string, architecture: string): Promise<void> {
  const family = caseOf(architecture);
  const tensors = tensorsOf(family);
  const count = Object.keys(symbols).length;
  const channels = (family.config['conv_dim'] as number[])[0] ?? 0;
  const replace = (name: string, dims: readonly number[]): unknown => tensors.set(name, tensorOf(name, dims));
  for (const [name, dims] of Object.entries(family.tensors)) {
    if (name.startsWith('lm_head.')) replace(name, [count, ...dims.slice(1)]);
    // The case has two convolutions and a frame of 20 samples, so half a minute would have 24,000 frames: gigabytes of attention.
    if (name.endsWith('feature_extractor.conv_layers.1.conv.weight')) {
      for (const [i, kernel] of encoder.conv_kernel.entries()) {
        if (i > 0) replace(name.replace('.1.', `.${i}.`), [channels, channels, kernel]);
      }
    }
  }
  await mkdir(folder, { recursive: true });
  const config = { ...family.config, ...encoder, conv_dim: encoder.conv_kernel.map(() => channels), vocab_size: count };
  await writeCheckpoint({ config, masked: family.masked }, tensors, { symbols, folder });
}
