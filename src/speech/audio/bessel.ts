/** The modified Bessel function of order 0, by its series: what Kaiser's windows are made of. */
export function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-18 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
