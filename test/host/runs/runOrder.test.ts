/** The order and the groups of the Runs view. */

import { expect, test } from 'vitest';
import { groupRuns, parseOrder, sortRuns, usualOrder } from '../../../src/host/runs/runOrder.ts';
import type { RunEntry } from '../../../src/host/runs/runStore.ts';
import type { RunState } from '../../../src/protocol/records.ts';
import { runState } from '../../runs/records.ts';

const run = (
  name: string,
  status: RunState['status'],
  life: RunEntry['life'] = 'ended',
  model = '/models/a/model.onnx',
): Pick<RunEntry, 'name' | 'state' | 'life' | 'model'> => ({ name, model, life, state: runState({ status }) });

/** Newest first, as the store has them. */
const runs = [
  run('digits-10', 'done'),
  run('Digits-2', 'failed', 'ended', '/models/b.onnx'),
  run('other', 'running', 'live'),
  run('gone', 'running', 'lost', ''),
  run('digits-3', 'done', 'ended', '/models/b.onnx'),
];

test.each([
  ['newest', ['digits-10', 'Digits-2', 'other', 'gone', 'digits-3']],
  ['oldest', ['digits-3', 'gone', 'other', 'Digits-2', 'digits-10']],
  ['name', ['Digits-2', 'digits-3', 'digits-10', 'gone', 'other']],
  ['state', ['other', 'gone', 'Digits-2', 'digits-10', 'digits-3']],
] as const)('%s', (sort, names) => expect(sortRuns(runs, sort).map(({ name }) => name)).toEqual(names));

test('groups have the runs of a model, in the order of their first runs', () => {
  expect(groupRuns(runs).map(({ name, runs: own }) => [name, own.map((each) => each.name)])).toEqual([
    ['a', ['digits-10', 'other']],
    ['b', ['Digits-2', 'digits-3']],
    ['no model', ['gone']],
  ]);
});

test('what a workspace has kept is checked', () => {
  expect(parseOrder({ sort: 'name', grouped: true })).toEqual({ sort: 'name', grouped: true });
  for (const kept of [undefined, null, 'name', { sort: 'size', grouped: 'yes' }])
    expect(parseOrder(kept)).toEqual(usualOrder);
});
