/** The noise of a Gumbel-softmax. */

import { Random } from '../base/random.ts';

/** Standard Gumbel numbers of a step: the same whenever the step is done, so that a resumed run goes on with those it would have had. */
export function gumbelNoise(count: number, seed: number, step: number): Float32Array {
  const random = Random.seeded(seed, path, step);
  // Half a step of the generator keeps both logarithms finite.
  return Float32Array.from({ length: count }, () => -Math.log(-Math.log(random.uniform() + 2 ** -33)));
}

/** Apart from the streams that shuffle the data and drop values. */
const path = 1_000_081;
