/** The pages of runs that are unlike others, narrow and wide, in every theme: pictures for people, and what axe finds. */

import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBench } from './bench.ts';
import { writeSyntheticRun } from './syntheticRun.ts';
import type { Theme } from './workbench.ts';

/** Runs of a real trainer that should be looked at, too: a folder of run folders. */
const others = process.env['PINCH_E2E_RUNS'];
const names = ['blocks-3', 'blocks-48', 'one-step', 'failed', 'no-gates', 'old-form', 'no-step-yet'];
const bench = useBench({
  width: 1400,
  height: 1000,
  prepare(folder) {
    writeSyntheticRun(folder, 'blocks-3', { layers: 18, steps: 400, done: 400 }).end('done', 400);
    writeSyntheticRun(folder, 'blocks-48', { layers: 288, steps: 400, done: 400 }).end('done', 400);
    writeSyntheticRun(folder, 'one-step', { layers: 18, steps: 1, done: 1 }).end('done', 1);
    writeSyntheticRun(folder, 'failed', { layers: 18, steps: 400, done: 90 }).end(
      'failed',
      90,
      'The loss is not a number since step 88. Try a lower learning rate.',
    );
    writeSyntheticRun(folder, 'no-gates', { layers: 0, steps: 400, done: 400 }).end('done', 400);
    writeSyntheticRun(folder, 'no-step-yet', { layers: 18, steps: 400 });
    oldForm(writeSyntheticRun(folder, 'old-form', { layers: 18, steps: 60, done: 60 }), 18);
    if (others === undefined) return;
    for (const name of readdirSync(others)) {
      cpSync(join(others, name), join(folder, '.pinch/runs', name), { recursive: true });
      if (!names.includes(name)) names.push(name);
    }
  },
});
const minutes = 60_000;

/** As runs were written before layers.f32: the layers stand in the step lines, and nothing of what came later is in run.json. */
function oldForm({ folder, end }: ReturnType<typeof writeSyntheticRun>, layers: number): void {
  const metrics = join(folder, 'metrics.jsonl');
  const rows = readFileSync(join(folder, 'layers.f32'));
  const lines = readFileSync(metrics, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; step: number; layers?: { name: string }[] });
  const layerNames = lines[0]?.layers?.map(({ name }) => name) ?? [];
  const written = lines.map((line) => {
    if (line.kind !== 'step') return line;
    const at = (line.step - 1) * layers * 8;
    const own = layerNames.map((name, layer) => ({
      name,
      threshold: rows.readFloatLE(at + 8 * layer),
      sparsity: rows.readFloatLE(at + 8 * layer + 4),
    }));
    return { ...line, layers: own };
  });
  writeFileSync(metrics, written.map((line) => `${JSON.stringify(line)}\n`).join(''));
  rmSync(join(folder, 'layers.f32'));
  const file = join(folder, 'run.json');
  const run = JSON.parse(readFileSync(file, 'utf8')) as { version?: number; settings: object };
  const { model, train, dev, method, seed } = run.settings as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...run, version: undefined, settings: { model, train, dev, method, seed } }));
  end('done', 60);
}

test(
  'pictures of odd runs, narrow and wide',
  async () => {
    const { workbench } = bench;
    const { page } = workbench;
    for (const name of names) {
      await page.setViewportSize({ width: 1400, height: 1000 });
      await open([name], 'Open Run');
      const frame = await workbench.webview('run');
      await frame.locator('main').waitFor();
      await atWidths(frame, `odd-${name}`);
    }
  },
  8 * minutes,
);

test(
  'pictures of odd runs compared, and axe on both pages in every theme',
  async () => {
    const { workbench } = bench;
    const { page } = workbench;
    await page.setViewportSize({ width: 1400, height: 1000 });
    await open(['blocks-3', 'failed'], 'Open Run');
    const findings: string[] = [];
    for (const what of ['run', 'comparison'] as const) {
      if (what === 'comparison') {
        await page.setViewportSize({ width: 1400, height: 1000 });
        await open(names.slice(0, 10), 'Compare Runs');
      }
      const frame = await workbench.webview(what);
      await page.waitForTimeout(1500);
      if (what === 'comparison') await atWidths(frame, 'odd-compared');
      await page.setViewportSize({ width: 1400, height: 1000 });
      for (const details of await frame.locator('details').all())
        await details.evaluate((element) => ((element as HTMLDetailsElement).open = true));
      for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] satisfies Theme[]) {
        await workbench.setTheme(theme);
        findings.push(...(await axe(frame)).map((finding) => `${what}, ${theme}: ${finding}`));
        await workbench.picture(`odd-${what}-${theme}`);
      }
    }
    expect(findings).toEqual([]);
  },
  8 * minutes,
);

test('no webview has broken its policy or failed', () => expect(bench.workbench.problems).toEqual([]));

async function open(runs: readonly string[], entry: string): Promise<void> {
  const { workbench } = bench;
  // The palette has Open Run when the extension has found a run; one goes on.
  await workbench.statusBar(/Pinch/u).waitFor();
  // Not beside the sidebar's page: it takes the focus while it loads, and lists would close.
  if (await workbench.page.locator('.part.sidebar').isVisible()) await workbench.page.keyboard.press('Control+b');
  await workbench.command('View: Close All Editors');
  if (entry === 'Open Run') {
    await workbench.command('Pinch: Open Run');
    const box = workbench.page.locator('.quick-input-widget:visible');
    await box
      .locator('input')
      .first()
      .fill(runs[0] ?? '');
    await box.locator('.monaco-list-row').first().click();
  } else {
    await workbench.command('Pinch: Compare Runs');
    const box = workbench.page.locator('.quick-input-widget:visible');
    for (const name of runs) {
      await box.locator('input[type="text"]').first().fill(name);
      await box.locator('.monaco-list-row').filter({ hasText: name }).first().click();
    }
    await workbench.page.keyboard.press('Enter');
  }
}

/** The whole page, 400 and 2,400 pixels wide. */
async function atWidths(frame: Frame, name: string): Promise<void> {
  const { workbench } = bench;
  const { page } = workbench;
  for (const width of [400, 2400]) {
    await page.setViewportSize({ width: width + 60, height: 1200 });
    await page.waitForTimeout(500);
    const content = await frame.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width: width + 60, height: Math.min(6000, content + 140) });
    await page.waitForTimeout(700);
    const across = await frame.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect.soft(across[0], `${name} at ${width} pixels is as wide as its window`).toBeLessThanOrEqual(across[1] ?? 0);
    await workbench.picture(`${name}-${width}`);
  }
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe calls serious or critical. */
async function axe(frame: Frame): Promise<string[]> {
  const source = process.env['PINCH_E2E_AXE'] ?? createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  // A webview's page is see-through, which axe takes for white.
  await frame.evaluate(() => {
    document.documentElement.style.background = 'var(--vscode-editor-background)';
  });
  await frame.evaluate(readFileSync(source, 'utf8'));
  const { violations } = await frame.evaluate(() =>
    (window as unknown as { axe: { run: (of: object) => Promise<AxeResult> } }).axe.run(document),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
}
