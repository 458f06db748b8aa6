/** `pinch runs` and `pinch export-metrics` as people and scripts call them. */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeLabel } from '../../src/runs/label.ts';
import {
  checkpoint,
  end,
  evaluation,
  rewind,
  runFolder,
  runState,
  start,
  steps,
  temporaryFolder,
} from '../runs/records.ts';
import { pinch, type Outcome } from '../train/toy.ts';

const folder = temporaryFolder();
const first = join(folder, '.pinch/runs/first');
const run = (...args: string[]): Promise<Outcome> => pinch(args, folder).ended;

beforeAll(async () => {
  const records = [start(), ...steps(1, 4), evaluation(4), checkpoint(4), rewind(2), ...steps(3, 4, 2), end(4, 2)];
  runFolder(records, runState({ status: 'done', step: 4, steps: 4 }), first);
  runFolder([start(), ...steps(1, 2), evaluation(2), checkpoint(2)], undefined, join(folder, '.pinch/runs/second'));
  runFolder([start(), ...steps(1, 2)], undefined, join(folder, 'digits.study/runs/ump-50'));
  await changeLabel(first, { name: 'The first', note: 'too short' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('pinch runs', () => {
  test('lists what the editor lists; what a rewind took back does not count', async () => {
    const { code, out } = await run('runs', '--json');
    expect(code).toBe(0);
    const { runs } = JSON.parse(out) as { runs: { name: string }[] };
    expect(runs.find(({ name }) => name === 'The first')).toMatchObject({
      ...{ run: first, note: 'too short', status: 'done', step: 4, sparsity: null, wer: null },
    });
    expect(runs.find(({ name }) => name === 'second')).toMatchObject({ status: 'lost', sparsity: 0.5, wer: 0.1 });
    expect(runs.find(({ name }) => name === 'ump-50')).toMatchObject({ study: join(folder, 'digits.study') });
  });

  test('is a table for people', async () => {
    const { out } = await run('runs');
    expect(out).toMatch(/^run +state +sparsity +dev WER +model +note/u);
    expect(out).toContain('too short');
    expect(out).toContain('digits: ump-50');
  });

  test('a folder without runs has none', async () => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    expect(await run('runs', 'empty')).toMatchObject({
      code: 0,
      out: expect.stringContaining('There are no runs') as string,
    });
    expect(await run('runs', 'nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining('nowhere: there is no such folder.') as string,
    });
  });
});

describe('pinch export-metrics', () => {
  test('writes an event file and says how to see it', async () => {
    const { code, out } = await run('export-metrics', first, '--tensorboard', 'board', '--json');
    expect(code).toBe(0);
    const { file, steps: written } = JSON.parse(out) as { file: string; steps: number };
    expect(written).toBe(4);
    expect(file.startsWith(join(folder, 'board/first/events.out.tfevents.'))).toBe(true);
    expect(existsSync(file)).toBe(true);
  });

  test.each([
    ['no place', [first], 2, /--tensorboard/u],
    ['no run', ['empty', '--tensorboard', 'board'], 1, /not a run folder/u],
  ] as const)('%s is one sentence', async (_, args, code, sentence) => {
    const outcome = await run('export-metrics', ...args);
    expect(outcome.code).toBe(code);
    expect(outcome.err).toMatch(sentence);
  });
});
