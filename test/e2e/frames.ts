/** How fast a page draws while the pointer moves over it: the time between frames, and what the page's own thread spends on one. */

import type { Browser, Frame, Page } from 'playwright-core';

export interface Frames {
  readonly count: number;
  /** Milliseconds from one frame to the next: median and 95th percentile. */
  readonly median: number;
  readonly p95: number;
  /** Share of the frames that came within 20 ms. */
  readonly within20: number;
  /** Milliseconds of the page's main thread for each frame: scripts, and styles, layout and paint. Drawing pixels is done by other threads. */
  readonly scripts: number;
  readonly rendering: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Time on a processor, without waiting for one. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

const scripts = new Set(['EventDispatch', 'FireAnimationFrame', 'TimerFire', 'HandlePostMessage']);
const rendering = new Set(['UpdateLayoutTree', 'Layout', 'PrePaint', 'Paint', 'Layerize', 'Commit', 'HitTest']);

/**
 * Counts the frames of a webview while `move` moves the pointer.
 * @param frame of the webview.
 */
export async function framesWhile(page: Page, frame: Frame, move: () => Promise<void>): Promise<Frames> {
  const browser = page.context().browser() as Browser;
  await browser.startTracing(page, {
    categories: ['devtools.timeline', 'blink.user_timing', '__metadata', 'toplevel'],
  });
  await frame.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { pinchFrames: times });
    const note = (time: number): void => {
      times.push(time);
      if ((window as unknown as { pinchFrames?: number[] }).pinchFrames === times) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  await move();
  const times = await frame.evaluate(() => {
    const holder = window as unknown as { pinchFrames?: number[] };
    const all = holder.pinchFrames ?? [];
    delete holder.pinchFrames;
    return all;
  });
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? NaN));
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  const spent = timeOnMain(trace.traceEvents);
  return {
    count: gaps.length,
    median: rounded(at(0.5)),
    p95: rounded(at(0.95)),
    within20: rounded(gaps.filter((gap) => gap <= 20).length / gaps.length),
    scripts: rounded(spent.scripts / gaps.length),
    rendering: rounded(spent.rendering / gaps.length),
  };
}

/** Milliseconds of all the pages' main threads. Events within events count once. */
function timeOnMain(events: readonly TraceEvent[]): { scripts: number; rendering: number } {
  const mains = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}.${tid}`),
  );
  const own = events
    .filter(
      ({ ph, name, pid, tid }) =>
        ph === 'X' && mains.has(`${pid}.${tid}`) && (scripts.has(name) || rendering.has(name)),
    )
    .toSorted((a, b) => a.ts - b.ts);
  const sums = { scripts: 0, rendering: 0 };
  const ends = new Map<string, number>();
  for (const { name, pid, tid, ts, dur = 0, tdur = dur } of own) {
    const key = `${pid}.${tid}`;
    if (ts < (ends.get(key) ?? 0)) continue;
    ends.set(key, ts + dur);
    sums[scripts.has(name) ? 'scripts' : 'rendering'] += tdur / 1000;
  }
  return sums;
}

const rounded = (value: number): number => Math.round(1000 * value) / 1000;
