/** What error rates count, and how the rate of it is called, everywhere the same. */

import * as v from 'valibot';
import type { Shape } from './schema.ts';

/** What an error rate counts: words, or characters or phones where the model's vocabulary has no words. */
export const scoringUnit = v.picklist(['word', 'character', 'phone']);
export type ScoringUnit = Shape<typeof scoringUnit>;

/** The name of the error rate of what is counted; in files of earlier versions, these are words. */
export function errorRateName(unit: ScoringUnit = 'word'): string {
  return `${unit} error rate`;
}

/** WER, CER or PER. */
export function errorRateShort(unit: ScoringUnit = 'word'): string {
  return `${unit.charAt(0).toUpperCase()}ER`;
}

/** A sentence about words, of what is counted: with a capital at the same places. */
export function inUnits(sentence: string, unit: ScoringUnit = 'word'): string {
  const capital = unit.charAt(0).toUpperCase() + unit.slice(1);
  return sentence.replaceAll('Word', capital).replaceAll('word', unit);
}
