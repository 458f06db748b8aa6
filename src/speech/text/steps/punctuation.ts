/** Punctuation that the vocabulary lacks: removed, without joining two words. */

import type { Vocabulary } from '../vocabulary.ts';
import { changeUnits, type Change } from './change.ts';
import { isApostrophe } from './signs.ts';

/** Signs that people read aloud, as they do numbers: without them the text would no longer be what is heard. */
export const readAloud = /[&＆%٪％‰‱@＠#＃§№°℃℉+＋=＝<>×÷±≈≠≤≥√∞]|\p{Sc}/u;

/** Letters in circles are symbols, too. */
const punctuation = /^[\p{P}\p{S}]$/u;
const isLetter = /\p{Alphabetic}/u;

/** Signs within a word, beside apostrophes: Catalan's middle dot, Armenian tones, Hebrew's marks of abbreviations, a point of hyphenation. */
const withinWords = '\u00B7\u2027\u055B\u055C\u055E\u05F3\u05F4';

/**
 * The step `punctuation`. Between two words, as in "well-known" and "and/or", it becomes a space; apostrophes and other signs within words are
 * removed there, too. Signs that are read aloud stay.
 */
export function withoutPunctuation(vocabulary: Vocabulary): Change {
  const known = new Map<string, boolean>();
  const goes = (character: string): boolean => {
    const before = known.get(character);
    if (before !== undefined) return before;
    const now = isPunctuation(character) && !vocabulary.has(character);
    known.set(character, now);
    return now;
  };
  if (vocabulary.words.kind === 'phones') {
    return changeUnits(vocabulary, (phone) =>
      vocabulary.has(phone) || phone === vocabulary.wordDelimiter || !Array.from(phone).every(goes) ? phone : '',
    );
  }
  return (text) => {
    const characters = Array.from(text);
    const isGone = characters.map(goes);
    if (!isGone.includes(true)) return { text, characters: 0 };
    // "1,000" stays whole, to be counted as one number.
    const isNumber = (character = ''): boolean => /\p{Nd}/u.test(character) && !vocabulary.has(character);
    let count = 0;
    const isWord = (at: number): boolean => !isGone[at] && /\P{White_Space}/u.test(characters[at] ?? ' ');
    let result = '';
    for (let at = 0; at < characters.length;) {
      if (!isGone[at]) {
        result += characters[at++] ?? '';
        continue;
      }
      const start = at;
      while (isGone[at]) at++;
      if (isNumber(characters[start - 1]) && isNumber(characters[at])) {
        result += characters.slice(start, at).join('');
        continue;
      }
      const joins = characters.slice(start, at).every((sign) => isWithin(sign, characters[start - 1], characters[at]));
      count += at - start;
      if (isWord(start - 1) && isWord(at) && !joins) result += ' ';
    }
    return { text: result, characters: count };
  };
}

function isPunctuation(character: string): boolean {
  return punctuation.test(character) && !readAloud.test(character) && !isLetter.test(character);
}

/** Whether a sign is part of the word between these two characters. */
function isWithin(sign: string, before = '', after = ''): boolean {
  // Hebrew's mark of abbreviations is often typed as a quotation mark.
  const hebrew = /[\u0590-\u05FF]/u.test(before) && /[\u0590-\u05FF]/u.test(after);
  return isApostrophe(sign) || withinWords.includes(sign) || (hebrew && /["\u201D]/u.test(sign));
}
