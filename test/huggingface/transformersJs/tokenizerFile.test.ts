/** tokenizer.json of a vocabulary, by what its decoder would do with the tokens. */

import { expect, test } from 'vitest';
import { tokenizerFile } from '../../../src/huggingface/transformersJs/tokenizerFile.ts';
import { Vocabulary } from '../../../src/speech/text/vocabulary.ts';

const letters = new Vocabulary({
  tokens: ['<pad>', '<s>', '', '|', 'A', 'É'],
  blank: 0,
  wordDelimiter: '|',
  special: new Set(['<pad>', '<s>', '<unk>']),
});

test('ids without a token are left out, and every token keeps its id', () => {
  const { model } = tokenizerFile(letters) as { model: { vocab: object } };
  expect(model.vocab).toEqual({ '<pad>': 0, '<s>': 1, '|': 3, A: 4, É: 5 });
});

test('the blank goes after equal neighbours are one, other special tokens after that', () => {
  const { decoder, added_tokens } = tokenizerFile(letters) as {
    decoder: unknown;
    added_tokens: { content: string; special: boolean }[];
  };
  expect(decoder).toEqual({
    type: 'Sequence',
    decoders: [
      { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: true },
      { type: 'Replace', pattern: { String: '<s>' }, content: '' },
    ],
  });
  // transformers.js would drop them first.
  expect(added_tokens.map(({ content, special }) => [content, special])).toEqual([
    ['<pad>', false],
    ['<s>', false],
    ['|', false],
  ]);
});

test('a vocabulary whose delimiter is a space, or that has none, is decoded without clean-up', () => {
  const spaced = new Vocabulary({
    tokens: ['<pad>', ' ', 'a'],
    blank: 0,
    wordDelimiter: ' ',
    special: new Set(['<pad>']),
  });
  const { decoder } = tokenizerFile(spaced) as { decoder: unknown };
  expect(decoder).toEqual({ type: 'CTC', pad_token: '<pad>', word_delimiter_token: ' ', cleanup: false });
  const chinese = new Vocabulary({ tokens: ['<pad>', '你', '好'], blank: 0, special: new Set(['<pad>']) });
  expect(tokenizerFile(chinese)).toMatchObject({ normalizer: null, decoder: { cleanup: false } });
});

test('"▁" becomes a space, at the start of pieces too', () => {
  const pieces = new Vocabulary({ tokens: ['<pad>', '▁a', 'b'], blank: 0, special: new Set(['<pad>']) });
  expect(tokenizerFile(pieces)).toMatchObject({ decoder: { type: 'CTC', word_delimiter_token: '▁', cleanup: true } });
});

test('phones carry the space between them; the token between words is not written', () => {
  const phones = new Vocabulary({
    tokens: ['<pad>', '<unk>', 'tʃ', '|'],
    blank: 0,
    wordDelimiter: '|',
    phoneDelimiter: ' ',
    special: new Set(['<pad>', '<unk>']),
  });
  expect(tokenizerFile(phones)).toMatchObject({
    model: { vocab: { '<pad>': 0, '<unk>': 1, 'tʃ ': 2, '|': 3 } },
    normalizer: null,
    decoder: {
      decoders: [{ type: 'CTC', cleanup: false }, { pattern: { String: '<unk>' } }, { pattern: { String: '|' } }],
    },
  });
});
