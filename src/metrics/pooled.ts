/** Error rates of systems that were trained with several seeds, pooled: their mean, and an interval that covers both speech and seeds. */

import { Random } from '../base/random.ts';

/** A system's errors on utterances, in the same order for every seed. */
export interface SeededErrors {
  readonly seeds: readonly number[];
  /** For each seed, the errors of each utterance. */
  readonly errors: readonly Float64Array[];
}

/** Fractions. */
export interface Interval {
  readonly mean: number;
  /** The middle 95 % of the replications. */
  readonly low: number;
  readonly high: number;
}

/** The interval's ends are steady to a few hundredths of its width with these; an hour of speech takes a tenth of a second. */
const usual = 2000;

/** The mean error rate over seeds. @param words of each utterance's reference. @throws RangeError if there are none, or no seed. */
export function pooledRate(words: Float64Array, system: SeededErrors, replications = usual): Interval {
  return replicate(words, system, undefined, replications);
}

/**
 * The mean error rate of the first system minus the second's. Utterances are drawn the same for both, and so are seeds if both have the same ones;
 * otherwise each system's seeds are drawn by themselves.
 */
export function pooledDifference(
  words: Float64Array,
  first: SeededErrors,
  second: SeededErrors,
  replications = usual,
): Interval {
  return replicate(words, first, second, replications);
}

/** What an interval of a difference says of the first system: its ends are on one side of zero, or they are not. */
export function verdictOf({ low, high }: Interval): 'worse' | 'same' | 'better' {
  if (low > 0) return 'worse';
  return high < 0 ? 'better' : 'same';
}

/**
 * Draws as many utterances as there are and one seed less than there are, with replacement. Ours: Bisani and Ney's bootstrap over utterances (ICASSP
 * 2004), with the seeds as a second, crossed sample, as in Owen, "The pigeonhole bootstrap", 2007. One seed less, because of few seeds as many
 * would vary too little (Rao and Wu, "Resampling inference with complex survey data", 1988). Even so, of chance
 * alone with five seeds one difference in ten lies outside its interval, not one in twenty. A single seed says nothing of others.
 */
function replicate(
  words: Float64Array,
  first: SeededErrors,
  second: SeededErrors | undefined,
  replications: number,
): Interval {
  const all = sum(words);
  if (all === 0) throw new RangeError('The references have no words, so there is no error rate.');
  const systems = second ? [first, second] : [first];
  if (systems.some(({ errors }) => errors.length === 0)) throw new RangeError('A system without seeds has no rate.');
  const paired = second !== undefined && sameSeeds(first, second);
  const random = Random.seeded(1);
  const drawn = new Float64Array(words.length);
  const rates = new Float64Array(replications);
  for (let replication = 0; replication < replications; replication++) {
    drawn.fill(0);
    let drawnWords = 0;
    for (let draw = 0; draw < words.length; draw++) {
      const chosen = Math.floor(random.uniform() * words.length);
      drawn[chosen] = (drawn[chosen] ?? 0) + 1;
      drawnWords += words[chosen] ?? 0;
    }
    let times: Float64Array | undefined;
    const ofSystems = systems.map(({ errors }) => {
      times = paired && times ? times : drawSeeds(errors.length, random);
      return drawnErrors(drawn, errors, times);
    });
    const excess = (ofSystems[0] ?? 0) - (ofSystems[1] ?? 0);
    // A draw of only empty references has no rate.
    rates[replication] = drawnWords === 0 ? 0 : excess / drawnWords;
  }
  rates.sort();
  const meanOf = ({ errors }: SeededErrors): number => sum(errors.map(sum)) / errors.length / all;
  return {
    mean: meanOf(first) - (second ? meanOf(second) : 0),
    low: rates[Math.floor(0.025 * (replications - 1))] ?? 0,
    high: rates[Math.ceil(0.975 * (replications - 1))] ?? 0,
  };
}

/** The share of each seed among those that were drawn. */
function drawSeeds(count: number, random: Random): Float64Array {
  const shares = new Float64Array(count);
  const draws = Math.max(1, count - 1);
  for (let draw = 0; draw < draws; draw++) {
    const chosen = Math.floor(random.uniform() * count);
    shares[chosen] = (shares[chosen] ?? 0) + 1 / draws;
  }
  return shares;
}

/** The mean over the drawn seeds of the errors in the drawn utterances. */
function drawnErrors(drawn: Float64Array, errors: readonly Float64Array[], shares: Float64Array): number {
  return sum(
    errors.map((own, seed) => {
      const share = shares[seed] ?? 0;
      return share === 0 ? 0 : share * product(drawn, own);
    }),
  );
}

function sameSeeds(first: SeededErrors, second: SeededErrors): boolean {
  return first.seeds.length === second.seeds.length && first.seeds.every((seed, at) => seed === second.seeds[at]);
}

function product(one: Float64Array, other: Float64Array): number {
  let total = 0;
  for (let i = 0; i < one.length; i++) total += (one[i] ?? 0) * (other[i] ?? 0);
  return total;
}

function sum(values: readonly number[] | Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
