/** Reads a CTC tokenizer as Hugging Face writes it, from `vocab.json` and its companions or from `tokenizer.json`. */

import { join } from 'node:path';
import * as v from 'valibot';
import { anyObject, count, object, ProcessorError, readJson, text, yesOrNo } from './json.ts';
import { Vocabulary } from './vocabulary.ts';

/** No vocabulary of speech symbols comes near; it bounds what a hostile id can allocate. */
const maxTokens = 1 << 20;

const specialNames = [
  'pad_token',
  'unk_token',
  'bos_token',
  'eos_token',
  'cls_token',
  'sep_token',
  'mask_token',
] as const;

/** Wav2Vec2CTCTokenizer's own defaults, used where no file says otherwise. */
const usual = { pad_token: '<pad>', unk_token: '<unk>', bos_token: '<s>', eos_token: '</s>' } as const;

const tokenObject = { content: text, special: v.optional(v.unknown()) };

/** A token: its text, or an object that holds it as `content`, as newer files have it. */
const token = v.pipe(
  v.union([text, v.object(tokenObject)], 'must be a token: its text, or an object with its text as "content"'),
  v.transform((value) => (typeof value === 'string' ? { content: value, special: false } : value)),
);

const specialTokens = v.entriesFromList([...specialNames, 'word_delimiter_token'], v.nullish(token));

/** The tokenizer of phones, whose files may say nothing else of them. */
const phonemeTokenizer = /^Wav2Vec2Phoneme/u;

const tokenizerConfig = object({
  ...specialTokens,
  replace_word_delimiter_char: v.nullish(text),
  tokenizer_class: v.nullish(text),
  phone_delimiter_token: v.nullish(token),
  do_phonemize: v.nullish(yesOrNo),
  /** Which of several vocabularies. */
  target_lang: v.nullish(text),
  /** The tokens that were added, by id. */
  added_tokens_decoder: v.nullish(v.record(v.string(), token, 'must be an object')),
});
type TokenizerConfig = v.InferOutput<typeof tokenizerConfig>;

/** The `tokenizers` library's file: a model with a vocabulary (a map, or pairs in the order of their ids) and added tokens. */
const tokenizerFile = object({
  model: object({
    vocab: v.union(
      [v.array(v.looseTuple([v.string()])), anyObject],
      'must map tokens to ids, or be a list of pairs of a token and a score',
    ),
  }),
  added_tokens: v.nullish(v.array(object({ ...tokenObject, id: v.unknown() }), 'must be a list')),
});

/** What config.json says of the vocabulary. */
export const vocabularyConfig = { pad_token_id: v.nullish(count), vocab_size: v.nullish(count) };

/**
 * The vocabulary in a model's folder. The blank is config.json's `pad_token_id`, which Hugging Face's CTC loss uses, else the
 * tokenizer's padding token.
 * @throws ProcessorError naming the file that is missing or wrong.
 */
export async function readVocabulary(
  folder: string,
  config: { readonly [Key in keyof typeof vocabularyConfig]?: number | null | undefined },
): Promise<Vocabulary> {
  const settingsFile = join(folder, 'tokenizer_config.json');
  const settings: TokenizerConfig = (await readJson(settingsFile, tokenizerConfig)) ?? {};
  const map = await readJson(join(folder, 'special_tokens_map.json'), object(specialTokens));
  const special = (name: keyof typeof specialTokens): string | undefined => (settings[name] ?? map?.[name])?.content;
  const read = await readTokens(folder, settings, settingsFile);
  const { file } = read;
  const delimiter = special('word_delimiter_token') ?? '|';
  const names = specialNames.map(
    (name) => special(name) ?? (name in usual ? usual[name as keyof typeof usual] : undefined),
  );
  // The word delimiter is often listed among the special tokens; it is text all the same.
  const unwritten = new Set(
    [...names, ...read.special].filter((name) => name !== undefined && name !== delimiter) as string[],
  );
  const pad = special('pad_token') ?? usual.pad_token;
  // transformers adds a start, an end and a word delimiter behind the last logit to tokenizers without: the model has no symbol for them.
  const symbols = config.vocab_size ?? read.own;
  const isAdded = (token: string): boolean => token === delimiter || unwritten.has(token);
  const ids = new Map([...read.ids].filter(([token, id]) => id < symbols || token === pad || !isAdded(token)));
  const tokens = new Array<string>(tokenCount(file, ids)).fill('');
  for (const [token, id] of ids) tokens[id] = token;

  const blank = config.pad_token_id ?? ids.get(pad);
  if (blank === undefined) {
    throw new ProcessorError(
      `${file}: no padding token "${pad}", which is the CTC blank; name it in tokenizer_config.json`,
    );
  }
  if (blank >= Math.max(tokens.length, config.vocab_size ?? 0)) {
    throw new ProcessorError(
      `${join(folder, 'config.json')}: "pad_token_id" is ${blank}, but there are only ${tokens.length} tokens`,
    );
  }
  const separator = settings.replace_word_delimiter_char;
  const phones =
    phonemeTokenizer.test(settings.tokenizer_class ?? '') ||
    (settings.phone_delimiter_token ?? undefined) !== undefined;
  return new Vocabulary({
    tokens,
    blank,
    special: unwritten,
    wordDelimiter: delimiter,
    ...(phones
      ? {
          phoneDelimiter: settings.phone_delimiter_token?.content ?? ' ',
          // True is the default of this tokenizer.
          phonemizes: settings.do_phonemize ?? true,
        }
      : {}),
    ...(separator === undefined || separator === null ? {} : { wordSeparator: separator }),
  });
}

interface Tokens {
  readonly ids: ReadonlyMap<string, number>;
  readonly special: readonly string[];
  readonly file: string;
  /** One more than the highest id that is not of an added token. */
  readonly own: number;
}

async function readTokens(folder: string, settings: TokenizerConfig, settingsFile: string): Promise<Tokens> {
  const found = (await readVocabJson(folder, settings)) ?? (await readTokenizerJson(folder));
  if (!found) {
    throw new ProcessorError(
      `${folder}: no vocab.json (or tokenizer.json); copy the model's tokenizer files beside it`,
    );
  }
  const addedFile = join(folder, 'added_tokens.json');
  const added = (await readJson(addedFile, anyObject)) ?? {};
  const decoder = Object.entries(settings.added_tokens_decoder ?? {});
  const ids = new Map([
    ...found.ids,
    ...idsOf(addedFile, Object.entries(added)),
    ...idsOf(
      settingsFile,
      decoder.map(([id, { content }]) => [content, Number(id)]),
    ),
  ]);
  const marked = specialOf(decoder.map(([, token]) => token));
  return { ids, special: [...found.special, ...marked], file: found.file, own: found.own };
}

/** A token-to-id object, or one for each language. */
async function readVocabJson(folder: string, settings: TokenizerConfig): Promise<Tokens | undefined> {
  const file = join(folder, 'vocab.json');
  const vocabulary = await readJson(file, anyObject);
  if (!vocabulary) return undefined;
  let chosen = vocabulary;
  const languages = Object.keys(vocabulary).filter((name) => v.is(anyObject, vocabulary[name]));
  if (languages.length > 0) {
    const language = settings.target_lang ?? (languages.length === 1 ? languages[0] : undefined);
    const own = language === undefined || !languages.includes(language) ? undefined : vocabulary[language];
    if (!v.is(anyObject, own)) {
      throw new ProcessorError(
        `${file}: it has one vocabulary for each language; set "target_lang" in tokenizer_config.json to one of ${listed(languages)}`,
      );
    }
    chosen = own;
  }
  const ids = idsOf(file, Object.entries(chosen));
  return { ids, special: [], file, own: behindLast(ids) };
}

async function readTokenizerJson(folder: string): Promise<Tokens | undefined> {
  const file = join(folder, 'tokenizer.json');
  const tokenizer = await readJson(file, tokenizerFile);
  if (!tokenizer) return undefined;
  const { vocab } = tokenizer.model;
  const added = tokenizer.added_tokens ?? [];
  const entries = Array.isArray(vocab) ? vocab.map(([token], id) => [token, id] as const) : Object.entries(vocab);
  const ids = idsOf(file, [...entries, ...added.map(({ content, id }) => [content, id] as const)]);
  return { ids, special: specialOf(added), file, own: behindLast(ids) };
}

function behindLast(ids: ReadonlyMap<string, number>): number {
  return [...ids.values()].reduce((end, id) => Math.max(end, id + 1), 0);
}

function specialOf(tokens: readonly v.InferOutput<typeof token>[]): string[] {
  return tokens.filter(({ special }) => special === true).map(({ content }) => content);
}

function tokenCount(file: string, ids: ReadonlyMap<string, number>): number {
  if (ids.size === 0) throw new ProcessorError(`${file}: the vocabulary is empty`);
  const tokens = new Map<number, string>();
  for (const [token, id] of ids) {
    const other = tokens.get(id);
    if (other !== undefined)
      throw new ProcessorError(`${file}: tokens "${other}" and "${token}" have the same id ${id}`);
    tokens.set(id, token);
  }
  return behindLast(ids);
}

function idsOf(file: string, entries: readonly (readonly [string, unknown])[]): Map<string, number> {
  return new Map(
    entries.map(([token, id]) => {
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < maxTokens) return [token, id];
      throw new ProcessorError(`${file}: the id of token "${token}" must be a whole number`);
    }),
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
