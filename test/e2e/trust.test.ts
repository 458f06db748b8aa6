/** A workspace that is not trusted: its runs are shown, nothing of it runs, and every command says why. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { newestStep } from './heatmap.ts';
import { copySample } from './sample.ts';
import { writeSyntheticRun } from './syntheticRun.ts';

const bench = useBench({
  workspaceTrust: true,
  prepare: (folder) => {
    copySample(folder);
    writeSyntheticRun(folder, 'theirs', { layers: 12, steps: 100, done: 100 }).end('stopped', 100);
  },
});

test('a run is shown', async () => {
  const { workbench } = bench;
  await workbench.showPinch();
  await workbench.rows('Runs').filter({ hasText: 'theirs' }).click();
  const page = await workbench.webview('heatmap');
  await page.waitForFunction(newestStep);
  expect(await page.evaluate(newestStep)).toBe(100);
  await workbench.picture('untrusted');
});

test.each(['Prune Model', 'Evaluate Checkpoint', 'Diff Checkpoints', 'Resume Run'])(
  '%s says that the workspace is not trusted, and starts nothing',
  async (title) => {
    const { workbench, server } = bench;
    await workbench.command(`Pinch: ${title}`);
    expect(
      await workbench.notified(`${title} reads models and speech of this workspace, which is not trusted`),
    ).toContain('Trust it to go on.');
    await expect.poll(workbench.isAsking).toBe(false);
    expect(server.programs().filter((command) => /(?:cli|trainer)\.js/u.test(command))).toEqual([]);
    await workbench.dismissNotifications();
  },
);

test('nothing was written into it', () => {
  expect(existsSync(join(bench.server.folder, 'pinch-sample/model/model.evaluations'))).toBe(false);
  expect(existsSync(join(bench.server.folder, '.pinch/.gitignore'))).toBe(false);
});
