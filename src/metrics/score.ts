/** Word, character and sentence error rates of utterances and corpora. */

import type { ScoringUnit } from '../protocol/errorRate.ts';
import type { CorpusScore } from '../protocol/results/evaluation.ts';
import { align, editDistance, type Edit } from './alignment.ts';

/** Reference and hypothesis as words, with all errors counted. */
export interface UtteranceScore {
  readonly edits: readonly Edit[];
  /** Words of the reference. */
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Substitutions, deletions and insertions together. */
  readonly errors: number;
  /** Characters of the reference, including the spaces between its words. */
  readonly characters: number;
  readonly characterErrors: number;
}

/** The words of a text, separated by white space. */
export function splitWords(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

/** What is counted in a text: words or phones, separated by white space, or characters (Unicode code points), white space left out. */
export function splitUnits(text: string, unit: ScoringUnit = 'word'): string[] {
  return unit === 'character' ? splitWords(text).flatMap((word) => Array.from(word)) : splitWords(text);
}

/**
 * Compares two texts exactly: case and punctuation count, so normalize both before. Words (or what else the unit is) are aligned as in sclite.
 * Characters are Unicode code points of the words joined by single spaces, compared by edit distance, like jiwer's `cer`.
 */
export function scoreUtterance(reference: string, hypothesis: string, unit: ScoringUnit = 'word'): UtteranceScore {
  const spoken = splitUnits(reference, unit);
  const heard = splitUnits(hypothesis, unit);
  const between = unit === 'character' ? '' : ' ';
  const edits = align(spoken, heard);
  const count = (kind: Edit['kind']): number => edits.filter((edit) => edit.kind === kind).length;
  const [substitutions, deletions, insertions] = [count('substitution'), count('deletion'), count('insertion')];
  const characters = Array.from(spoken.join(between));
  return {
    edits,
    words: spoken.length,
    substitutions,
    deletions,
    insertions,
    errors: substitutions + deletions + insertions,
    characters: characters.length,
    characterErrors: editDistance(characters, Array.from(heard.join(between))),
  };
}

/** The totals of a corpus. @throws RangeError if the references have no words: the rate is then undefined. */
export function scoreCorpus(scores: readonly UtteranceScore[], unit: ScoringUnit = 'word'): CorpusScore {
  const sum = (count: (score: UtteranceScore) => number): number =>
    scores.reduce((total, score) => total + count(score), 0);
  const words = sum((score) => score.words);
  const errors = sum((score) => score.errors);
  const characters = sum((score) => score.characters);
  const characterErrors = sum((score) => score.characterErrors);
  if (words === 0) throw new RangeError(`The references have no ${unit}s, so there is no ${unit} error rate.`);
  return {
    ...(unit === 'word' ? {} : { unit }),
    wer: errors / words,
    cer: characterErrors / characters,
    sentenceErrorRate: sum((score) => Number(score.errors > 0)) / scores.length,
    utterances: scores.length,
    words,
    errors,
    substitutions: sum((score) => score.substitutions),
    deletions: sum((score) => score.deletions),
    insertions: sum((score) => score.insertions),
    characters,
    characterErrors,
  };
}
