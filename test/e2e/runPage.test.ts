/** The page of a run and the page that compares runs: opened from the tree, linked with the sidebar, live, and in every theme. */

import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { newestStep } from './heatmap.ts';
import { writeSyntheticRun, type SyntheticRun } from './syntheticRun.ts';
import type { Theme } from './workbench.ts';

let live: SyntheticRun | undefined;
const bench = useBench({
  story: true,
  width: 1500,
  height: 1000,
  prepare(folder) {
    writeSyntheticRun(folder, 'finished', { layers: 24, steps: 3000, done: 3000 }).end('done', 3000);
    live = writeSyntheticRun(folder, 'going', { layers: 24, steps: 3000, done: 1200 });
  },
});
const minutes = 60_000;

/** The step that the page has drawn last; it is in the page for tests and style sheets. */
const stepOfPage = (): number => Number(document.body.dataset['step']);

test(
  'Open Run shows a finished run, and scrubbing its carpet moves the sidebar',
  async () => {
    const { workbench } = bench;
    await workbench.showPinch();
    const row = workbench.rows('Runs').filter({ hasText: 'finished' });
    await row.click();
    const heatmap = await workbench.webview('heatmap');
    await heatmap.waitForFunction(() => document.querySelectorAll('td.cell[data-step="3000"]').length === 24);
    await workbench.contextMenu(row, 'Open Run');
    const page = await workbench.webview('run');
    await page.waitForFunction(() => Number(document.body.dataset['step']) === 3000);
    await page.locator('.cloth canvas').waitFor();
    expect(await page.locator('h1').innerText()).toBe('finished');
    await workbench.picture('run-page');

    const box = await page.locator('.cloth').boundingBox();
    if (!box) throw new Error('the carpet is not in sight');
    const { mouse } = workbench.page;
    await mouse.move(box.x + 0.9 * box.width, box.y + 20);
    await mouse.down();
    await mouse.move(box.x + 0.5 * box.width, box.y + 20, { steps: 5 });
    await mouse.up();
    await heatmap.waitForFunction(() => {
      const step = Number(document.querySelector<HTMLElement>('td.cell[data-step]')?.dataset['step']);
      return step > 1400 && step < 1600;
    });
    // And the other way.
    await heatmap.locator('button.link', { hasText: 'Go to Last' }).click();
    await page.locator('.timeline .step', { hasText: 'Step 3,000, last' }).waitFor();
  },
  3 * minutes,
);

test(
  'the page of a run is whole when it is shown again behind another editor',
  async () => {
    const { workbench } = bench;
    const tab = (name: string) => workbench.page.locator('.tabs-container .tab', { hasText: name });
    await workbench.command('File: New Untitled Text File');
    await tab('Untitled').waitFor();
    // Its evaluations are told as it comes to the front, before it asks for anything.
    await tab('finished').click();
    const page = await workbench.webview('run');
    await page.waitForFunction(() => Number(document.body.dataset['step']) === 3000);
    await page.locator('.cloth canvas').waitFor();
    expect(await page.locator('h1').innerText()).toBe('finished');
  },
  minutes,
);

test(
  'every theme',
  async () => {
    const { workbench } = bench;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] satisfies Theme[]) {
      await workbench.setTheme(theme);
      await workbench.picture(`run-page-${theme}`);
    }
  },
  3 * minutes,
);

test(
  'a live run is followed',
  async () => {
    const { workbench } = bench;
    await workbench.page.keyboard.press('Escape');
    await workbench.command('View: Close All Editors');
    await workbench.contextMenu(workbench.rows('Runs').filter({ hasText: 'going' }), 'Open Run');
    const page = await workbench.webview('run');
    await page.waitForFunction(() => Number(document.body.dataset['step']) === 1200);
    for (let step = 1201; step <= 1220; step++) live?.append(step);
    await page.waitForFunction(() => Number(document.body.dataset['step']) === 1220);
    expect(await page.evaluate(stepOfPage)).toBe(1220);
    expect(await page.locator('.facts').first().innerText()).toContain('Time left');
    live?.end('stopped', 1220);
  },
  3 * minutes,
);

test(
  'Compare Runs lays two runs over each other',
  async () => {
    const { workbench } = bench;
    await workbench.command('View: Close All Editors');
    const [first, second] = ['finished', 'going'].map((name) => workbench.rows('Runs').filter({ hasText: name }));
    await first?.click();
    await second?.click({ modifiers: ['ControlOrMeta'] });
    if (second) await workbench.contextMenu(second, 'Compare Runs');
    const page = await workbench.webview('comparison');
    await page.locator('.carpets canvas').nth(1).waitFor();
    expect(await page.locator('table[aria-label="Where the runs stand"] tbody tr').count()).toBe(2);
    await workbench.picture('comparison');
  },
  3 * minutes,
);

test('the heatmap still shows a run', async () => {
  const heatmap = await bench.workbench.webview('heatmap');
  expect(await heatmap.evaluate(newestStep)).toBeGreaterThan(0);
});

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));
