/** Text to labels and back: spaces, long tokens, what cannot be spelled; greedy CTC decoding. */

import { describe, expect, test } from 'vitest';
import { bestPath, collapse } from '../../../src/speech/text/greedy.ts';
import { Vocabulary } from '../../../src/speech/text/vocabulary.ts';
import type { WordSettings } from '../../../src/speech/text/words.ts';
import type { ScoringUnit } from '../../../src/protocol/errorRate.ts';

const usual = ['<pad>', '<s>', '</s>', '<unk>', '|'];
const make = (letters: readonly string[]): Vocabulary =>
  new Vocabulary({
    tokens: [...usual, ...letters],
    blank: 0,
    wordDelimiter: '|',
    special: new Set(['<pad>', '<s>', '</s>', '<unk>']),
  });
const spelled = (vocabulary: Vocabulary, text: string): string[] =>
  [...vocabulary.spell(text).labels].map((label) => vocabulary.tokens[label] ?? '?');

describe('spelling', () => {
  test('spaces become delimiters, and a text is spelled as it is: its steps are over', () => {
    const upper = make(['A', 'B', "'"]);
    expect(spelled(upper, "  AB\t\n B'A ")).toEqual(['A', 'B', '|', 'B', "'", 'A']);
    expect(upper.spaced("  AB\t\n\u00A0\u3000B'A ")).toBe("AB B'A");
    expect(upper.spell('aB').missing).toEqual(['a']);
  });

  test('long tokens win', () => {
    expect(spelled(make(['t', 'h', 'th', 'the', 'e']), 'thethht')).toEqual(['the', 'th', 'h', 't']);
  });

  test('characters that cannot be spelled are listed once each, special tokens are not text', () => {
    const vocabulary = make(['A', 'S', 'P', 'D']);
    expect(vocabulary.spell('AS 9ü9').missing).toEqual(['9', 'ü']);
    expect(vocabulary.spell('<PAD>').missing).toEqual(['<', '>']);
    expect(vocabulary.spell('A|S').missing).toEqual(['|']);
  });

  test('characters beyond 16 bits are one character', () => {
    expect(spelled(make(['𠮷', '𝄞']), '𝄞𠮷')).toEqual(['𝄞', '𠮷']);
    expect(make(['A']).spell('😀').missing).toEqual(['😀']);
  });

  test('a vocabulary without a delimiter writes no spaces', () => {
    const vocabulary = new Vocabulary({ tokens: ['<pad>', '你', '好'], blank: 0, special: new Set(['<pad>']) });
    expect(vocabulary.spell('你 好')).toEqual({ labels: Int32Array.of(1, 2), missing: [] });
  });
});

describe('words', () => {
  const special = new Set(['<pad>', '<s>', '<unk>']);
  const of = (tokens: readonly string[], settings: WordSettings = { wordDelimiter: '|' }): Vocabulary =>
    new Vocabulary({ tokens: ['<pad>', '<s>', ...tokens], blank: 0, special, ...settings });
  const again = (vocabulary: Vocabulary, text: string): string => vocabulary.text([...vocabulary.spell(text).labels]);

  test.each<[string, Vocabulary, string, string, string[], ScoringUnit]>([
    ['"|"', of(['|', 'A', 'B']), 'AB  A', 'AB A', ['A', 'B', '|', 'A'], 'word'],
    ['a space that the tokenizer does not name', of([' ', 'a', 'b']), 'ab a', 'ab a', ['a', 'b', ' ', 'a'], 'word'],
    ['"▁" alone', of(['▁', 'A', 'B']), 'AB A', 'AB A', ['▁', 'A', 'B', '▁', 'A'], 'word'],
    ['pieces', of(['▁', '▁a', 'b', '▁ab', 'c']), 'abc  a c', 'abc a c', ['▁ab', 'c', '▁a', '▁', 'c'], 'word'],
    [
      '"▁" that the tokenizer names',
      of(['▁', 'a'], { wordDelimiter: '▁' }),
      'a a',
      'a a',
      ['▁', 'a', '▁', 'a'],
      'word',
    ],
    ['none, Chinese', of(['你', '好']), '你 好', '你好', ['你', '好'], 'character'],
    ['none, Thai', of(['ก', '\u0e31', 'น']), 'กัน น', 'กันน', ['ก', '\u0e31', 'น', 'น'], 'character'],
    ['phones', of(['tʃ', 'oʊ', 't'], { phoneDelimiter: ' ' }), ' tʃ  oʊ t', 'tʃ oʊ t', ['tʃ', 'oʊ', 't'], 'phone'],
    ['phones with another sign', of(['tʃ', 'oʊ'], { phoneDelimiter: '-' }), 'tʃ-oʊ', 'tʃ oʊ', ['tʃ', 'oʊ'], 'phone'],
    [
      'phones with a token between words, which is learned and not scored',
      of(['|', 'AH0', 'N'], { phoneDelimiter: ' ', wordDelimiter: '|' }),
      'AH0 | N',
      'AH0 N',
      ['AH0', '|', 'N'],
      'phone',
    ],
  ])('%s', (_, vocabulary, text, written, tokens, unit) => {
    expect(spelled(vocabulary, text)).toEqual(tokens);
    expect(vocabulary.spell(text).missing).toEqual([]);
    expect(vocabulary.spaced(text)).toBe(written);
    expect(again(vocabulary, text)).toBe(written);
    expect(vocabulary.unit).toBe(unit);
  });

  test('an empty text has no labels, with "▁" too', () => {
    expect(spelled(of(['▁', 'a']), '  ')).toEqual([]);
  });

  test('"▁" in a text is no space, and a phone that is lacking is named whole', () => {
    expect(of(['▁', 'a', 'b']).spell('a▁b').missing).toEqual(['▁']);
    expect(of(['tʃ'], { phoneDelimiter: ' ' }).spell('tʃ dʒ dʒ').missing).toEqual(['dʒ']);
  });

  test('what is lacking is counted, the most frequent first', () => {
    expect([...make(['A']).missingIn(['A é', 'A.é', 'é'])]).toEqual([
      ['é', 3],
      ['.', 1],
    ]);
  });
});

describe('decoding', () => {
  test('repeats are merged, blanks separate, special tokens say nothing', () => {
    const vocabulary = make(['A', 'B']);
    const path = [0, 5, 5, 0, 5, 4, 4, 1, 6, 3, 6, 2, 4, 0];
    expect(collapse(path, 0)).toEqual([5, 5, 4, 1, 6, 3, 6, 2, 4]);
    expect(vocabulary.text(collapse(path, 0))).toBe('AA BB');
  });

  test('another blank than 0', () => {
    expect(collapse([0, 0, 2, 0, 1, 2], 2)).toEqual([0, 0, 1]);
  });

  test('the likeliest symbol of each frame, frames of padding left out', () => {
    const logits = Float32Array.from(
      [
        [0, 9, 1],
        [3, -1, 2],
        [-5, -4, -3],
        [9, 9, 9],
      ].flat(),
    );
    expect(bestPath(logits, 3, 3)).toEqual(Int32Array.of(1, 0, 2));
    expect(() => bestPath(logits, 5, 3)).toThrow('12 logits are fewer than 5 frames of 3 symbols');
  });

  test('a model may have more outputs than the vocabulary has tokens', () => {
    const vocabulary = new Vocabulary({ tokens: ['<pad>', 'a'], blank: 0, special: new Set(['<pad>']) });
    const path = bestPath(Float32Array.from([0, 1, 0, 0, 0, 1]), 2, 3);
    expect(vocabulary.text(collapse(path, vocabulary.blank))).toBe('a');
  });

  test('spelling and decoding undo each other', () => {
    const vocabulary = make(['A', 'B', 'C']);
    expect(vocabulary.text([...vocabulary.spell('CAB  BAB A').labels])).toBe('CAB BAB A');
  });
});
