/** The matched-pairs sentence-segment word error test, as in NIST's `sc_stats`. */

import type { Mapsswe } from '../protocol/results/comparison.ts';
import type { Edit } from './alignment.ts';
import { twoTailed } from './normal.ts';

/** An utterance recognised by two systems. Both alignments have the same reference. */
export interface AlignedPair {
  readonly first: readonly Edit[];
  readonly second: readonly Edit[];
}

export interface SegmentErrors {
  readonly first: number;
  readonly second: number;
}

/** Consecutive words that both systems must have right to end a segment: SCTK's default. */
const boundaryWords = 2;

/**
 * Z = mean(d)/(sd(d)/√n), d_i being the first system's errors minus the second's in segment i.
 * Source: Gillick & Cox, "Some statistical issues in the comparison of speech recognition algorithms", ICASSP 1989; SCTK's `mapsswe`.
 */
export function mapsswe(utterances: readonly AlignedPair[]): Mapsswe {
  const differences = utterances.flatMap(segmentErrors).map((segment) => segment.first - segment.second);
  const segments = differences.length;
  if (segments === 0) return { segments, mean: 0, deviation: 0, z: 0, p: 1 };
  const mean = differences.reduce((sum, d) => sum + d, 0) / segments;
  const squares = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0);
  if (squares === 0) return { segments, mean, deviation: 0, z: 0, p: 1 };
  const deviation = Math.sqrt(squares / (segments - 1));
  const z = mean / (deviation / Math.sqrt(segments));
  return { segments, mean, deviation, z, p: twoTailed(z) };
}

/** Cuts an utterance into segments with errors, bounded by at least two words that both systems got right or by the utterance's ends. */
export function segmentErrors({ first, second }: AlignedPair): SegmentErrors[] {
  const [one, two] = [byReferenceWord(first), byReferenceWord(second)];
  if (one.wrong.length !== two.wrong.length) throw new RangeError('The two alignments have different references.');
  const words = one.wrong.length;
  const segments: SegmentErrors[] = [];
  let errors = { first: 0, second: 0 };
  let rightInARow = boundaryWords;

  const close = (): void => {
    if (errors.first + errors.second > 0) segments.push(errors);
    errors = { first: 0, second: 0 };
  };
  const add = (inFirst: number, inSecond: number): void => {
    errors.first += inFirst;
    errors.second += inSecond;
    if (inFirst + inSecond > 0) rightInARow = 0;
  };

  for (let word = 0; word < words; word++) {
    add(one.inserted[word] ?? 0, two.inserted[word] ?? 0);
    const [firstWrong, secondWrong] = [one.wrong[word] ?? 0, two.wrong[word] ?? 0];
    add(firstWrong, secondWrong);
    if (firstWrong + secondWrong === 0 && ++rightInARow === boundaryWords) close();
  }
  add(one.inserted[words] ?? 0, two.inserted[words] ?? 0);
  close();
  return segments;
}

/** For each word of the reference, 1 if it was missed and 0 if not, and the insertions before it. Those after the last word come last. */
function byReferenceWord(edits: readonly Edit[]): { wrong: number[]; inserted: number[] } {
  const wrong: number[] = [];
  const inserted = [0];
  for (const edit of edits) {
    if (edit.kind === 'insertion') {
      inserted[wrong.length] = (inserted[wrong.length] ?? 0) + 1;
    } else {
      wrong.push(edit.kind === 'correct' ? 0 : 1);
      inserted.push(0);
    }
  }
  return { wrong, inserted };
}
