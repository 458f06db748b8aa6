/** The case that the vocabulary has of each letter. */

import type { Vocabulary } from '../vocabulary.ts';
import { changeMatches, changeUnits, type Change } from './change.ts';

/**
 * The step `case`: a letter that the vocabulary lacks takes the case that it has. A letter may become two ("ß" becomes "SS"), but only where the
 * vocabulary has no form of one. Sigma at the end of a Greek word is "ς" if the vocabulary has it.
 */
export function toCaseOf(vocabulary: Vocabulary): Change {
  const each = changeUnits(vocabulary, (unit) => otherCase(unit, vocabulary) ?? unit);
  if (vocabulary.words.kind === 'phones' || vocabulary.has('Σ') || !vocabulary.has('ς')) return each;
  const final = changeMatches(/(?<=\p{L}\p{M}*)Σ(?![\p{L}\p{M}])/gu, () => 'ς');
  return (text) => {
    const first = final(text);
    const then = each(first.text);
    return { text: then.text, characters: first.characters + then.characters };
  };
}

/** Whether the vocabulary has a character, or a phone, in some case. */
export function hasInSomeCase(unit: string, vocabulary: Vocabulary): boolean {
  return vocabulary.has(unit) || otherCase(unit, vocabulary) !== undefined;
}

/** The form that the vocabulary has; undefined if it has the unit itself, or none. */
export function otherCase(unit: string, vocabulary: Vocabulary): string | undefined {
  if (vocabulary.has(unit) || !/\p{Cased}/u.test(unit)) return undefined;
  const phones = vocabulary.words.kind === 'phones';
  return formsOf(unit, vocabulary).find((form) =>
    phones ? vocabulary.has(form) : form !== unit && Array.from(form).every((part) => vocabulary.has(part)),
  );
}

function formsOf(unit: string, vocabulary: Vocabulary): string[] {
  const [lower, upper] = [unit.toLowerCase(), unit.toUpperCase()];
  // "ẞ" is no upper case of "ß" in Unicode, but one letter for one.
  const one = unit === 'ß' ? ['ẞ'] : [];
  // Where the vocabulary has both letters I, one with a dot and one without, the language keeps them apart in both cases.
  const dotted = turkic.flatMap(([from, to]) => (unit === from && vocabulary.has(to) ? [to] : []));
  const forms = [...dotted, ...one, lower, upper, upper.toLowerCase(), ...(unit === 'İ' ? ['i', 'I'] : [])];
  // Vocabularies of scripts with combining marks may have the marks alone.
  return [...forms, ...forms.map((form) => form.normalize('NFD'))];
}

const turkic = [
  ['I', 'ı'],
  ['İ', 'i'],
  ['i', 'İ'],
] as const;
