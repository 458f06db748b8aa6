/** The significance test on the error rates, in words. */

import { count, counted, percent } from '../../src/base/format.ts';
import { errorRateName } from '../../src/protocol/errorRate.ts';
import type { DiffRecognition } from '../../src/protocol/views/diff.ts';
import { points } from './totals.ts';

export interface Verdict {
  readonly tone: DiffRecognition['verdict'];
  readonly headline: string;
  /** Sentences with the numbers of the test. */
  readonly evidence: readonly string[];
}

export function verdictOf(recognition: DiffRecognition): Verdict {
  const { verdict, reason, a, b, mapsswe, bootstrap, utterances, data } = recognition;
  const rates = `${errorRateName(b.unit)} ${percent(b.wer, 2)} in B, ${percent(a.wer, 2)} in A`;
  const headlines: Readonly<Record<DiffRecognition['verdict'], string>> = {
    worse: `B recognises speech significantly worse: ${rates}.`,
    better: `B recognises speech significantly better: ${rates}.`,
    same: `No significant difference: ${rates}.`,
    undecided: `No verdict: ${rates}.`,
  };
  return {
    tone: verdict,
    headline: headlines[verdict],
    evidence: [
      ...(reason === undefined ? [] : [reason]),
      ...(mapsswe
        ? [
            `Matched pairs test (MAPSSWE): Z = ${mapsswe.z.toFixed(3)}, p = ${mapsswe.p.toPrecision(3)}, n = ${count(mapsswe.segments)} segments with errors.`,
          ]
        : []),
      ...(bootstrap
        ? [
            `Bootstrap: the difference of ${points(bootstrap.difference)} lies between ${points(bootstrap.low)} and ${points(bootstrap.high)} with 95 % confidence.`,
          ]
        : []),
      `${count(utterances)} ${utterances === 1 ? 'utterance' : 'utterances'} of ${data}, ${counted(b.words, b.unit ?? 'word')}.`,
    ],
  };
}
