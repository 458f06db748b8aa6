/** Sample rates of AAC and how each divides the spectrum into bands (ISO/IEC 14496-3, tables 4.82 and 4.129 to 4.147). */

export const sampleRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
] as const;

/** Bands of one rate: each array has the first line of every band, and behind them the number of lines. */
export interface Bands {
  readonly long: Uint16Array;
  readonly short: Uint16Array;
  /** Bands from the bottom that temporal noise shaping reaches in the low complexity profile. */
  readonly longNoiseShaping: number;
  readonly shortNoiseShaping: number;
}

/** The bands of a rate, which are those of the nearest rate that has its own. */
export function bandsOf(sampleRate: number): Bands {
  const found = table.find(({ from }) => sampleRate >= from) ?? table[table.length - 1];
  if (!found) throw new Error('there are no bands');
  return found.bands;
}

/** Pairs of a width in lines and how many bands have it. */
function edges(runs: readonly (readonly [width: number, count: number])[]): Uint16Array {
  const out = [0];
  for (const [width, count] of runs) for (let i = 0; i < count; i++) out.push((out[out.length - 1] ?? 0) + width);
  return Uint16Array.from(out);
}

// prettier-ignore
const long = {
  96: edges([[4, 14], [8, 5], [12, 5], [16, 2], [24, 1], [28, 1], [36, 1], [44, 1], [64, 11]]),
  64: edges([[4, 14], [8, 4], [12, 3], [16, 3], [20, 1], [24, 2], [28, 1], [36, 1], [40, 18]]),
  48: edges([[4, 10], [8, 7], [12, 4], [16, 2], [20, 2], [24, 2], [28, 2], [32, 19], [96, 1]]),
  32: edges([[4, 10], [8, 7], [12, 4], [16, 2], [20, 2], [24, 2], [28, 2], [32, 22]]),
  24: edges([[4, 11], [8, 10], [12, 4], [16, 3], [20, 2], [24, 2], [28, 2], [32, 1], [36, 2], [40, 1], [44, 1], [48, 1], [52, 2], [64, 5]]),
  16: edges([[8, 11], [12, 9], [16, 4], [20, 3], [24, 2], [28, 2], [32, 1], [36, 1], [40, 2], [44, 1], [48, 1], [52, 1], [56, 1], [60, 1], [64, 3]]),
  8: edges([[12, 13], [16, 7], [20, 4], [24, 3], [28, 2], [32, 1], [36, 2], [40, 1], [44, 1], [48, 1], [52, 1], [56, 1], [60, 1], [64, 1], [80, 1]]),
} as const;

// prettier-ignore
const short = {
  96: edges([[4, 6], [8, 3], [16, 1], [28, 1], [36, 1]]),
  48: edges([[4, 5], [8, 3], [12, 3], [16, 3]]),
  24: edges([[4, 7], [8, 3], [12, 2], [16, 2], [20, 1]]),
  16: edges([[4, 8], [8, 2], [12, 2], [16, 1], [20, 2]]),
  8: edges([[4, 7], [8, 4], [12, 1], [16, 1], [20, 2]]),
} as const;

const make = (
  longOf: keyof typeof long,
  shortOf: keyof typeof short,
  longNoiseShaping: number,
  shortNoiseShaping: number,
): Bands => ({ long: long[longOf], short: short[shortOf], longNoiseShaping, shortNoiseShaping });

/** Rates from `from` on, the highest first. */
const table: readonly { readonly from: number; readonly bands: Bands }[] = [
  { from: 75_132, bands: make(96, 96, 31, 9) },
  { from: 55_426, bands: make(64, 96, 34, 10) },
  { from: 46_009, bands: make(48, 48, 40, 14) },
  { from: 37_566, bands: make(48, 48, 42, 14) },
  { from: 27_713, bands: make(32, 48, 51, 14) },
  { from: 18_783, bands: make(24, 24, 46, 14) },
  { from: 9391, bands: make(16, 16, 42, 14) },
  { from: 0, bands: make(8, 8, 39, 14) },
];
