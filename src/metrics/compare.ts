/** Tests whether two systems' word error rates on the same utterances differ significantly. */

import type { Comparison, Mapsswe } from '../protocol/results/comparison.ts';
import type { ScoringUnit } from '../protocol/errorRate.ts';
import { pairedBootstrap } from './bootstrap.ts';
import { mapsswe } from './mapsswe.ts';
import { scoreUtterance } from './score.ts';

/** A recognised utterance; `reference` and `hypothesis` are normalized texts. */
export interface Recognized {
  readonly id: string;
  readonly reference: string;
  readonly hypothesis: string;
}

/** From about this many segments on, the mean is close to normally distributed. SCTK has no such limit. */
export const fewestSegments = 30;

/** Two-tailed at 5 %. */
const significantZ = 1.96;

/**
 * Compares the tested system with another. MAPSSWE gives the verdict; the bootstrap is additional.
 * A positive Z or difference means more errors in the tested system.
 * @param unit what an error is counted in.
 */
export function compareSystems(
  tested: readonly Recognized[],
  against: readonly Recognized[],
  unit: ScoringUnit = 'word',
): Comparison {
  const difference = firstDifference(tested, against);
  if (difference !== undefined) return { verdict: 'undecided', reason: difference };

  const other = new Map(against.map((utterance) => [utterance.id, utterance]));
  const scores = tested.map((utterance) => ({
    first: scoreUtterance(utterance.reference, utterance.hypothesis, unit),
    second: scoreUtterance(utterance.reference, other.get(utterance.id)?.hypothesis ?? '', unit),
  }));
  const test = mapsswe(scores.map(({ first, second }) => ({ first: first.edits, second: second.edits })));
  const bootstrap = pairedBootstrap(
    scores.map(({ first, second }) => ({ words: first.words, first: first.errors, second: second.errors })),
  );
  return { ...verdictBy(test), mapsswe: test, bootstrap };
}

/** What the test says of the tested system, and why it may not apply. */
export function verdictBy(test: Mapsswe): Pick<Comparison, 'verdict' | 'reason'> {
  // A segment is where one of the two errs.
  if (test.segments === 0) {
    return { verdict: 'undecided', reason: 'Neither system makes an error on these utterances.' };
  }
  if (test.segments < fewestSegments) {
    const have = test.segments === 1 ? 'segment has' : 'segments have';
    const reason = `Only ${test.segments} ${have} errors; the test needs ${fewestSegments}. Use more test speech.`;
    return { verdict: 'undecided', reason };
  }
  if (test.deviation === 0 && test.mean !== 0) {
    const reason = 'Every segment differs by the same number of errors, so the test has no spread to judge by.';
    return { verdict: 'undecided', reason };
  }
  return { verdict: Math.abs(test.z) <= significantZ ? 'same' : test.z > 0 ? 'worse' : 'better' };
}

/** The reason why the two lists are not the same utterances; undefined if they are, in any order. */
export function firstDifference(tested: readonly Recognized[], against: readonly Recognized[]): string | undefined {
  if (tested.length === 0) return 'There are no utterances to compare.';
  const references = new Map(against.map((utterance) => [utterance.id, utterance.reference]));
  if (references.size !== against.length || new Set(tested.map(({ id }) => id)).size !== tested.length) {
    return 'An utterance occurs twice in one of the systems.';
  }
  if (tested.length !== against.length) {
    return `The systems were given ${tested.length} and ${against.length} utterances; they must be given the same ones.`;
  }
  for (const { id, reference } of tested) {
    const other = references.get(id);
    if (other === undefined) return `Utterance ${id} was given to one system only.`;
    if (other !== reference) return `The reference of utterance ${id} differs between the systems.`;
  }
  return undefined;
}
