/** What Slurm is asked for, and what is remembered of it, without a Slurm. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrayFlags, type ArrayJob } from '../../src/study/slurm/commands.ts';
import { Submissions } from '../../src/study/slurm/submissions.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-%a-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const job: ArrayJob = { name: 'pinch-1', tasks: 8, together: null, threads: null, output: 'o-%a.log', script: '' };
const nothing = { partition: null, gpus: null, time: null, memory: null, options: [] };

test('an array asks for no more than it was told to', () => {
  expect(arrayFlags(job, nothing)).toEqual([
    '--job-name=pinch-1',
    '--array=0-7',
    '--output=o-%a.log',
    '--requeue',
    '--open-mode=append',
    '--signal=B:TERM@60',
  ]);
});

test('an array asks for what the study says', () => {
  const settings = { partition: 'gpu', gpus: 'a100:1', time: '1-0', memory: '8G', options: ['--account=x'] };
  const flags = arrayFlags({ ...job, together: 2, threads: 4 }, settings);
  for (const flag of ['--array=0-7%2', '--cpus-per-task=4', '--partition=gpu', '--gres=gpu:a100:1', '--time=1-0']) {
    expect(flags).toContain(flag);
  }
  expect(flags.slice(-2)).toEqual(['--mem=8G', '--account=x']);
});

test('what was submitted is found again by another process', async () => {
  const place = join(folder, 'found');
  const first = await Submissions.open(place);
  const one = await first.add(['a', 'b']);
  const two = await first.add(['b']);
  expect(readFileSync(first.listOf(one), 'utf8')).toBe('a\nb\n');

  const again = await Submissions.open(place);
  expect(again.names).toEqual([one.name, two.name]);
  expect(again.tasksIn(new Set([`${one.name} 0`, `${two.name} 7`, 'another 1']))).toEqual(new Set(['a']));
  expect(again.find('b')).toEqual({ submission: two, index: 0 });
  expect(again.find('c')).toBeUndefined();
});

test('a "%" in a folder is not taken for a pattern of Slurm', async () => {
  const submissions = await Submissions.open(folder);
  const made = await submissions.add(['a']);
  expect(submissions.logOf(made, '%a')).toBe(`${folder.replace('%', '%%')}/${made.name}-%a.log`);
  expect(submissions.logOf(made, 0)).toBe(`${folder}/${made.name}-0.log`);
});

test('a list that is not one is refused', async () => {
  const place = join(folder, 'other');
  await Submissions.open(place);
  writeFileSync(join(place, 'submissions.json'), '[{"name":"x; rm","tasks":[]}]');
  await expect(Submissions.open(place)).rejects.toThrow(/submissions\.json: this is not Pinch.s list of jobs/u);
});
