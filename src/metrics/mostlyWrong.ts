/** Looks for the causes when a trained model gets nearly everything wrong: most often its files or the texts, not the model. */

import type { ScoringUnit } from '../protocol/errorRate.ts';
import { percent } from '../base/format.ts';
import { scoreCorpus, scoreUtterance, splitUnits } from './score.ts';

interface Pair {
  readonly reference: string;
  readonly hypothesis: string;
}

/** From this error rate on, something other than the model is suspected. */
const suspicious = 0.9;
/** A comparison of fewer errors than this share of what they were has found the cause. */
const explained = 0.5;
/** Utterances that are looked at. */
const most = 200;

/**
 * A warning if more than 90 % of the words (or what else is counted) are wrong, with the causes that the texts show.
 * @param pairs normalized texts.
 * @param lacking how often the texts have a character, or phone, that the vocabulary lacks.
 */
export function warnOfMostlyWrong(pairs: readonly Pair[], unit: ScoringUnit, lacking: number): string | undefined {
  const some = pairs.filter(({ reference }) => reference !== '').slice(0, most);
  if (some.length === 0) return undefined;
  const rate = rateOf(pairs, unit);
  if (rate <= suspicious) return undefined;
  const causes = causesOf(some, unit, lacking / sum(pairs, ({ reference }) => countUnits(reference, unit)));
  const found = causes.length > 0 ? causes.join(' ') : unexplained;
  return `${percent(rate, 1)} of the ${unit}s are wrong, which is rarely the fault of a model that was trained. ${found}`;
}

const unexplained =
  'The texts show no cause: look whether the tokenizer files are those of this model, its language is that of the recordings, and sampling_rate and do_normalize in preprocessor_config.json are those that it was trained with.';

function causesOf(pairs: readonly Pair[], unit: ScoringUnit, lacking: number): string[] {
  const causes: string[] = [];
  const silent = pairs.filter(({ hypothesis }) => hypothesis === '').length / pairs.length;
  if (silent > 0.5) {
    causes.push(
      `The model writes nothing for ${percent(silent)} of the utterances: look whether pad_token is its blank, and sampling_rate and do_normalize in preprocessor_config.json are those that it was trained with.`,
    );
  }
  if (unit === 'phone' && lacking > 0.5) {
    causes.push(
      'Most of what the texts have between spaces is no phone of the vocabulary: this model writes phones, so write the texts in its phones, separated by spaces.',
    );
  } else if (lacking > 0.1) {
    causes.push(`The vocabulary lacks characters of the texts, ${lacking.toFixed(1)} for each ${unit}.`);
  }
  const characters = rateOf(pairs, 'character');
  const [said, heard] = [pairs.map((pair) => pair.reference), pairs.map((pair) => pair.hypothesis)].map((texts) =>
    sum(texts, (text) => countUnits(text, unit)),
  ) as [number, number];
  // As many words on both sides are separated alike.
  if (unit === 'word' && characters < explained && Math.abs(heard - said) > 0.3 * said) {
    causes.push(
      `Without spaces only ${percent(characters, 1)} of the characters are wrong, so the texts separate words otherwise than the model: look at word_delimiter_token in tokenizer_config.json, and at the spaces of the texts.`,
    );
  }
  const before = rateOf(pairs, unit);
  for (const { change, says } of changes) {
    const rate = rateOf(
      pairs.map(({ reference, hypothesis }) => ({ reference: change(reference), hypothesis: change(hypothesis) })),
      unit,
    );
    if (rate < explained * before)
      causes.push(
        `${says} only ${percent(rate, 1)} of the ${unit}s are wrong: change the texts to how the model writes.`,
      );
  }
  return causes;
}

const changes = [
  { says: 'Without regard to case', change: (text: string): string => text.toLowerCase() },
  { says: 'Without punctuation', change: (text: string): string => text.replaceAll(/[\p{P}\p{S}]/gu, '') },
  { says: 'Without accents', change: (text: string): string => text.normalize('NFD').replaceAll(/\p{Mn}/gu, '') },
] as const;

/** 1 where nothing is left to compare. */
function rateOf(pairs: readonly Pair[], unit: ScoringUnit): number {
  const scores = pairs.map(({ reference, hypothesis }) => scoreUtterance(reference, hypothesis, unit));
  return scores.some(({ words }) => words > 0) ? scoreCorpus(scores, unit).wer : 1;
}

function countUnits(text: string, unit: ScoringUnit): number {
  return splitUnits(text, unit).length;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
