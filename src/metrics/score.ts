/** Word, character and sentence error rates, of one utterance and of a corpus. */

import type { CorpusScore } from '../protocol/results/evaluation.ts';
import { align, editDistance, type Edit } from './alignment.ts';

/** What was said and what was recognised, as words, with every error counted. */
export interface UtteranceScore {
  readonly edits: readonly Edit[];
  /** Words of the reference. */
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Substitutions, deletions and insertions together. */
  readonly errors: number;
  /** Characters of the reference, the spaces between its words included. */
  readonly characters: number;
  readonly characterErrors: number;
}

/** The words of a text: what stands between white space. */
export function splitWords(text: string): string[] {
  return text.split(/\s+/u).filter((word) => word !== '');
}

/**
 * Compares two texts as they are: case and punctuation count, so bring both to one form before. Words are aligned as sclite aligns them.
 * Characters are Unicode code points of the words joined by single spaces, compared by plain edit distance, as jiwer's `cer` does.
 */
export function scoreUtterance(reference: string, hypothesis: string): UtteranceScore {
  const spoken = splitWords(reference);
  const heard = splitWords(hypothesis);
  const edits = align(spoken, heard);
  const count = (kind: Edit['kind']): number => edits.filter((edit) => edit.kind === kind).length;
  const [substitutions, deletions, insertions] = [count('substitution'), count('deletion'), count('insertion')];
  const characters = Array.from(spoken.join(' '));
  return {
    edits,
    words: spoken.length,
    substitutions,
    deletions,
    insertions,
    errors: substitutions + deletions + insertions,
    characters: characters.length,
    characterErrors: editDistance(characters, Array.from(heard.join(' '))),
  };
}

/** Sums utterances into a corpus. @throws RangeError if the references have no words at all, for then there is no rate. */
export function scoreCorpus(scores: readonly UtteranceScore[]): CorpusScore {
  const sum = (count: (score: UtteranceScore) => number): number =>
    scores.reduce((total, score) => total + count(score), 0);
  const words = sum((score) => score.words);
  const errors = sum((score) => score.errors);
  const characters = sum((score) => score.characters);
  const characterErrors = sum((score) => score.characterErrors);
  if (words === 0) throw new RangeError('The references have no words, so there is no word error rate.');
  return {
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
