/** Refuses texts in plain spelling where the tokenizer would make phones of them: Pinch has no such dictionary. */

import type { Utterance } from '../manifest/utterance.ts';
import { ProcessorError } from './json.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Utterances that are looked at. */
const most = 1000;

/**
 * @param manifest the file that the texts are from.
 * @throws ProcessorError if the tokenizer has `do_phonemize`, and more than half of what the texts have between spaces is no phone.
 */
export function refusePlainSpelling(vocabulary: Vocabulary, utterances: readonly Utterance[], manifest: string): void {
  if (!vocabulary.phonemizes) return;
  const texts = utterances.slice(0, most).map(({ text }) => text);
  let lacking = 0;
  for (const count of vocabulary.missingIn(texts).values()) lacking += count;
  const all = texts.reduce((sum, text) => sum + vocabulary.spell(text).labels.length, lacking);
  if (lacking <= all / 2) return;
  throw new ProcessorError(
    `${manifest}: the texts are in plain spelling, and this model writes phones; write the texts in the phones of its vocabulary, separated by spaces (do_phonemize of tokenizer_config.json, which makes phones of words, needs a program that Pinch does not have)`,
  );
}
