/** Reads a CTC tokenizer as Hugging Face writes it, from `vocab.json` and its companions or from `tokenizer.json`. */

import { join } from 'node:path';
import { JsonObject, ProcessorError, readJson, tokenText } from './json.ts';
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

/**
 * The vocabulary in a model's folder. The blank is config.json's `pad_token_id`, which Hugging Face's CTC loss uses, else the
 * tokenizer's padding token.
 * @throws ProcessorError naming the file that is missing or wrong.
 */
export async function readVocabulary(folder: string, config: JsonObject): Promise<Vocabulary> {
  const settingsFile = join(folder, 'tokenizer_config.json');
  const settings = (await readJson(settingsFile)) ?? new JsonObject(settingsFile, {});
  const map = await readJson(join(folder, 'special_tokens_map.json'));
  const special = (name: string): string | undefined => settings.token(name) ?? map?.token(name);
  const { ids, special: marked, file } = await readTokens(folder, settings);

  const tokens = new Array<string>(tokenCount(file, ids)).fill('');
  for (const [token, id] of ids) tokens[id] = token;

  const pad = special('pad_token') ?? usual.pad_token;
  const blank = config.count('pad_token_id') ?? ids.get(pad);
  if (blank === undefined) {
    throw new ProcessorError(
      `${file}: no padding token "${pad}", which is the CTC blank; name it in tokenizer_config.json`,
    );
  }
  if (blank >= Math.max(tokens.length, config.count('vocab_size') ?? 0)) {
    throw new ProcessorError(`${config.file}: "pad_token_id" is ${blank}, but there are only ${tokens.length} tokens`);
  }
  const delimiter = special('word_delimiter_token') ?? '|';
  const names = specialNames.map(
    (name) => special(name) ?? (name in usual ? usual[name as keyof typeof usual] : undefined),
  );
  const separator = settings.string('replace_word_delimiter_char');
  return new Vocabulary({
    tokens,
    blank,
    // The word delimiter is often listed among the special tokens; it is text all the same.
    special: new Set([...names, ...marked].filter((name) => name !== undefined && name !== delimiter) as string[]),
    ...(ids.has(delimiter) ? { wordDelimiter: delimiter } : {}),
    ...(separator === undefined ? {} : { wordSeparator: separator }),
  });
}

interface Tokens {
  readonly ids: ReadonlyMap<string, number>;
  readonly special: readonly string[];
  readonly file: string;
}

async function readTokens(folder: string, settings: JsonObject): Promise<Tokens> {
  const vocabularyFile = join(folder, 'vocab.json');
  const vocabulary = await readJson(vocabularyFile);
  const tokenizer = vocabulary ? undefined : await readJson(join(folder, 'tokenizer.json'));
  const found = vocabulary ? readVocabJson(vocabulary, settings) : tokenizer ? readTokenizerJson(tokenizer) : undefined;
  if (!found) {
    throw new ProcessorError(
      `${folder}: no vocab.json (or tokenizer.json); copy the model's tokenizer files beside it`,
    );
  }
  const added = await readJson(join(folder, 'added_tokens.json'));
  const ids = new Map(found.ids);
  for (const [token, id] of added?.entries ?? []) ids.set(token, checkedId(added?.file ?? '', token, id));
  // `added_tokens_decoder` has the tokens that were added, by id.
  const special = [...found.special];
  for (const [id, token] of settings.object('added_tokens_decoder')?.entries ?? []) {
    const text = tokenText(token);
    if (text === undefined)
      throw new ProcessorError(`${settings.file}: "added_tokens_decoder" has no "content" for ${id}`);
    ids.set(text, checkedId(settings.file, text, Number(id)));
    if (isSpecial(token)) special.push(text);
  }
  return { ids, special, file: found.file };
}

/** A token-to-id object, or one for each language. */
function readVocabJson(vocabulary: JsonObject, settings: JsonObject): Tokens {
  let chosen = vocabulary;
  const nested = vocabulary.entries.filter(([, value]) => typeof value === 'object' && value !== null);
  if (nested.length > 0) {
    const languages = nested.map(([name]) => name);
    const language = settings.string('target_lang') ?? (languages.length === 1 ? languages[0] : undefined);
    if (language === undefined || !languages.includes(language)) {
      throw new ProcessorError(
        `${vocabulary.file}: it has one vocabulary for each language; set "target_lang" in tokenizer_config.json to one of ${listed(languages)}`,
      );
    }
    chosen = vocabulary.object(language) ?? vocabulary;
  }
  const ids = new Map(chosen.entries.map(([token, id]) => [token, checkedId(vocabulary.file, token, id)]));
  return { ids, special: [], file: vocabulary.file };
}

/** The `tokenizers` library's file: a model with a vocabulary (a map, or pairs in the order of their ids) and added tokens. */
function readTokenizerJson(tokenizer: JsonObject): Tokens {
  const vocabulary = tokenizer.object('model')?.get('vocab');
  const ids = new Map<string, number>();
  if (Array.isArray(vocabulary)) {
    vocabulary.forEach((pair: unknown, id) => {
      const token: unknown = Array.isArray(pair) ? pair[0] : undefined;
      if (typeof token !== 'string')
        throw new ProcessorError(`${tokenizer.file}: "vocab" must be pairs of a token and a score`);
      ids.set(token, id);
    });
  } else {
    for (const [token, id] of new JsonObject(`${tokenizer.file}: "model.vocab"`, vocabulary).entries) {
      ids.set(token, checkedId(tokenizer.file, token, id));
    }
  }
  const special: string[] = [];
  const added: unknown = tokenizer.get('added_tokens') ?? [];
  if (!Array.isArray(added)) throw new ProcessorError(`${tokenizer.file}: "added_tokens" must be a list`);
  for (const token of added as unknown[]) {
    const text = tokenText(token);
    const id = typeof token === 'object' && token !== null && 'id' in token ? token.id : undefined;
    if (text === undefined) throw new ProcessorError(`${tokenizer.file}: an added token has no "content"`);
    ids.set(text, checkedId(tokenizer.file, text, id));
    if (isSpecial(token)) special.push(text);
  }
  return { ids, special, file: tokenizer.file };
}

function tokenCount(file: string, ids: ReadonlyMap<string, number>): number {
  if (ids.size === 0) throw new ProcessorError(`${file}: the vocabulary is empty`);
  let count = 0;
  const tokens = new Map<number, string>();
  for (const [token, id] of ids) {
    const other = tokens.get(id);
    if (other !== undefined)
      throw new ProcessorError(`${file}: tokens "${other}" and "${token}" have the same id ${id}`);
    tokens.set(id, token);
    count = Math.max(count, id + 1);
  }
  return count;
}

function checkedId(file: string, token: string, id: unknown): number {
  if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= maxTokens) {
    throw new ProcessorError(`${file}: the id of token "${token}" must be a whole number`);
  }
  return id;
}

function isSpecial(token: unknown): boolean {
  return typeof token === 'object' && token !== null && 'special' in token && token.special === true;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
