/** Times mean something only on a machine that has nothing else to do. */

import { cpus } from 'node:os';
import { expect } from 'vitest';

/** Share of the processors above which others would be measured along. */
const most = 0.25;

/**
 * Waits half a minute at most for the machine to come to rest.
 * @returns why times cannot be measured now; undefined if they can.
 */
export async function whyNotQuiet(): Promise<string | undefined> {
  let share = 1;
  for (let tries = 0; tries < 10 && share > most; tries++) share = await inUse(3000);
  return share > most ? `other programs keep the processors ${Math.round(100 * share)} % busy` : undefined;
}

/**
 * Says where a figure stands beside its bar. It is no verdict, since a machine may be slow, or busy in the one second that counts, unless
 * PINCH_BARS=1 asks for one.
 */
export function compareWithBar(what: string, value: number, bar: number): void {
  process.stdout.write(`${what}: ${value} (bar ${bar})${value <= bar ? '' : ' OVER THE BAR'}\n`);
  if (process.env['PINCH_BARS'] === '1') expect(value, what).toBeLessThanOrEqual(bar);
}

/** Share of all processors in use over some milliseconds. */
async function inUse(milliseconds: number): Promise<number> {
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const after = times();
  return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

function times(): { idle: number; all: number } {
  const sums = cpus().map(({ times }) => ({ idle: times.idle, all: Object.values(times).reduce((a, b) => a + b, 0) }));
  return sums.reduce((a, b) => ({ idle: a.idle + b.idle, all: a.all + b.all }), { idle: 0, all: 0 });
}
