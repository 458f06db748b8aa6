/** Sizes and latencies as people write them: `1.5MB`, `10%`, `0.5x`, `120ms`. */

/** An amount in its unit, or a ratio to the dense model's. */
export type CostTarget = { readonly amount: number } | { readonly ratio: number };

const ratios: Readonly<Record<string, number>> = { x: 1, '%': 0.01 };
const sizes: Readonly<Record<string, number>> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };
const times: Readonly<Record<string, number>> = { ms: 1, s: 1e3 };

/** What a cost may be asked as. */
export interface CostForm {
  /** For a sentence that says what to type. */
  readonly examples: string;
  /** Undefined for other text. */
  readonly parse: (text: string) => CostTarget | undefined;
}

/** Amounts are bytes. */
export const sizeForm: CostForm = {
  examples: 'such as 1.5MB or 10%',
  parse: (text) => parseCost(text, sizes),
};

/** Amounts are milliseconds. A bare number is a ratio. */
export const latencyForm: CostForm = {
  examples: 'such as 0.5, 50% or 120ms',
  parse: (text) => parseCost(text, times, 1),
};

function parseCost(text: string, units: Readonly<Record<string, number>>, bare?: number): CostTarget | undefined {
  const [, digits = '', unit = ''] = /^\s*([\d.]+)\s*([a-z%]*)\s*$/iu.exec(text) ?? [];
  const value = digits === '' ? NaN : Number(digits);
  const name = unit.toLowerCase();
  const [size, ratio] = [units[name], name === '' ? bare : ratios[name]];
  if (!(value > 0) || (size === undefined && ratio === undefined)) return undefined;
  return size === undefined ? { ratio: value * (ratio ?? 1) } : { amount: value * size };
}
