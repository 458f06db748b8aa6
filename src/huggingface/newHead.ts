/** The CTC head that a model gets which was only pretrained: random weights, and the vocabulary that it is to write with. */

import { basename } from 'node:path';
import * as v from 'valibot';
import { Random } from '../base/random.ts';
import { anyObject, readJson } from '../speech/text/json.ts';
import { readManifest } from '../speech/manifest/read.ts';
import type { TextStep } from '../protocol/textSteps.ts';
import { applyPlainSteps } from '../speech/text/steps/textSteps.ts';
import { newHeadFile } from '../speech/text/processor.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import { transposed } from '../onnx/graph/transposed.ts';
import type { CheckpointTensor } from './checkpoint/checkpoint.ts';
import { ImportError } from './importError.ts';
import type { ImportedFiles } from './importedFiles.ts';

export interface NewHead {
  /** Token by id, empty where none has the id. */
  readonly tokens: readonly string[];
  /** Of the weights. */
  readonly seed: number;
}

/** As Wav2Vec2CTCTokenizer has them by default, padding first: it is CTC's blank. */
const special = ['<pad>', '<s>', '</s>', '<unk>'] as const;
const delimiter = '|';

/**
 * A vocabulary of the characters of training texts, in the order of their code points behind the special tokens and the word delimiter.
 * Texts that are written in both cases are taken in lower case, as nobody hears capitals.
 * @param steps for the texts; those that need a vocabulary do nothing here.
 * @throws ManifestError if the manifest cannot be read; ImportError if its texts are empty.
 */
export async function vocabularyOfTexts(manifest: string, steps: readonly TextStep[] = []): Promise<string[]> {
  const utterances = await readManifest(manifest, { repeats: true });
  const characters = charactersOf(utterances.map(({ text }) => applyPlainSteps(steps, text)));
  if (characters.length === 0) throw new ImportError(manifest, 'there are no texts to make a vocabulary of');
  return [...special, delimiter, ...characters];
}

function charactersOf(texts: readonly string[]): string[] {
  const all = new Set(texts.flatMap((text) => Array.from(text.normalize('NFC'))));
  const written = [...all].filter((character) => !/[\s\p{C}|]/u.test(character));
  const isMixed = /\p{Lu}/u.test(written.join('')) && /\p{Ll}/u.test(written.join(''));
  const unified = isMixed ? written.flatMap((character) => Array.from(character.toLowerCase())) : written;
  return [...new Set(unified)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
}

/** More than any vocabulary of speech symbols has. */
const mostTokens = 1 << 16;

/** Reads a vocab.json: tokens to ids. @throws ImportError or ProcessorError naming the file and what is wrong. */
export async function vocabularyOfFile(file: string): Promise<string[]> {
  const map = await readJson(file, anyObject);
  if (!map) throw new ImportError(file, 'the file does not exist');
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(map)) {
    if (!v.is(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostTokens)), id) || tokens[id] !== undefined) {
      throw new ImportError(file, `the id of token "${token}" must be a whole number that no other token has`);
    }
    tokens[id] = token;
  }
  const listed = Array.from(tokens, (token: string | undefined) => token ?? '');
  if (paddingOf(listed) === undefined) {
    throw new ImportError(file, 'the vocabulary needs a token for padding, "<pad>" or "[PAD]", which is the CTC blank');
  }
  return listed;
}

const paddingOf = (tokens: readonly string[]): string | undefined =>
  ['<pad>', '[PAD]'].find((token) => tokens.includes(token));

/** The head's tensors, as transformers makes new ones: weights of a normal distribution, biases of zero. */
export function headTensors({ tokens, seed }: NewHead, size: number, range: number): CheckpointTensor[] {
  const random = Random.seeded(seed, path);
  const tensor = (name: string, dims: readonly number[], make: () => number): CheckpointTensor => ({
    name,
    dims,
    dtype: 'float32',
    async *float32Pieces(turned) {
      const elements = await Promise.resolve(Float32Array.from({ length: sizeOf(dims) }, make));
      yield turned === true ? transposed(elements, dims, new Float32Array(elements.length)) : elements;
    },
  });
  return [
    tensor('lm_head.weight', [tokens.length, size], () => range * random.normal()),
    tensor('lm_head.bias', [tokens.length], () => 0),
  ];
}

/** Apart from the streams of training. */
const path = 1_000_081;

/** Writes the vocabulary into the model's files, and that the head is new. */
export function addHead(files: ImportedFiles, { tokens }: NewHead, forCTC: string, from: string): void {
  const has = (...names: readonly string[]): string | undefined => names.find((name) => tokens.includes(name));
  const pad = paddingOf(tokens) ?? special[0];
  files.change('config.json', {
    architectures: [forCTC],
    vocab_size: tokens.length,
    pad_token_id: tokens.indexOf(pad),
  });
  files.replace('vocab.json', Object.fromEntries(tokens.flatMap((token, id) => (token === '' ? [] : [[token, id]]))));
  files.replace('tokenizer_config.json', {
    tokenizer_class: 'Wav2Vec2CTCTokenizer',
    pad_token: pad,
    unk_token: has('<unk>', '[UNK]') ?? special[3],
    bos_token: special[1],
    eos_token: special[2],
    word_delimiter_token: has(delimiter, ' ') ?? delimiter,
  });
  // Of another vocabulary, if the checkpoint has them.
  for (const name of ['tokenizer.json', 'special_tokens_map.json', 'added_tokens.json']) files.leaveOut(name);
  files.replace(newHeadFile, { symbols: tokens.length, checkpoint: basename(from) });
}
