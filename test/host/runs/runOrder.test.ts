/** The order and the groups of the Runs view. */

import { describe, expect, test } from 'vitest';
import { groupRuns, parseOrder, sortRuns, usualOrder, type RunGrouping } from '../../../src/host/runs/runOrder.ts';
import type { RunEntry } from '../../../src/host/runs/runStore.ts';
import type { RunState } from '../../../src/protocol/records.ts';
import { runState } from '../../runs/records.ts';

const run = (
  name: string,
  status: RunState['status'],
  life: RunEntry['life'] = 'ended',
  model = '/models/a/model.onnx',
  study: string | null = null,
): Pick<RunEntry, 'name' | 'state' | 'life' | 'model' | 'study'> => ({
  ...{ name, model, study, life, state: runState({ status }) },
});

/** Newest first, as the store has them. */
const runs = [
  run('digits-10', 'done', 'ended', undefined, '/w/ours.study'),
  run('Digits-2', 'failed', 'ended', '/models/b.onnx'),
  run('other', 'running', 'live'),
  run('gone', 'running', 'lost', ''),
  run('digits-3', 'done', 'ended', '/models/b.onnx', '/w/ours.study'),
];

test.each([
  ['newest', ['digits-10', 'Digits-2', 'other', 'gone', 'digits-3']],
  ['oldest', ['digits-3', 'gone', 'other', 'Digits-2', 'digits-10']],
  ['name', ['Digits-2', 'digits-3', 'digits-10', 'gone', 'other']],
  ['state', ['other', 'gone', 'Digits-2', 'digits-10', 'digits-3']],
] as const)('%s', (sort, names) => expect(sortRuns(runs, sort).map(({ name }) => name)).toEqual(names));

describe('groups stand where their first runs would', () => {
  const grouped = (grouping: RunGrouping): unknown[] =>
    groupRuns(runs, grouping).map((each) =>
      'runs' in each ? [each.name, each.runs.map(({ name }) => name)] : each.name,
    );

  test('the runs of a model', () => {
    expect(grouped('model')).toEqual([
      ['a', ['digits-10', 'other']],
      ['b', ['Digits-2', 'digits-3']],
      ['no model', ['gone']],
    ]);
  });

  test('the runs of a study; runs of none stand by themselves', () => {
    expect(grouped('study')).toEqual([['ours', ['digits-10', 'digits-3']], 'Digits-2', 'other', 'gone']);
  });

  test('none', () => expect(grouped('none')).toEqual(runs.map(({ name }) => name)));
});

test('what a workspace has kept is checked', () => {
  expect(parseOrder({ sort: 'name', grouping: 'model' })).toEqual({ sort: 'name', grouping: 'model' });
  for (const kept of [undefined, null, 'name', { sort: 'size', grouping: 'colour' }, { grouped: true }])
    expect(parseOrder(kept)).toEqual(usualOrder);
});
