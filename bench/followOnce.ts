/** Opens a run in a fresh process, as the extension host does, then takes 100 further steps. Called by follow.ts. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { followRun } from '../src/runs/followRun.ts';

const [folder = ''] = process.argv.slice(2);
const delay = monitorEventLoopDelay({ resolution: 1 });
/** When each step came to the listener. */
const arrived: [step: number, time: number][] = [];
const round = (number: number): number => Math.round(number * 10) / 10;

delay.enable();
const began = performance.now();
const follower = await followRun(folder, {
  pollMs: 60,
  onChange: (change) => {
    if (change.kind !== 'points') return;
    for (const { step } of change.points) arrived.push([step, Date.now()]);
    if (arrived.length < 100) return;
    follower.close();
    console.log(JSON.stringify({ arrived, heldFollowing: round(delay.max / 1e6) }));
  },
});
const opened = performance.now() - began;
await follower.refresh();
const read = performance.now() - began;
const held = delay.max / 1e6;
delay.reset();
const { rss } = process.memoryUsage();
console.log(
  JSON.stringify({
    opened: round(opened),
    read: round(read),
    heldOpening: round(held),
    rows: follower.series.count,
    megabytes: rss >> 20,
  }),
);
