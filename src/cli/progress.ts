/** How far a command is: for people a line that replaces itself, for programs (PINCH_PROGRESS=json) a line of JSON. On standard error. */

import { performance } from 'node:perf_hooks';

export interface CommandProgress {
  readonly label: string;
  readonly done: number;
  /** 0 if it is not known. */
  readonly total: number;
}

/** Milliseconds between two reports; the first and the last of a label are never left out. */
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
  // Elsewhere lines stay, and one is enough.
  else if (last) process.stderr.write(`${text}\n`);
}

/** Takes away a line on a terminal that no last report has ended. */
export function endProgress(): void {
  if (process.stderr.isTTY && process.env['PINCH_PROGRESS'] !== 'json') process.stderr.write('\r\u001b[K');
}
