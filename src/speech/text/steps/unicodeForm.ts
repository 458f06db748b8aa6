/** The Unicode form of each character that the vocabulary has. */

import type { Vocabulary } from '../vocabulary.ts';
import { changeMatches, type Change } from './change.ts';
import { hasInSomeCase } from './letterCase.ts';

/** A character with its marks, those of halfwidth katakana too. */
const cluster = /\P{M}[\p{M}\uFF9E\uFF9F]+|[^\p{ASCII}]/gu;
/** Compatibility forms that are other words, such as "™" and "½", or would bring a space. */
const keepsMeaning = /^[\p{L}\p{M}\p{Nd}\p{P}\uFF00-\uFFEF]+$/u;

/**
 * The step `unicode`: composed, as is, decomposed, or some of the marks composed, whichever the vocabulary has first in either case; then the plain
 * form of a fullwidth or other compatibility character.
 */
export function toFormOf(vocabulary: Vocabulary): Change {
  if (vocabulary.words.kind === 'phones') return changePhones(vocabulary);
  const known = new Map<string, string>();
  const own = tokensNotComposed(vocabulary);
  const can = (form: string): boolean =>
    form !== '' && Array.from(form).every((character) => hasInSomeCase(character, vocabulary));
  return changeMatches(cluster, (match) => {
    const before = known.get(match);
    if (before !== undefined) return before;
    const after = [asTokens(match, own), ...formsOf(match)].find(can) ?? match;
    known.set(match, after);
    return after;
  });
}

/** Tokens that are not composed (NFC), by their composed form: such as "ड़" as one character, which NFC writes as two. */
export function tokensNotComposed({ tokens }: Vocabulary): ReadonlyMap<string, string> {
  return new Map(
    tokens.flatMap((token) => (token === token.normalize('NFC') ? [] : [[token.normalize('NFC'), token]])),
  );
}

/** The composed form, but as the tokens have it. */
function asTokens(text: string, own: ReadonlyMap<string, string>): string {
  return [...own].reduce((form, [composed, token]) => form.replaceAll(composed, token), text.normalize('NFC'));
}

/** A phone has one form of several. */
function changePhones(vocabulary: Vocabulary): Change {
  return (text) => {
    const phones = vocabulary.unitsOf(text);
    const after = phones.map(
      (phone) => [phone, ...canonical(phone)].find((form) => hasInSomeCase(form, vocabulary)) ?? phone,
    );
    const changed = phones.filter((phone, at) => phone !== after[at]);
    const characters = changed.reduce((sum, phone) => sum + Array.from(phone).length, 0);
    return { text: characters === 0 ? text : vocabulary.textOf(after), characters };
  };
}

const canonical = (text: string): string[] => [text.normalize('NFC'), text.normalize('NFD')];

function formsOf(text: string): string[] {
  const plain = keepsMeaning.test(text) ? [text.normalize('NFKC'), text.normalize('NFKD')] : [];
  const [composed = '', apart = ''] = canonical(text);
  return [composed, text, apart, ...partlyComposed(apart), ...plain.filter((form) => !form.includes(' '))];
}

/** With one of the marks composed: Vietnamese vocabularies have "ê" and the tones apart. */
function partlyComposed(apart: string): string[] {
  const [base = '', ...marks] = Array.from(apart);
  return marks.map((mark, at) => (base + mark).normalize('NFC') + marks.filter((_, other) => other !== at).join(''));
}
