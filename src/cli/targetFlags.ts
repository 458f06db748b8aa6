/** Sizes and latencies as people write them: `1.5MB`, `10%`, `0.5x`, `120ms`. */

import { UsageError } from './output.ts';

/** An amount in its unit, or a ratio to the dense model's. */
export type Target = { readonly amount: number } | { readonly ratio: number };

const ratios: Readonly<Record<string, number>> = { x: 1, '%': 0.01 };
const sizes: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };
const times: Readonly<Record<string, number>> = { ms: 1, s: 1e3 };

/** A parser for commander. Amounts are bytes. @param flag its name in messages. */
export const sizeFlag = (flag: string): ((text: string) => Target) => targetFlag(flag, sizes, 'such as 1.5MB or 10%');

/** The same for milliseconds. A bare number is a ratio. */
export const latencyFlag = (flag: string): ((text: string) => Target) =>
  targetFlag(flag, times, 'such as 0.5, 50% or 120ms', 1);

function targetFlag(
  flag: string,
  units: Readonly<Record<string, number>>,
  examples: string,
  bare?: number,
): (text: string) => Target {
  return (text) => {
    const [, digits = '', unit = ''] = /^\s*([\d.]+)\s*([a-z%]*)\s*$/iu.exec(text) ?? [];
    const value = digits === '' ? NaN : Number(digits);
    const name = unit.toLowerCase();
    const [size, ratio] = [units[name], name === '' ? bare : ratios[name]];
    if (!(value > 0) || (size === undefined && ratio === undefined)) {
      throw new UsageError(`${flag} must be ${examples}; it is "${text}".`);
    }
    return size === undefined ? { ratio: value * (ratio ?? 1) } : { amount: value * size };
  };
}
