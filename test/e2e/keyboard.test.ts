/** From the sample to a layer's panel, without a mouse. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { newestStep } from './heatmap.ts';
import { take, typeCommand } from './keys.ts';
import { copySample, stateOf } from './sample.ts';

const bench = useBench({ story: true, prepare: copySample });
const minutes = 60_000;

const runFolder = (): string => {
  const runs = join(bench.server.folder, '.pinch/runs');
  return join(runs, readdirSync(runs)[0] ?? '');
};

test(
  'Prune Model starts a run with Enter alone',
  async () => {
    const { workbench } = bench;
    await typeCommand(bench.workbench, 'Pinch: Prune Model');
    const offered = ['pinch-sample/model', 'train.jsonl', 'dev.jsonl', 'Single weights', '65 %', 'auto', 'Start'];
    for (const [at, label] of offered.entries()) await take(workbench, label, `(${at + 1}/${offered.length})`);
    const page = await workbench.webview('heatmap');
    await page.waitForFunction(newestStep, null, { timeout: 2 * minutes });
  },
  5 * minutes,
);

test(
  'Tab reaches the heatmap, arrows walk over its cells, Enter opens a layer',
  async () => {
    const { workbench } = bench;
    await typeCommand(bench.workbench, 'Pinch: Focus on Sparsity View');
    const page = await workbench.webview('heatmap');
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['layer'] ?? '');
    for (let presses = 0; presses < 15 && (await focused()) === ''; presses++)
      await workbench.page.keyboard.press('Tab');
    const first = await focused();
    expect(first).not.toBe('');
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('ArrowRight');
    const second = await focused();
    expect(second).not.toBe('');
    expect(second).not.toBe(first);
    await workbench.picture('keyboard-cell');
    await workbench.page.keyboard.press('Enter');
    const layer = await workbench.webview('layer');
    await layer.getByText(second).first().waitFor();
    await layer.locator('.uplot canvas').first().waitFor();
    await workbench.picture('keyboard-layer');
  },
  3 * minutes,
);

test(
  'Stop Run from the palette',
  async () => {
    await typeCommand(bench.workbench, 'Pinch: Stop Run');
    await bench.workbench.notified('was stopped at step');
    expect(stateOf(runFolder()).status).toBe('stopped');
  },
  2 * minutes,
);

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));
