/** Progress: a bar that replaces itself on a terminal, plain lines elsewhere, and text for people in the log. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ProgressReport, type StepProgress } from '../../src/train/progress.ts';

const at = (step: number): StepProgress => ({
  step,
  steps: 10,
  loss: 0.5,
  sparsity: 0.25,
  sparsityTarget: 0.3,
  gated: true,
  audioSecondsPerSecond: 12,
});

function report(terminal: { isTTY?: boolean; columns?: number }) {
  const log = join(mkdtempSync(join(tmpdir(), 'pinch-test-')), 'trainer.log');
  let written = '';
  const progress = new ProgressReport(log, { ...terminal, write: (text) => (written += text) });
  return { progress, written: () => written, log: () => readFileSync(log, 'utf8') };
}

test('plain lines: the first step, the last, and in between only now and then', () => {
  const { progress, written, log } = report({});
  for (let step = 1; step <= 10; step++) progress.step(at(step));
  progress.close();
  const lines = written().trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe('step 1/10  loss 0.5000  sparsity 25.00 % (target 30.00 %)  12.0x real time');
  expect(lines[1]).toContain('step 10/10');
  expect(written()).not.toContain('\u001b');
  expect(log()).toContain('  step 10/10  loss');
});

test('a bar is no wider than the terminal, and gives way to text', () => {
  const { progress, written, log } = report({ isTTY: true, columns: 40 });
  progress.step(at(5));
  progress.say('Something happened.');
  progress.close();
  expect(written()).toMatch(/^\r\u001b\[K\[#{10}\.{10}\] step 5\/10/u);
  const bar = written().split('\r')[1]!.replace('\u001b[K', '');
  expect(bar.length).toBeLessThan(40);
  expect(written().endsWith('\r\u001b[KSomething happened.\n')).toBe(true);
  expect(log()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z {2}Something happened\.\n$/u);
});

test('without gates nothing is said of sparsity', () => {
  const { progress, written } = report({});
  progress.step({ ...at(1), gated: false });
  progress.close();
  expect(written()).toBe('step 1/10  loss 0.5000  12.0x real time\n');
});

test('what takes long has its name on a terminal, and a line of the log once it took seconds', async () => {
  const { progress, written, log } = report({ isTTY: true });
  progress.phase('writing a checkpoint');
  expect(written()).toContain('Writing a checkpoint …');
  progress.phase(null);
  expect(log()).toBe('');
  progress.phase('evaluating');
  await setTimeout(2100);
  progress.phase(null);
  progress.close();
  expect(log()).toMatch(/ {2}Evaluating took \d+ s\.\n$/u);
  expect(written().endsWith('\r\u001b[K')).toBe(true);
});
