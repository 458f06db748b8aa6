/** How fast the heatmap follows a run, and how it bears a long one. */

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { cells, newestStep } from './heatmap.ts';
import { compareWithBar, whyNotQuiet } from './quiet.ts';
import { writeSyntheticRun, type SyntheticRun } from './syntheticRun.ts';

let following: SyntheticRun;
const long = { layers: 200, steps: 100_000 };
const bench = useBench({
  prepare: (folder) => {
    writeSyntheticRun(folder, 'long', { ...long, done: long.steps }).end('done', long.steps);
    // What is written goes to the disk now, rather than while something is timed.
    execFileSync('sync');
    following = writeSyntheticRun(folder, 'following', { layers: 200, steps: 2000, done: 10 });
  },
});
const minutes = 60_000;

/** A test of times, left out on a machine that is busy. */
function timed(name: string, run: () => Promise<void>): void {
  test(
    name,
    async ({ skip }) => {
      const why = await whyNotQuiet();
      if (why !== undefined) skip(why);
      await bench.workbench.showPinch();
      await run();
    },
    4 * minutes,
  );
}

timed('activation', async () => {
  const { workbench } = bench;
  await workbench.rows('Runs').first().waitFor();
  await workbench.command('Developer: Show Running Extensions');
  const list = workbench.page.locator('.runtime-extensions-editor');
  const row = list.locator('.monaco-list-row', { hasText: 'Pinch' });
  await list.locator('.monaco-list-row').first().hover();
  // The slowest stand first, and only what is in sight is in the page.
  while ((await row.count()) === 0) {
    await workbench.page.mouse.wheel(0, 200);
    await workbench.page.waitForTimeout(200);
  }
  const text = await row.locator('.activation-time').innerText();
  const took = Number(/(\d+)\s*ms/u.exec(text)?.[1] ?? NaN);
  await workbench.picture('speed-activation');
  report(text);
  // It opens over everything.
  await workbench.page.keyboard.press('Escape');
  expect(took).toBeGreaterThan(0);
  compareWithBar('activation, ms', took, 100);
});

timed('from the end of a step to its cell, with 200 layers and 20 steps a second', async () => {
  const { workbench } = bench;
  await workbench.rows('Runs').filter({ hasText: 'following' }).click();
  const page = await workbench.webview('heatmap');
  await page.waitForFunction(() => document.querySelectorAll('td.cell[data-step="10"]').length === 200);
  // When each step was first on the screen; the browser and this process share a clock.
  await page.evaluate(() => {
    const shown: [step: number, time: number][] = [];
    Object.assign(window, { pinchShown: shown });
    const note = (): void => {
      const all = document.querySelectorAll<HTMLElement>('td.cell');
      shown.push([Number(all[all.length - 1]?.dataset['step']), Date.now()]);
    };
    new MutationObserver(() => requestAnimationFrame(note)).observe(document.body, {
      subtree: true,
      attributeFilter: ['data-step'],
    });
  });
  const ended = new Map<number, number>();
  const seconds = 30;
  const began = Date.now();
  for (let step = 11; step <= 10 + 20 * seconds; step++) {
    const due = began + (step - 11) * 50;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
    ended.set(step, Date.now());
    following.append(step);
  }
  await page.waitForFunction(
    (last) => Number(document.querySelector<HTMLElement>('td.cell')?.dataset['step']) === last,
    10 + 20 * seconds,
  );
  // The last one is noted a frame later.
  await workbench.page.waitForTimeout(500);
  const shown = await page.evaluate(() => (window as unknown as { pinchShown: [number, number][] }).pinchShown);
  // A step that a newer one overtook was on the screen when that one was.
  const delays = Array.from(
    ended,
    ([step, time]) => (shown.find(([seen]) => seen >= step)?.[1] ?? Infinity) - time,
  ).sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.floor(share * (delays.length - 1))] ?? Infinity;
  report(
    `Step to cell over ${delays.length} steps: median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms, most ${at(1)} ms`,
  );
  following.end('stopped', 10 + 20 * seconds);
  expect(delays.every(Number.isFinite)).toBe(true);
  compareWithBar('from the end of a step to its cell, 95th percentile, ms', at(0.95), 200);
});

timed('100,000 steps of 200 layers, opened and scrubbed, in under 300 MB', async () => {
  const { workbench } = bench;
  const page = await workbench.webview('heatmap');
  const before = await heap(page);
  // The pointer is there already, so that what is timed begins with the click.
  const row = workbench.rows('Runs').filter({ hasText: 'long' }).first();
  await row.hover();
  const began = Date.now();
  await row.click();
  await page.waitForFunction(
    (last) => Number(document.querySelector<HTMLElement>('td.cell')?.dataset['step']) === last,
    long.steps,
  );
  const opened = Date.now() - began;
  await workbench.picture('speed-long-run');

  const scrubbed = await page.evaluate(async () => {
    const range = document.querySelector<HTMLInputElement>('input[type="range"]')!;
    const took: number[] = [];
    for (let at = 0; at < 120; at++) {
      const start = performance.now();
      range.value = String(1 + Math.round(99_998 * (0.5 + 0.5 * Math.sin(at / 9))));
      range.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      took.push(performance.now() - start);
    }
    return took.sort((a, b) => a - b);
  });
  const frame = scrubbed[Math.floor(0.95 * scrubbed.length)] ?? Infinity;
  // At rest, the exact step is read from the file.
  await page.waitForFunction(newestStep);
  expect(await page.evaluate(cells)).toHaveLength(long.layers);
  const after = await heap(page);
  report(
    `A run of 100,000 steps and 200 layers: open after ${opened} ms; a frame of scrubbing takes ${frame.toFixed(0)} ms at the 95th percentile; the window's heap goes from ${before} to ${after} MB`,
  );
  compareWithBar('opened after, ms', opened, 2000);
  // Without a graphics card, where the browser draws every pixel itself.
  compareWithBar('a frame of scrubbing, 95th percentile, ms', frame, 100);
  expect(after).toBeLessThan(300);
});

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));

/** Megabytes of JavaScript in the page's process, the workbench's own included. */
async function heap(page: { evaluate: <T>(run: () => T) => Promise<T> }): Promise<number> {
  const bytes = await page.evaluate(() => {
    (globalThis as { gc?: () => void }).gc?.();
    return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
  });
  return Math.round(bytes / 1e6);
}

/** Into the test's output, for people. */
function report(text: string): void {
  process.stdout.write(`${text}\n`);
}
