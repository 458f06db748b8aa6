/** Shares as people type and read them. */

/** 0.65 is 65, and no binary dust behind it. */
export function asPercent(share: number): number {
  return Number((100 * share).toFixed(4));
}

/** The share that somebody typed as a percentage; undefined if it is none from 0 to below 100. */
export function parsePercent(text: string): number | undefined {
  const number = text.trim().replace(/\s*%$/u, '').replace(',', '.');
  const percent = number === '' ? NaN : Number(number);
  return percent >= 0 && percent < 100 ? Number((percent / 100).toFixed(6)) : undefined;
}
