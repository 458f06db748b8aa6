/** `tokenizer.json` of a CTC vocabulary, as the `tokenizers` library and transformers.js read it. Most speech models have none. */

import type { Vocabulary } from '../../speech/text/vocabulary.ts';

/**
 * Its decoder writes the text that Pinch writes: equal neighbours are one, the blank goes, the word delimiter becomes a space, and special tokens
 * go last. Tokens are joined, so each phone carries the space that stands behind it in a text. Special tokens are not marked as special, because transformers.js drops such tokens before equal neighbours become one.
 */
export function tokenizerFile(vocabulary: Vocabulary): object {
  const { tokens, blank, words, special } = vocabulary;
  const phones = words.kind === 'phones';
  // Between phones, the delimiter of words is not written either.
  const wordDelimiter = phones ? undefined : vocabulary.wordDelimiter;
  const blankToken = tokens[blank] ?? '';
  const unwritten = [...special, ...(phones && words.wordToken !== undefined ? [words.wordToken] : [])].filter(
    (token) => token !== blankToken && tokens.includes(token),
  );
  const isPhone = (token: string): boolean => phones && token !== blankToken && !unwritten.includes(token);
  const entries = tokens.flatMap((token, id) =>
    token === '' ? [] : [[isPhone(token) ? `${token} ` : token, id] as const],
  );
  const ctc = {
    type: 'CTC',
    pad_token: blankToken,
    word_delimiter_token: wordDelimiter ?? ' ',
    // Also replaces the delimiter. A delimiter that is a space needs no replacement, and the other clean-ups change spaces before punctuation.
    cleanup: wordDelimiter !== undefined && wordDelimiter !== ' ',
  };
  const drop = (token: string): object => ({ type: 'Replace', pattern: { String: token }, content: '' });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [...special, ...(wordDelimiter === undefined ? [] : [wordDelimiter])].flatMap((content) => {
      const id = tokens.indexOf(content);
      return id < 0
        ? []
        : [{ id, content, single_word: false, lstrip: true, rstrip: true, normalized: false, special: false }];
    }),
    normalizer:
      wordDelimiter === undefined ? null : { type: 'Replace', pattern: { String: ' ' }, content: wordDelimiter },
    pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false },
    post_processor: null,
    decoder: unwritten.length === 0 ? ctc : { type: 'Sequence', decoders: [ctc, ...unwritten.map(drop)] },
    model: { vocab: Object.fromEntries(entries) },
  };
}
