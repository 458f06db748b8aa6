/** Vocabularies of letters for tests of texts. */

import { autoSteps, type TextStep } from '../../../../src/protocol/textSteps.ts';
import { TextSteps } from '../../../../src/speech/text/steps/textSteps.ts';
import { Vocabulary } from '../../../../src/speech/text/vocabulary.ts';
import type { WordSettings } from '../../../../src/speech/text/words.ts';

const special = ['<pad>', '<s>', '</s>', '<unk>'];

/** Each character is a token; words are separated by "|" unless something else is said. */
export function lettersOf(
  letters: string | readonly string[],
  words: WordSettings = { wordDelimiter: '|' },
): Vocabulary {
  const tokens = [
    ...special,
    ...(words.wordDelimiter === undefined ? [] : [words.wordDelimiter]),
    ...Array.from(letters),
  ];
  return new Vocabulary({ tokens, blank: 0, special: new Set(special), ...words });
}

export const english = lettersOf("abcdefghijklmnopqrstuvwxyz'");
export const capitals = lettersOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ'");

/** A text after the steps. */
export function after(text: string, vocabulary: Vocabulary, steps: readonly TextStep[] = autoSteps): string {
  return new TextSteps(steps, vocabulary).apply(text);
}
