/** Fractions as percentages that people type and read. */

/** 0.65 becomes 65, without binary rounding errors. */
export function asPercent(share: number): number {
  return Number((100 * share).toFixed(4));
}

/** The fraction of a typed percentage; undefined unless it is from 0 to below 100. */
export function parsePercent(text: string): number | undefined {
  const number = text.trim().replace(/\s*%$/u, '').replace(',', '.');
  const percent = number === '' ? NaN : Number(number);
  return percent >= 0 && percent < 100 ? Number((percent / 100).toFixed(6)) : undefined;
}
