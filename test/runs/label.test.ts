/** What people write on a run is kept, and a damaged file of it hides nothing. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isListed } from '../../src/host/runs/runFilter.ts';
import { deleteRun } from '../../src/runs/deleteRun.ts';
import { changeLabel, noLabel, readLabel } from '../../src/runs/label.ts';
import { RunFolderError } from '../../src/runs/state.ts';
import { runFolder, runState, start } from './records.ts';

describe('a label', () => {
  test('keeps what is not changed, and goes with the run', async () => {
    const folder = runFolder([start()], runState({ status: 'done' }));
    expect(await readLabel(folder)).toEqual(noLabel);
    await changeLabel(folder, { name: 'Best so far', note: 'τ = 0.2' });
    await changeLabel(folder, { archived: true });
    expect(await readLabel(folder)).toEqual({ name: 'Best so far', note: 'τ = 0.2', archived: true });
    await deleteRun(folder);
    expect(existsSync(folder)).toBe(false);
  });

  test.each(['', '{', '[]', '{"note": 7}', JSON.stringify({ note: 'two\nlines' })])('%j is none', async (text) => {
    const folder = runFolder([start()]);
    writeFileSync(join(folder, 'label.json'), text);
    expect(await readLabel(folder)).toEqual(noLabel);
  });

  test.each([{ note: 'two\nlines' }, { name: 'x'.repeat(101) }])('refuses %j', async (change) =>
    expect(changeLabel(runFolder([start()]), change)).rejects.toThrow(RunFolderError),
  );
});

describe('the list of runs', () => {
  const run = (archived: boolean, life: 'live' | 'ended' = 'ended') => ({
    ...{ folder: '/w/.pinch/runs/a-1', study: null, name: 'First', model: '/models/hubert', life },
    label: { name: 'First', note: 'warm start', archived },
    state: runState({ status: 'done', steps: 10 }),
  });
  test.each([
    ['', true],
    ['hubert FIRST', true],
    ['warm done', true],
    ['wavlm', false],
  ])('filtered by %j', (text, listed) => expect(isListed(run(false), { text, archived: false })).toBe(listed));

  test('leaves archived runs out, unless they go on or are asked for', () => {
    expect(isListed(run(true), { text: '', archived: false })).toBe(false);
    expect(isListed(run(true, 'live'), { text: '', archived: false })).toBe(true);
    expect(isListed(run(true), { text: '', archived: true })).toBe(true);
  });
});
