/** A run that the command started, through everything that can happen to a window, and what can be done to it from there. */

import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { newestStep } from './heatmap.ts';
import { whyNotQuiet } from './quiet.ts';
import { copySample, startRun, stateOf, stepsOf } from './sample.ts';
import type { Workbench } from './workbench.ts';

const bench = useBench({ story: true, prepare: copySample });
const minutes = 60_000;
const name = 'from-a-terminal';
let run: string;
/** Why times mean nothing here: what else the machine did before the run began. */
let busy: string | undefined;

test(
  'a run that the command started shows by itself',
  async () => {
    const { workbench, server } = bench;
    busy = await whyNotQuiet();
    await workbench.showPinch();
    run = await startRun(server.folder, name, '--epochs', '400', '--seed', '1');
    await workbench.rows('Runs').filter({ hasText: name }).filter({ hasText: /step/u }).waitFor();
    const page = await workbench.webview('heatmap');
    await page.waitForFunction(newestStep);
  },
  2 * minutes,
);

test(
  'a window that is reloaded shows the run again with its whole history',
  async () => {
    const { workbench, server } = bench;
    const { pid, step } = stateOf(run);
    await workbench.reload();
    expectSoon((await historyIsBack(workbench, step)) - server.activatedAt());
    expect(stateOf(run).pid).toBe(pid);
    await workbench.picture('survive-reloaded');
  },
  2 * minutes,
);

test(
  'the run goes on when the extension host is killed, and the window finds it again',
  async () => {
    const { workbench, server } = bench;
    const { pid, step } = stateOf(run);
    const hosts = server.extensionHosts();
    expect(hosts.length).toBeGreaterThan(0);
    for (const host of hosts) process.kill(host, 'SIGKILL');
    await expect.poll(() => stateOf(run).step, { timeout: minutes, interval: 500 }).toBeGreaterThan(step + 2);
    expect(stateOf(run).pid).toBe(pid);
    await workbench.reload();
    expectSoon((await historyIsBack(workbench, step)) - server.activatedAt());
  },
  3 * minutes,
);

test(
  'Write Checkpoint Now writes one',
  async () => {
    const { workbench } = bench;
    const rows = workbench.rows('Runs').filter({ hasText: /^step \d+/u });
    const before = await rows.count();
    await workbench.command('Pinch: Write Checkpoint Now');
    await expect.poll(() => rows.count(), { timeout: minutes }).toBeGreaterThan(before);
  },
  2 * minutes,
);

test(
  'Stop Run stops it, after a checkpoint',
  async () => {
    const { workbench } = bench;
    await workbench.command('Pinch: Stop Run');
    await workbench.notified('was stopped at step');
    expect(stateOf(run).status).toBe('stopped');
    await workbench.rows('Runs').filter({ hasText: 'stopped at step' }).waitFor();
    await workbench.dismissNotifications();
    await workbench.picture('survive-stopped');
  },
  2 * minutes,
);

test(
  'Resume Run goes on where it stopped, and no step is shown twice',
  async () => {
    const { workbench } = bench;
    const { step } = stateOf(run);
    await workbench.contextMenu(workbench.rows('Runs').filter({ hasText: name }), 'Resume Run');
    await expect.poll(() => stateOf(run).step, { timeout: minutes, interval: 500 }).toBeGreaterThan(step + 1);
    expect(stateOf(run).attempt).toBe(2);
    await workbench
      .rows('Runs')
      .filter({ hasText: /step \d+ of/u })
      .first()
      .waitFor();
    await historyIsBack(workbench, step);
    // Read once: the run goes on, and a second reading could have one step more.
    const steps = stepsOf(run);
    expect(new Set(steps).size).toBe(steps.length);
  },
  3 * minutes,
);

test(
  'a trainer that is killed is said to have ended unexpectedly',
  async () => {
    const { workbench } = bench;
    process.kill(stateOf(run).pid, 'SIGKILL');
    await workbench.notified('ended unexpectedly');
    await workbench.rows('Runs').filter({ hasText: 'ended unexpectedly' }).waitFor();
    await workbench.picture('survive-lost');
    await workbench.dismissNotifications();
  },
  2 * minutes,
);

test(
  'Delete Run asks, and deletes',
  async () => {
    const { workbench } = bench;
    const row = workbench.rows('Runs').filter({ hasText: name });
    const dialog = workbench.page.locator('.monaco-dialog-box');
    await workbench.contextMenu(row, 'Delete Run');
    await dialog.locator('.monaco-button', { hasText: 'Cancel' }).click();
    expect(existsSync(run)).toBe(true);
    await workbench.contextMenu(row, 'Delete Run');
    await dialog.locator('.monaco-button', { hasText: 'Delete' }).click();
    // What the view says where there is a model and no run.
    await workbench.view('Runs').locator('.monaco-button', { hasText: 'Prune Model' }).waitFor();
    expect(existsSync(run)).toBe(false);
  },
  2 * minutes,
);

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));

/** Waits until the heatmap shows the newest step, and its slider reaches back to the first. @returns when, in milliseconds since 1970. */
async function historyIsBack(workbench: Workbench, leastStep: number): Promise<number> {
  const page = await workbench.webview('heatmap');
  // The newest step comes by itself and may be there before the history is.
  await page.waitForFunction((least) => {
    const step = Number(document.querySelector<HTMLElement>('td.cell')?.dataset['step']);
    const range = document.querySelector<HTMLInputElement>('input[type="range"]');
    return step >= least && range?.getAttribute('min') === '1' && Number(range.max) >= least;
  }, leastStep);
  return Date.now();
}

/** @param milliseconds from the extension's activation to the history. */
function expectSoon(milliseconds: number): void {
  const excuse = busy === undefined ? '' : `; not held against 3 s: ${busy}`;
  process.stdout.write(`The history is back ${milliseconds} ms after the activation${excuse}\n`);
  if (busy === undefined) expect(milliseconds).toBeLessThan(3000);
}
