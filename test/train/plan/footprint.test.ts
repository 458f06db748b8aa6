/** What a run takes of memory and disk: against folders worked out by hand, and the sentences when it does not fit. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesIn, diskOf, roomFor, whyNotHere, type DiskPlan } from '../../../src/train/plan/footprint.ts';

/** A model of 400 bytes of which all 100 numbers are trained: 1,200 bytes of state. */
const plan: DiskPlan = {
  ...{ modelBytes: 400, trained: 100, leaving: 0, shrinksAt: 100, steps: 100, everySteps: 10, keep: 3 },
  ...{ keepOptimizerState: 'newest', evaluations: 0, stepBytes: 0 },
};
const [model, state] = [400, 1200];

describe('disk', () => {
  test.each<[string, Partial<DiskPlan>, number]>([
    ['three and the one being written, two of them to go on from', {}, 4 * model + 2 * state],
    ['all of them to go on from', { keepOptimizerState: 'all' }, 4 * model + 4 * state],
    ['one at the end', { everySteps: 500 }, model + state],
    ['one on the way and one at the end', { everySteps: 60 }, 2 * model + 2 * state],
    ['the last step is one of the periodic', { everySteps: 50 }, 2 * model + 2 * state],
    ['the best besides', { evaluations: 10 }, 5 * model + 2 * state],
    ['a line for each step', { everySteps: 500, stepBytes: 7 }, model + state + 700],
    ['a few numbers are frozen', { everySteps: 500, trained: 90 }, model + 1080],
    ['half leave for the last', { leaving: 50, shrinksAt: 99, everySteps: 500 }, (model + state) / 2],
    ['half leave halfway', { leaving: 50, shrinksAt: 50 }, 4 * model + 2 * state],
    ['half leave after the first of two', { leaving: 50, shrinksAt: 60, everySteps: 60 }, 1.5 * (model + state)],
  ])('%s', (_, change, expected) => expect(diskOf({ ...plan, ...change })).toBe(expected));

  test('a run of a billion steps is reckoned at once', () =>
    expect(diskOf({ ...plan, steps: 1e9, everySteps: 1 })).toBe(4 * model + 2 * state));
});

describe('what does not fit', () => {
  const needs = { device: 'cpu', memoryBytes: 9e9, diskBytes: 6e9 };
  test.each([
    ['nothing', { memory: 16e9, disk: 7e9 }, 0, undefined],
    ['a disk that does not say', { memory: 16e9, disk: undefined }, 0, undefined],
    ['a resumed run has some of it already', { memory: 16e9, disk: 2e9 }, 5e9, undefined],
    [
      'memory',
      { memory: 8e9, disk: 7e9 },
      0,
      /^The run needs about 9\.00 GB of memory and there are 8\.00 GB in all; .*\.$/u,
    ],
    [
      'disk',
      { memory: 16e9, disk: 5e9 },
      0,
      /^The run folder needs up to 6\.00 GB of disk and 5\.00 GB are free there; .*\.$/u,
    ],
  ] as const)('%s', (_, room, written, expected) => {
    const found = whyNotHere(needs, room, written);
    if (expected === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(expected);
  });

  test('on a GPU the memory is not this machine’s', () =>
    expect(whyNotHere({ ...needs, device: 'webgpu' }, { memory: 8e9, disk: undefined })).toBeUndefined());
});

describe('room', () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'pinch-footprint-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is that of the file system, also for a folder that is not there yet', async () => {
    const { memory, disk } = await roomFor(join(folder, 'not', 'yet'));
    expect(memory).toBeGreaterThan(1e8);
    expect(disk).toBeGreaterThan(0);
  });

  test('bytes of a folder are those of all files in it', async () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'one'), Buffer.alloc(1000));
    writeFileSync(join(folder, 'a', 'b', 'two'), Buffer.alloc(234));
    expect(await bytesIn(folder)).toBe(1234);
    expect(await bytesIn(join(folder, 'missing'))).toBe(0);
  });
});
