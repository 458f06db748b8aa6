/** How commands say how far they are to programs, and how they end when they are told to. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeToyModel, writeToySpeech } from '../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-progress-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 300);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly label: string;
  readonly done: number;
  readonly total: number;
}

/** Runs a command as the editor does. @param onReport may end it. */
async function followed(
  args: readonly string[],
  onReport: (report: Report, end: () => void) => void = () => undefined,
) {
  const child = spawn(process.execPath, [resolve('dist/cli.js'), ...args, '--json'], {
    cwd: folder,
    env: { ...process.env, PINCH_PROGRESS: 'json' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const reports: Report[] = [];
  const others: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (line.startsWith('{"progress"')) {
      const { progress } = JSON.parse(line) as { progress: Report };
      reports.push(progress);
      onReport(progress, () => child.kill('SIGTERM'));
    } else others.push(line);
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, out, reports, others };
}

const speech = 'speech/manifest.jsonl';

describe('a program is told', () => {
  test('of the model, and of utterances, from none to all of them', async () => {
    const { code, out, reports, others } = await followed(['evaluate', 'model', '--data', speech]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ utterances: 300 });
    expect(others).toEqual([]);
    expect(reports[0]).toEqual({ label: 'Loading the model', done: 0, total: 0 });
    expect(reports[1]).toEqual({ label: 'Utterances recognised', done: 0, total: 300 });
    expect(reports.at(-1)).toEqual({ label: 'Utterances recognised', done: 300, total: 300 });
    const done = reports.map((report) => report.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    // A report for each of them would only keep the reader busy.
    expect(reports.length).toBeLessThan(200);
  });

  test('of the parts of a dry run', async () => {
    const flags = ['--model', 'model', '--train', speech, '--device', 'cpu', '--dry-run'];
    const { code, reports } = await followed(['prune', ...flags]);
    expect(code).toBe(0);
    expect(reports.map(({ label }) => label)).toEqual([
      'Reading the model and the speech',
      'Building the training graph',
    ]);
  });

  test('of the layers and the utterances of a diff', async () => {
    const { reports } = await followed(['diff', 'model', 'model', '--data', speech]);
    const labels = [
      'Reading the models',
      'Layers compared',
      'Utterances recognised by A',
      'Utterances recognised by B',
    ];
    expect([...new Set(reports.map(({ label }) => label))]).toEqual(labels);
  });
});

describe('SIGTERM ends at once, without a result,', () => {
  test.each([
    ['an evaluation', ['evaluate', 'model', '--data', speech, '--keep'], ({ done }: Report) => done > 0],
    [
      'a diff',
      ['diff', 'model', 'model', '--data', speech],
      ({ label, done }: Report) => label.endsWith('A') && done > 0,
    ],
    ['a dry run', ['prune', '--model', 'model', '--train', speech, '--dry-run'], () => true],
  ])('%s', async (_, args, now) => {
    let told = Infinity;
    const { signal, out } = await followed(args, (report, end) => {
      if (told < Infinity || !now(report)) return;
      told = performance.now();
      end();
    });
    expect(performance.now() - told).toBeLessThan(1000);
    expect(signal).toBe('SIGTERM');
    expect(out).toBe('');
  });
});
