import { describe, expect, test } from 'vitest';
import type { Granularity } from '../../../src/host/prune/granularity.ts';
import { readPrinted } from '../../../src/host/engine/printed.ts';
import { summarise } from '../../../src/host/prune/summary.ts';
import { dryRun, type DryRun } from '../../../src/protocol/results/prune.ts';
import { completeSettings } from '../../../src/protocol/settings.ts';

const start: DryRun['start'] = {
  kind: 'start',
  step: 0,
  device: 'cpu',
  deviceReason: 'The CPU was asked for.',
  steps: 160,
  stepsPerEpoch: 8,
  parameters: 2_000_000,
  gatedParameters: 1_500_000,
  trainedParameters: 1_900_000,
  layers: [
    { name: 'encoder.layers.0.attention.q_proj', parameters: 500_000, shape: [500, 1000] },
    { name: 'encoder.layers.0.attention.k_proj', parameters: 1_000_000, shape: [1000, 1000] },
  ],
  left: [
    { name: 'lm_head', parameters: 3000, reason: 'ignored: re:.*lm_head' },
    { name: 'conv.0', parameters: 500, reason: 'not in a transformer block' },
    { name: 'conv.1', parameters: 500, reason: 'not in a transformer block' },
  ],
  utterances: 36,
  dropped: {},
  audioSeconds: 51.2,
  memoryBytes: 1.25e9,
  diskBytes: 2.5e9,
  secondsExpected: 200,
};

const of = (change: Partial<DryRun['start']>, granularity: Granularity = 'weight'): string[] =>
  summarise({ start: { ...start, ...change }, problem: null }, { target: 0.65 }, granularity).map(
    ({ label, detail = '' }) => `${label} | ${detail}`,
  );

test('what a cost was asked for comes first, with what it needs at the end', () => {
  const lines = (budget: { bytes: number | null; latency: number | null; int8: boolean }): string[] =>
    summarise({ start, problem: null }, { target: 0.7, budget }, 'neuron').map(
      ({ label, detail }) => `${label} | ${detail}`,
    );
  expect(lines({ bytes: null, latency: 0.5, int8: false })[0]).toBe(
    'For 50.0 % of the model’s latency | Found by measuring this model',
  );
  expect(lines({ bytes: 1.5e6, latency: null, int8: true })[0]).toBe(
    'For a file of 1.5 MB after compression | Found by measuring this model. It needs weights of 8 bits: choose them in Export Model when the run is done',
  );
  expect(lines({ bytes: null, latency: null, int8: false })[0]).toMatch(/^Gated: /u);
});

describe('the summary', () => {
  test('says what is gated, of how many, and what that buys', () =>
    expect(of({})[0]).toBe(
      'Gated: 1,500,000 of 2,000,000 parameters (75.0 %), in 2 layers | 65.0 % of them will be zero, 48.8 % of all: a smaller compressed file, not a faster model',
    ));

  test.each([
    [
      'neuron',
      '65.0 % of them will be removed, in whole units and heads, 48.8 % of all: a smaller and faster model in every runtime',
    ],
    [
      'neuron+weight',
      '65.0 % of them will be removed with their units and heads, or zero, 48.8 % of all: a smaller and faster model, whose zeros compress well',
    ],
  ] as const)('says what %s buys', (granularity, detail) =>
    expect(of({}, granularity)[0]).toBe(`Gated: 1,500,000 of 2,000,000 parameters (75.0 %), in 2 layers | ${detail}`),
  );

  test('says what is not gated, by reason', () =>
    expect(of({})[1]).toBe(
      'Not gated: 3 matrices with 4,000 parameters | 1: ignored: re:.*lm_head · 2: not in a transformer block',
    ));

  test('says nothing of what is not gated if there is nothing', () => expect(of({ left: [] })).toHaveLength(4));

  test('says so if there are no gates', () =>
    expect(of({ layers: [], gatedParameters: 0 })[0]).toMatch(
      /^No gates: the weights are trained, and none are pruned/u,
    ));

  test('says which utterances are left out and why', () => {
    expect(of({})[2]).toBe('Data: 36 utterances, 51 s of speech | All utterances can be used.');
    expect(of({ dropped: { tooLong: 2, unspellable: 1, noText: 0, new: 4 } })[2]).toBe(
      'Data: 36 utterances, 51 s of speech | Left out: 2 longer than a batch or batch.maxSeconds · 1 with characters that the vocabulary lacks · 4 new',
    );
  });

  test('says what is done to the texts, if anything is', () => {
    const report = { steps: [], texts: 36, changes: [], left: [] };
    expect(of({ texts: report })).toHaveLength(of({}).length);
    const examples = [{ before: 'YES.', after: 'YES' }];
    const changes = [{ step: 'punctuation', texts: 30, characters: 41, examples }];
    const left = [{ kind: 'number' as const, texts: 2, times: 3, examples: ['5'] }];
    expect(of({ texts: { ...report, changes, left } })[3]).toBe(
      'Texts: punctuation in 30, numbers in 2, which stay | For example: “YES.” becomes “YES”',
    );
  });

  test.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [200, '3 min'],
    [3590, '1 h'],
    [7260, '2 h 1 min'],
    [200_000, '2 d 8 h'],
  ])('%d seconds are %s', (secondsExpected, text) =>
    expect(of({ secondsExpected })[3]).toBe(
      `Time: about ${text}, a first estimate. Memory: about 1.25 GB, disk: up to 2.50 GB | 160 steps, 8 an epoch`,
    ),
  );

  test('says which device and why', () => expect(of({})[4]).toBe('Device: cpu | The CPU was asked for.'));
});

test('says first that the machine has too little room', () => {
  const [first] = summarise({ start, problem: 'The run needs more.' }, { target: 0.65 }, 'weight');
  expect(first).toEqual({
    icon: 'warning',
    label: 'This machine has too little memory or disk space for the run',
    detail: 'The run needs more.',
  });
});

describe('what the command printed', () => {
  const printed = { settings: completeSettings({ model: 'm', train: 't' }), start, text: 'table', problem: null };
  const read = (value: unknown): DryRun => readPrinted(dryRun, value, 'prune --dry-run');

  test('is taken as it is', () => expect(read(printed)).toEqual(printed));

  test.each([undefined, null, 'text', {}, { ...printed, start: {} }, { ...printed, start: { ...start, steps: -1 } }])(
    '%j is refused',
    (value) => expect(() => read(value)).toThrow(/^pinch prune --dry-run printed no result/u),
  );
});
