/** After a run: the curve of sparsity against the thresholds on its page, and the way from there to the plan of another run. */

import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { copySample, startRun, stateOf } from './sample.ts';

const minutes = 60_000;
const bench = useBench({
  story: true,
  width: 1500,
  height: 1000,
  prepare: async (folder) => {
    copySample(folder);
    await startRun(folder, 'short', '--steps', '6', '--target-sparsity', '0.5');
  },
});

test(
  'runs are grouped by study, by model, and not',
  async () => {
    const { workbench, server } = bench;
    const run = join(server.folder, '.pinch/runs/short');
    await expect.poll(() => stateOf(run).status, { timeout: 2 * minutes, interval: 500 }).toBe('done');
    await workbench.showPinch();
    const first = (): Promise<string> => workbench.rows('Runs').first().innerText();
    await workbench.rows('Runs').filter({ hasText: 'short' }).first().waitFor({ timeout: minutes });
    // A study of the same folder, as its command leaves it.
    cpSync(run, join(server.folder, 'digits.study/runs/self-pinching-50-seed-0'), { recursive: true });
    await workbench.command('Pinch: Refresh Runs');
    const study = workbench.rows('Runs').filter({ hasText: 'digits' }).first();
    await study.waitFor({ timeout: minutes });
    await study.click();
    await workbench.rows('Runs').filter({ hasText: 'self-pinching-50-seed-0' }).first().waitFor();
    await workbench.webview('heatmap');
    await workbench.picture('runs-of-a-study');
    rmSync(join(server.folder, 'digits.study'), { recursive: true });
    await study.waitFor({ state: 'detached', timeout: minutes });
    await workbench.command('Pinch: Group Runs…');
    await workbench.choose('By model', 'Group Runs');
    await expect.poll(first, { timeout: minutes, interval: 200 }).toMatch(/model.*1 run/su);
    await workbench.picture('runs-grouped');
    await workbench.command('Pinch: Group Runs…');
    await workbench.choose('No groups', 'Group Runs');
    await expect.poll(first, { timeout: minutes, interval: 200 }).toMatch(/short/u);
  },
  4 * minutes,
);

test(
  'the page of a run that has ended shows the curve, which is kept beside the checkpoint',
  async () => {
    const { workbench, server } = bench;
    const run = join(server.folder, '.pinch/runs/short');
    await expect.poll(() => stateOf(run).status, { timeout: 2 * minutes, interval: 500 }).toBe('done');
    await workbench.showPinch();
    await workbench.contextMenu(workbench.rows('Runs').filter({ hasText: 'short' }).first(), 'Open Run');
    const page = await workbench.webview('run');
    const link = page.locator('.further button', { hasText: '75 %' });
    await link.waitFor({ timeout: minutes });
    await link.scrollIntoViewIfNeeded();
    await workbench.picture('run-page-further');
    const kept = join(run, 'checkpoints/step-000006/model.sparsity-curve.json');
    expect(existsSync(kept)).toBe(true);
  },
  3 * minutes,
);

test(
  'a sparsity that is picked leads to the plan of a run from the checkpoint',
  async () => {
    const { workbench } = bench;
    const page = await workbench.webview('run');
    await page.locator('.further button', { hasText: '75 %' }).click();
    const box = workbench.page.locator('.quick-input-widget:visible');
    await box.filter({ hasText: 'Percent of the gated weights' }).waitFor();
    expect(await box.locator('input').first().inputValue()).toBe('75');
    await workbench.answer('40');
    await box.filter({ hasText: 'Type a number above 50.0 %' }).waitFor();
    await workbench.answer('80');
    await box.filter({ hasText: 'pruning to 80 %' }).waitFor({ timeout: minutes });
    await workbench.picture('prune-further');
    await workbench.page.keyboard.press('Escape');
  },
  3 * minutes,
);

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));
