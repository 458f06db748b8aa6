/**
 * How well a run foresees its own time: `guess.ts RUN` trains in a made run folder, in this process, and prints the first guess, what was
 * said at every tenth of the time, and what it took.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { MetricsRecord } from '../src/protocol/records.ts';
import { startRun } from '../src/train/run.ts';
import { TimeLeft } from '../src/train/plan/timeLeft.ts';

const [folder = ''] = process.argv.slice(2);

// What the terminal says is rounded to minutes; this looks at the numbers themselves.
const said: { readonly at: number; readonly step: number; readonly left: number | undefined }[] = [];
// oxlint-disable-next-line typescript/unbound-method -- called with the object it was taken from
const { left } = TimeLeft.prototype;
TimeLeft.prototype.left = function (...position) {
  const seconds = left.apply(this, position);
  said.push({ at: performance.now() / 1000, step: position[0], left: seconds });
  return seconds;
};

let began = 0;
const quiet = { write: () => true, begun: () => (began = performance.now() / 1000) };
const status = await startRun(folder, quiet).ended;
const end = performance.now() / 1000;
const took = end - began;
const records = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as MetricsRecord);
const start = records.find((record) => record.kind === 'start');
const guess = start?.kind === 'start' ? start.secondsExpected : NaN;
/** The whole time as it was foreseen at that moment, divided by what it was. */
const ratio = ({ at, left: seconds }: (typeof said)[number]): number =>
  Number(((at - began + (seconds ?? NaN)) / took).toFixed(3));
const afterTen = [...new Map(said.map((each) => [each.step, each])).values()].filter(({ step }) => step >= 10);
const tenths = Array.from({ length: 9 }, (_, i) => said.findLast(({ at }) => at - began <= ((i + 1) / 10) * took));
const errors = afterTen.map((each) => Math.abs(ratio(each) - 1));
console.log(
  JSON.stringify({
    status,
    device: start?.kind === 'start' ? start.device : undefined,
    steps: start?.kind === 'start' ? start.steps : undefined,
    secondsGuessed: Number(guess.toFixed(1)),
    secondsTaken: Number(took.toFixed(1)),
    firstGuess: Number((guess / took).toFixed(3)),
    atTenths: tenths.map((each) => (each ? ratio(each) : null)),
    worstAfterTenSteps: Number(Math.max(0, ...errors).toFixed(3)),
  }),
);
