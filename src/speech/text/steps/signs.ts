/** Signs that are typed in many ways: quotation marks, apostrophes, dashes, and characters without a shape. */

import type { Vocabulary } from '../vocabulary.ts';
import { changeMatches, type Change } from './change.ts';

/** Those that are meant as an apostrophe between or beside letters. The first three are what vocabularies have. */
const apostrophes = [
  "'",
  '\u2019',
  '\u02BC',
  '\u2018',
  '\u201B',
  '\u02BB',
  '\u2032',
  '\u2035',
  '`',
  '\u00B4',
  '\uFF07',
];
const doubleQuotes = ['"', '\u201D', '\u201C', '\u201E', '\u201F', '\u00AB', '\u00BB', '\u2033', '\u2036', '\uFF02'];
const hyphens = ['-', '\u2010', '\u2011'];

/** Whether it is typed where an apostrophe is meant. */
export function isApostrophe(character: string): boolean {
  return apostrophes.includes(character);
}

/** The step `apostrophes`. Only beside a letter: anywhere else the same signs are quotation marks. */
export function toApostropheOf(vocabulary: Vocabulary): Change {
  const own = apostrophes.slice(0, 3).find((sign) => vocabulary.has(sign));
  const sign = anyOf(apostrophes).source;
  const beside = new RegExp(`${sign}(?:(?<=\\p{L}\\p{M}*${sign})|(?=\\p{L}))`, 'gu');
  return changeMatches(beside, (sign) => (own === undefined || vocabulary.has(sign) ? sign : own));
}

/** The step `quotes`. "‘" and "’" around words are no apostrophes, so they go if there is nothing that they could become. */
export function toQuotesOf(vocabulary: Vocabulary): Change {
  const own = doubleQuotes.slice(0, 3).find((sign) => vocabulary.has(sign));
  const double = changeMatches(anyOf(doubleQuotes), (sign) => (vocabulary.has(sign) ? sign : (own ?? sign)));
  return (text) => {
    let characters = 0;
    const unpaired = text.replace(singlePair, (pair, open: string, inner: string, close: string) => {
      if (vocabulary.has(open) && vocabulary.has(close)) return pair;
      characters += 2;
      return `${own ?? ''}${inner}${own ?? ''}`;
    });
    const then = double(unpaired);
    return { text: then.text, characters: characters + then.characters };
  };
}

/** Single quotation marks around words; between them may be apostrophes within words. */
const singlePair =
  /(?<![\p{L}\p{M}\p{N}])([\u2018\u201A])([^\u2018-\u201A]*(?:\u2019\p{L}[^\u2018-\u201A]*)*)([\u2019\u2018])(?![\p{L}\p{N}])/gu;

/** The step `dashes`. */
export function toHyphenOf(vocabulary: Vocabulary): Change {
  const own = hyphens.find((sign) => vocabulary.has(sign));
  return changeMatches(/[\p{Pd}\u2212]/gu, (sign) => (own === undefined || vocabulary.has(sign) ? sign : own));
}

/** The step `invisible`. White space is no part of it, and a byte order mark is. */
export function withoutInvisible(vocabulary: Vocabulary): Change {
  return changeMatches(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, (character) =>
    vocabulary.has(character) || /\p{White_Space}/u.test(character) ? character : '',
  );
}

function anyOf(signs: readonly string[]): RegExp {
  return new RegExp(`[${signs.join('')}]`, 'gu');
}
