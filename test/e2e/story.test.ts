/** The whole way of somebody who has never seen it: the sample, a run that is watched to its end, an evaluation, a diff. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { cells, newestStep } from './heatmap.ts';
import type { Workbench } from './workbench.ts';

const bench = useBench({ story: true, width: 1440, height: 900 });
const minutes = 60_000;
let began = NaN;
/** Into the test's output, for people. */
const since = (what: string): void =>
  void process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1)} s after Open Sample: ${what}\n`);

test('Open Sample puts a model and clips into the folder, and offers to prune', async () => {
  const { workbench, server } = bench;
  began = Date.now();
  await workbench.command('Pinch: Open Sample');
  await workbench.notified('The sample is in pinch-sample');
  expect(readdirSync(join(server.folder, 'pinch-sample'))).toEqual(
    expect.arrayContaining(['model', 'clips', 'train.jsonl', 'dev.jsonl', 'test.jsonl']),
  );
  await workbench.picture('story-1-sample');
});

/** Answers Prune Model up to the question what to prune. */
async function chooseSample(workbench: Workbench): Promise<void> {
  await workbench.dismissNotifications();
  await workbench.command('Pinch: Prune Model');
  await workbench.choose('pinch-sample/model', 'Prune Model (1/7)');
  await workbench.choose('train.jsonl', '(2/7)');
  await workbench.choose('dev.jsonl', '(3/7)');
}

test(
  'Prune Model asks in seven steps, can be walked back, and shows what it will do before it starts',
  async () => {
    const { workbench } = bench;
    await chooseSample(workbench);
    await workbench.choose('Units and heads', '(4/7)');
    await workbench.page.getByPlaceholder('in whole units and heads? A smaller and faster model').waitFor();
    await workbench.back();
    await workbench.choose('Single weights', '(4/7)');
    await workbench.page.getByPlaceholder('to set to zero? A smaller compressed file').waitFor();
    await workbench.choose('50 %', '(5/7)');
    // One step back, and another target.
    await workbench.choice('cpu').waitFor();
    await workbench.back();
    await workbench.choose('65 %', '(5/7)');
    await workbench.picture('story-2-device');
    await workbench.choose('cpu', '(6/7)');
    await workbench.choice('Start').waitFor();
    const summary = (await workbench.choices()).join('\n');
    expect(summary).toContain('pruning to 65 %');
    expect(summary).toMatch(/Gated: 442,368 of 529,856 parameters/u);
    expect(summary).toMatch(/Memory: about/u);
    await workbench.picture('story-2-start');
    await workbench.choose('Start');
    since('all questions are answered');
  },
  2 * minutes,
);

test(
  'the heatmap moves while it trains',
  async () => {
    const { workbench } = bench;
    const page = await workbench.webview('heatmap');
    await page.waitForFunction(newestStep, null, { timeout: minutes });
    const before = await page.evaluate(newestStep);
    const first = await page.evaluate(cells);
    expect(first.length).toBeGreaterThan(5);
    await page.waitForFunction(
      (step) => Number(document.querySelector<HTMLElement>('td.cell')?.dataset['step']) > step + 5,
      before,
      { timeout: minutes },
    );
    const second = await page.evaluate(cells);
    expect(second.map(({ layer }) => layer)).toEqual(first.map(({ layer }) => layer));
    expect(second.some(({ step }, at) => step > first[at]!.step)).toBe(true);
    await workbench.statusBar(/\d+ %/u).waitFor();
    expect((await workbench.rowTexts('Runs')).join('\n')).toMatch(/Run .*step \d+ of \d+/u);
    await workbench.picture('story-3-training');
  },
  3 * minutes,
);

test(
  'when it ends, a notification says so once, and the tree has the run and its checkpoints',
  async () => {
    const { workbench } = bench;
    const message = await workbench.notified(
      /is done: 6\d\.\d % of the gated weights are zero/u,
      undefined,
      6 * minutes,
    );
    expect(message).toMatch(/word error rate \d+\.\d % on the development data/u);
    expect((await workbench.notifications()).filter((text) => text.includes('is done'))).toHaveLength(1);
    const rows = await workbench.rowTexts('Runs');
    expect(rows[0]).toMatch(/^Run .*done, \d+ steps/u);
    since('the run is done');
    expect(rows.filter((row) => /^Checkpoint at step \d+, .*6\d\.\d % sparse/u.test(row)).length).toBeGreaterThan(0);
    await workbench.dismissNotifications();
    await workbench.picture('story-4-done');
  },
  7 * minutes,
);

test(
  'Open Run shows what the run was and what came out',
  async () => {
    const { workbench } = bench;
    await workbench.contextMenu(workbench.rows('Runs').first(), 'Open Run');
    const page = await workbench.webview('run');
    await page.locator('.cloth canvas').waitFor();
    await page.getByText('The best checkpoint at the final sparsity').waitFor();
    since('the page of the finished run shows');
    expect(await page.locator('.title').innerText()).toMatch(/Done/u);
    await workbench.page.waitForTimeout(1000);
    await workbench.screenshot('run');
  },
  2 * minutes,
);

test(
  'a cell opens its layer: its course over the run, and the weights with the threshold drawn in',
  async () => {
    const { workbench } = bench;
    const heatmap = await workbench.webview('heatmap');
    await heatmap.locator('td.cell').nth(8).click();
    const layer = await workbench.webview('layer');
    await layer.locator('.uplot canvas').nth(2).waitFor({ timeout: minutes });
    await workbench.screenshot('layer');
  },
  2 * minutes,
);

test(
  'Evaluate Checkpoint shows the word error rate, the utterances with their alignment, and plays the audio',
  async () => {
    const { workbench } = bench;
    await workbench.contextMenu(workbench.rows('Runs').filter({ hasText: 'best' }).first(), 'Evaluate Checkpoint');
    await workbench.choose('test.jsonl', 'Evaluate Checkpoint');
    const page = await workbench.webview('evaluation', 3 * minutes);
    await page.getByText('Word error rate').first().waitFor();
    expect(await page.locator('main').innerText()).toMatch(/Word error rate\s+\d+\.\d+ %/u);
    await workbench.screenshot('evaluation');
    const utterances = page.getByRole('table', { name: 'Utterances' }).locator('tbody tr');
    expect(await utterances.count()).toBe(36);
    const play = utterances.first().locator('button.play');
    await play.scrollIntoViewIfNeeded();
    await play.click();
    const seconds = await page.waitForFunction(() => document.querySelector('audio')?.duration);
    expect(await seconds.jsonValue()).toBeGreaterThan(0.5);
    expect(await page.locator('audio').getAttribute('src')).toMatch(/^blob:/u);
    await workbench.picture('story-5-utterances');
  },
  4 * minutes,
);

test(
  'Diff Checkpoints says per layer what was cut',
  async () => {
    const { workbench } = bench;
    await workbench.command('Pinch: Diff Checkpoints');
    await workbench.choose(/best/u, 'Diff Checkpoints');
    await workbench.choose('pinch-sample/model', 'Diff Checkpoints');
    const page = await workbench.webview('diff', 3 * minutes);
    const layers = page.getByRole('table', { name: 'Layers' }).locator('tbody tr');
    await layers.first().waitFor();
    expect(await layers.count()).toBeGreaterThanOrEqual(24);
    await page.getByRole('button', { name: 'Compare on Speech…' }).click();
    await workbench.choose('test.jsonl');
    await page.getByText('Matched pairs test').waitFor({ timeout: 2 * minutes });
    await workbench.picture('story-6-diff');
  },
  4 * minutes,
);

test(
  'light, dark and high contrast',
  async () => {
    const { workbench } = bench;
    for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as const) {
      await workbench.setTheme(theme);
      for (const [panel, title] of [
        ['layer', 'v_proj'],
        ['evaluation', 'Evaluation:'],
        ['diff', '↔'],
      ] as const) {
        await workbench.page.locator('.tabs-container .tab', { hasText: title }).click();
        await workbench.webview(panel);
        await workbench.page.waitForTimeout(500);
        await workbench.picture(`${panel}-${theme}`);
      }
      if (theme === 'light') await workbench.screenshot('diff-light');
    }
  },
  2 * minutes,
);

test(
  'Export Model writes a checkpoint with 8-bit weights, says how large it is, and has it evaluated',
  async () => {
    const { workbench } = bench;
    const best = workbench.rows('Runs').filter({ hasText: 'best' }).first();
    await workbench.contextMenu(best, 'Export Model…');
    expect(await workbench.choices()).toHaveLength(5);
    await workbench.picture('story-7-export');
    await workbench.choose('With 8-bit weights', 'Export Model');
    const written = /^Written: .*\/step-\d+-int8\/model\.onnx, \d+ kB, \d+\.\d % of the 2\.\d MB before\.$/u;
    expect(await workbench.notified('-int8/model.onnx', 'Evaluate', 2 * minutes)).toMatch(written);
    await workbench.choose('test.jsonl', 'Evaluate Checkpoint');
    await workbench.page.locator('.tabs-container .tab', { hasText: /Evaluation: .*, int8/u }).waitFor({
      timeout: 3 * minutes,
    });
  },
  6 * minutes,
);

test(
  'Prune Model takes a file size in place of a percentage, and measures the model for it',
  async () => {
    const { workbench } = bench;
    await chooseSample(workbench);
    await workbench.choose('Single weights', '(4/7)');
    await workbench.choose('File size', '(5/7)');
    await workbench.page.getByText('Size of the model after compression').waitFor();
    await workbench.answer('much less');
    await workbench.page.getByText('Type a size such as 1.5MB or 10%.').waitFor();
    await workbench.answer('50%');
    await workbench.choose('cpu', '(6/7)');
    await workbench.choice('Start').waitFor({ timeout: minutes });
    const summary = (await workbench.choices()).join('\n');
    expect(summary).toMatch(/For a file of 1\.\d MB after compression/u);
    expect(summary).toMatch(/pruning to [3-6]\d(\.\d+)? %/u);
    await workbench.picture('story-8-file-size');
    await workbench.page.keyboard.press('Escape');
    await workbench.choice('Start').waitFor({ state: 'hidden' });
  },
  3 * minutes,
);

test('every webview has a policy that lets in nothing but its own script and style', async () => {
  const { workbench } = bench;
  for (const name of await workbench.webviews()) {
    const page = await workbench.webview(name);
    const policy = await page.evaluate(
      () => document.querySelector<HTMLMetaElement>('meta[http-equiv="Content-Security-Policy"]')?.content ?? '',
    );
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w-]{16,}'; style-src /u);
    expect(policy).not.toMatch(/unsafe|\*(?!\.)|connect-src/u);
  }
});

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));
