/** A workspace that is not trusted: its runs are shown, nothing of it runs, and every command says why. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { reportPage } from '../../src/study/report/page.ts';
import { someResults } from '../study/someResults.ts';
import { useBench } from './bench.ts';
import { newestStep } from './heatmap.ts';
import { copySample } from './sample.ts';
import { writeSyntheticRun } from './syntheticRun.ts';

const bench = useBench({
  workspaceTrust: true,
  prepare: (folder) => {
    copySample(folder);
    writeReport(folder, 'first');
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

test.each([
  'Prune Model',
  'Get Model from Hugging Face',
  'Evaluate Checkpoint',
  'Export Model',
  'Diff Checkpoints',
  'Resume Run',
  'Run Study',
])('%s says that the workspace is not trusted, and starts nothing', async (title) => {
  const { workbench, server } = bench;
  await workbench.command(`Pinch: ${title}`);
  expect(
    await workbench.notified(`${title} reads models and speech of this workspace, which is not trusted`),
  ).toContain('Trust it to go on.');
  await expect.poll(workbench.isAsking).toBe(false);
  expect(server.programs().filter((command) => /(?:cli|trainer)\.js/u.test(command))).toEqual([]);
  await workbench.dismissNotifications();
});

test('a study’s report is shown, shown anew when it is written anew, and nothing of it runs', async () => {
  const { workbench, server } = bench;
  await workbench.command('Pinch: Show Study Report');
  const report = (): Promise<Report | undefined> => shownReport(workbench.page);
  await expect.poll(async () => (await report())?.text, { timeout: 60_000 }).toContain('first');
  writeReport(server.folder, 'second', '<script>document.body.append("it ran")</script>');
  await expect.poll(async () => (await report())?.text, { timeout: 60_000 }).toContain('second');
  const { text, policy, grids, page, editor } = (await report())!;
  expect(text).not.toContain('it ran');
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']*'; base-uri 'none'; form-action 'none'$/u);
  // Its style sheet is allowed, and knows the theme.
  expect(grids).toBe('flex');
  expect(page).toBe(editor);
  await workbench.picture('untrusted-report');
});

test('nothing was written into it', () => {
  expect(existsSync(join(bench.server.folder, 'pinch-sample/model/model.evaluations'))).toBe(false);
  expect(existsSync(join(bench.server.folder, '.pinch/.gitignore'))).toBe(false);
});

/** @param more markup behind the report. */
function writeReport(folder: string, study: string, more = ''): void {
  const results = join(folder, 'digits.study');
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'study.json'), JSON.stringify({ ...someResults, study }));
  writeFileSync(join(results, 'study.html'), reportPage({ ...someResults, study }) + more);
}

interface Report {
  readonly text: string;
  /** The first in the page. */
  readonly policy: string;
  readonly grids: string;
  /** The colours of the page and of the editor's theme, as the browser writes them. */
  readonly page: string;
  readonly editor: string;
}

/** What the frame with a report in it shows. */
async function shownReport(page: Page): Promise<Report | undefined> {
  for (const frame of page.frames()) {
    const report = await frame.evaluate(readReport).catch(() => undefined);
    if (report !== undefined) return report;
  }
  return undefined;
}

/** Runs in the page. */
function readReport(): Report | undefined {
  const grids = document.querySelector('.grids');
  if (grids === null) return undefined;
  const probe = document.createElement('i');
  probe.style.color = 'var(--vscode-editor-background)';
  document.body.append(probe);
  const editor = getComputedStyle(probe).color;
  probe.remove();
  return {
    text: document.body.innerText,
    policy: document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content ?? '',
    grids: getComputedStyle(grids).display,
    page: getComputedStyle(document.body).backgroundColor,
    editor,
  };
}
