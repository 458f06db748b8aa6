/** Paired bootstrap over utterances: how much the difference of two word error rates varies with the test speech. */

import { Random } from '../base/random.ts';
import type { Bootstrap } from '../protocol/results/comparison.ts';

export interface ErrorPair {
  readonly words: number;
  /** Word errors of the first system. */
  readonly first: number;
  readonly second: number;
}

/**
 * Draws as many utterances as there are, with replacement, the same ones for both systems, and compares their corpus word error rates.
 * Source: Bisani & Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", ICASSP 2004.
 * The seed is fixed, so the same results give the same numbers.
 * @throws RangeError if there are no words.
 */
export function pairedBootstrap(utterances: readonly ErrorPair[], replications = 10_000, seed = 1): Bootstrap {
  const words = Float64Array.from(utterances, (utterance) => utterance.words);
  const excess = Float64Array.from(utterances, (utterance) => utterance.first - utterance.second);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  if (sum(words) === 0)
    throw new RangeError('The references have no words, so there is no word error rate to compare.');

  const random = Random.seeded(seed);
  const differences = new Float64Array(replications);
  let firstWorse = 0;
  for (let replication = 0; replication < replications; replication++) {
    let [drawnWords, drawnExcess] = [0, 0];
    for (let draw = 0; draw < utterances.length; draw++) {
      const chosen = Math.floor(random.uniform() * utterances.length);
      drawnWords += words[chosen] ?? 0;
      drawnExcess += excess[chosen] ?? 0;
    }
    // A draw of only empty references has no rate. It is evidence for neither system.
    differences[replication] = drawnWords === 0 ? 0 : drawnExcess / drawnWords;
    firstWorse += drawnExcess > 0 ? 1 : drawnExcess === 0 ? 0.5 : 0;
  }
  differences.sort();
  return {
    replications,
    difference: sum(excess) / sum(words),
    low: differences[Math.floor(0.025 * (replications - 1))] ?? 0,
    high: differences[Math.ceil(0.975 * (replications - 1))] ?? 0,
    firstWorse: firstWorse / replications,
  };
}
