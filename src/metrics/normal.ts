/** The tail of the standard normal distribution, for significance tests. */

/**
 * The probability that a standard normal number is further from 0 than `z`: erfc(|z|/√2).
 * Series near 0 (Abramowitz & Stegun 7.1.6), continued fraction further out (7.1.14): about 1e-14 absolute everywhere.
 */
export function twoTailed(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  return x < 2.5 ? 1 - errorFunctionNearZero(x) : complementFarOut(x);
}

function errorFunctionNearZero(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function complementFarOut(x: number): number {
  let fraction = x;
  for (let n = 60; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
