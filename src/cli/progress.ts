/** Progress of a command on standard error: a line that replaces itself for people, lines of JSON for programs (PINCH_PROGRESS=json). */

import { performance } from 'node:perf_hooks';

export interface CommandProgress {
  readonly label: string;
  readonly done: number;
  /** 0 if the total is not known. */
  readonly total: number;
}

/** Milliseconds between two reports. The first and last report of a label are always written. */
const least = 50;

let shown = { label: '', time: -Infinity };

export function showProgress({ label, done, total }: CommandProgress): void {
  const last = total > 0 && done === total;
  const now = performance.now();
  if (!last && label === shown.label && now - shown.time < least) return;
  shown = { label, time: now };
  if (process.env['PINCH_PROGRESS'] === 'json') {
    process.stderr.write(`${JSON.stringify({ progress: { label, done, total } })}\n`);
    return;
  }
  const text = total > 0 ? `${label}: ${done}/${total}` : label;
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}${last ? '\n' : ''}`);
  // In a log, lines stay, so one is enough.
  else if (last) process.stderr.write(`${text}\n`);
}

/** Clears a line on a terminal that has no final report. */
export function endProgress(): void {
  if (process.stderr.isTTY && process.env['PINCH_PROGRESS'] !== 'json') process.stderr.write('\r\u001b[K');
}
