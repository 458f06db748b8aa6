/** What the steps leave although the vocabulary lacks it, because Pinch does not know how it is read: numbers, signs, markers; and bare marks. */

import type { LeftKind } from '../../../protocol/results/texts.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { marker } from './markers.ts';
import { readAloud } from './punctuation.ts';

const kinds: Readonly<Record<LeftKind, RegExp>> = {
  marker,
  number: /\p{N}(?:[\p{N}.,:'\u2019\u066B\u066C]*\p{N})?/gu,
  sign: new RegExp(readAloud, 'gu'),
  // Tatweel, which only stretches a word, is a letter to Unicode.
  mark: /[\p{M}\u0640]/gu,
};

export interface Left {
  readonly kind: LeftKind;
  readonly examples: readonly string[];
}

/** @param text after the steps. */
export function leftIn(text: string, vocabulary: Vocabulary): Left[] {
  const found: Left[] = [];
  // Phones have digits for stress and tone, and marks; those that are lacking are named whole elsewhere.
  if (vocabulary.words.kind === 'phones' || vocabulary.hasAll(text)) return found;
  let rest = text;
  for (const kind of ['marker', 'number', 'sign', 'mark'] as const) {
    const examples: string[] = [];
    rest = rest.replace(kinds[kind], (match) => {
      if (vocabulary.hasAll(match)) return match;
      examples.push(match);
      return ' ';
    });
    if (examples.length > 0) found.push({ kind, examples });
  }
  return found;
}
