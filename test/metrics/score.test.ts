/** Error rates of utterances and of corpora. */

import { describe, expect, test } from 'vitest';
import { scoreCorpus, scoreUtterance, splitWords } from '../../src/metrics/score.ts';

describe('scoreUtterance', () => {
  test('counts each kind of error', () => {
    expect(scoreUtterance('the cat sat on the mat', 'a cat on the the mat')).toMatchObject({
      words: 6,
      substitutions: 1,
      deletions: 1,
      insertions: 1,
      errors: 3,
    });
  });

  test('characters include the spaces between words, as in jiwer.cer', () => {
    // jiwer 3.0: cer("hello world", "hello word") = 1/11; cer("a b", "ab") = 1/3.
    expect(scoreUtterance('hello world', 'hello word')).toMatchObject({ characters: 11, characterErrors: 1 });
    expect(scoreUtterance('a b', 'ab')).toMatchObject({ characters: 3, characterErrors: 1 });
  });

  test('white space around and between words does not count', () => {
    expect(scoreUtterance('  one\ttwo ', 'one  two')).toMatchObject({
      words: 2,
      errors: 0,
      characters: 7,
      characterErrors: 0,
    });
  });

  test('a character outside the basic plane is one character', () => {
    expect(scoreUtterance('𝒳', 'x')).toMatchObject({ characters: 1, characterErrors: 1 });
  });

  test('case counts', () => expect(scoreUtterance('One', 'one').errors).toBe(1));
});

describe('other units than words', () => {
  test('characters are code points, spaces count nowhere', () => {
    const score = scoreUtterance('你好 吗', '你 号吗', 'character');
    expect(score).toMatchObject({ words: 3, errors: 1, substitutions: 1, characters: 3, characterErrors: 1 });
    expect(scoreCorpus([score], 'character')).toMatchObject({ unit: 'character', wer: 1 / 3, cer: 1 / 3 });
  });

  test('phones are what stands between spaces', () => {
    expect(scoreCorpus([scoreUtterance('t uː', 't oʊ', 'phone')], 'phone')).toMatchObject({ unit: 'phone', wer: 0.5 });
    expect(scoreCorpus([scoreUtterance('a', 'a')])).not.toHaveProperty('unit');
  });
});

describe('scoreCorpus', () => {
  test('is all errors over all words, not the mean of rates', () => {
    const corpus = scoreCorpus([scoreUtterance('a', 'b'), scoreUtterance('a b c d e f g h i', 'a b c d e f g h i')]);
    expect(corpus).toMatchObject({ wer: 0.1, words: 10, errors: 1, utterances: 2, sentenceErrorRate: 0.5 });
    expect(corpus.cer).toBeCloseTo(1 / 18, 12);
  });

  test('an utterance without words adds its insertions only', () => {
    expect(scoreCorpus([scoreUtterance('', 'um'), scoreUtterance('a b', 'a b')])).toMatchObject({
      wer: 0.5,
      insertions: 1,
    });
  });

  test('no words at all is refused', () => {
    expect(() => scoreCorpus([scoreUtterance('', 'um')])).toThrow(/no words/u);
    expect(() => scoreCorpus([])).toThrow(/no words/u);
  });
});

test('splitWords of an empty text', () => expect(splitWords(' \n')).toEqual([]));
