/** What the page of a run is told, read from run folders as trainers write them. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { KeptVerdicts } from '../../../src/host/evaluation/keptVerdict.ts';
import { aboutRun, settingsTable } from '../../../src/host/run/runAbout.ts';
import { comparedRun } from '../../../src/host/run/comparedRun.ts';
import { measuredCheckpoints } from '../../../src/host/run/measuredCheckpoints.ts';
import { originalCost, type OriginalCost } from '../../../src/host/run/originalCost.ts';
import { forecast, hasCurve, runPageFacts, runPageHistory } from '../../../src/host/run/runPageState.ts';
import { evaluate } from '../../../src/measure/evaluate/evaluate.ts';
import { writeEvaluation } from '../../../src/measure/evaluate/evaluationReport.ts';
import { keptFolder } from '../../../src/measure/evaluate/keptEvaluation.ts';
import { completeSettings, defaultSettings, type SettingsInput } from '../../../src/protocol/settings.ts';
import type { Evaluation } from '../../../src/protocol/results/evaluation.ts';
import type { MetricsRecord, RunState } from '../../../src/protocol/records.ts';
import { followRun, type RunFollower } from '../../../src/runs/followRun.ts';
import {
  alert,
  checkpoint,
  end,
  evaluation,
  rewind,
  runFile,
  runFolder,
  runState,
  start,
  step,
  steps,
} from '../../runs/records.ts';

const followers: RunFollower[] = [];
afterEach(() => {
  for (const follower of followers.splice(0)) follower.close();
});

async function read(records: readonly MetricsRecord[] | undefined, state?: Partial<RunState>): Promise<RunFollower> {
  const folder = runFolder(records, runState(state));
  for (const record of records ?? [])
    if (record.kind === 'checkpoint') mkdirSync(join(folder, record.path), { recursive: true });
  const follower = await followRun(folder, { pollMs: 1e9 });
  followers.push(follower);
  return follower;
}

const at = (seconds: number, record: MetricsRecord): MetricsRecord => ({
  ...record,
  time: new Date(Date.parse('2026-11-21T10:00:00.000Z') + 1000 * seconds).toISOString(),
});

describe('events', () => {
  const shrink: MetricsRecord = {
    ...{ kind: 'shrink', attempt: 1, step: 3, time: '2026-11-21T10:00:00.000Z' },
    ...{ groups: 2, gatedParameters: 100, parameters: 200 },
  };

  test('are all that happened besides steps, in order', async () => {
    const records = [start(), ...steps(1, 3), shrink, evaluation(3), checkpoint(3), step(4), alert(4), rewind(3)];
    const { events = [] } = runPageFacts(await read([...records, ...steps(4, 5, 2), end(5, 2)]), true);
    expect(events.map(({ kind, step: when }) => `${kind} ${when}`)).toEqual([
      ...['evaluation 3', 'checkpoint 3', 'removal 3', 'resume 3', 'alert 4', 'end 5'],
    ]);
    expect(events.find(({ kind }) => kind === 'removal')?.text).toBe(
      '2 dead units and heads left the model; 200 parameters remain.',
    );
  });

  test('what a rewind took back did not happen, but alerts and rewinds did', async () => {
    const records = [start(), ...steps(1, 3), shrink, evaluation(3), alert(3), rewind(2)];
    const { events = [] } = runPageFacts(await read(records), true);
    expect(events.map(({ kind }) => kind)).toEqual(['resume', 'alert']);
  });

  test('a long gap between two steps is a rest', async () => {
    const times = [1, 2, 3, 4000, 4001];
    const records = [start(), ...times.map((seconds, index) => at(seconds, step(index + 1)))];
    const { events = [] } = runPageFacts(await read(records), true);
    expect(events).toEqual([{ kind: 'rest', step: 3, text: 'Rested for 1 h 7 min between two steps.' }]);
  });
});

describe('checkpoints', () => {
  test('have the error rate of their step, and the best is marked', async () => {
    const best = { step: 2, wer: 0.1, path: 'checkpoints/step-000002' };
    const last = { ...end(4), best } as MetricsRecord;
    const records = [start(), ...steps(1, 4), evaluation(2), checkpoint(2), checkpoint(4), last];
    const { checkpoints = [] } = runPageFacts(await read(records), true);
    expect(checkpoints.map(({ step: when, wer, best: is }) => [when, wer, is])).toEqual([
      [2, 0.1, true],
      [4, null, false],
    ]);
  });
});

describe('the forecast', () => {
  test('of a live run takes what passes between steps, evaluations included', async () => {
    const records = [start(), ...[2, 4, 6, 8].map((seconds, index) => at(seconds, step(index + 1)))];
    const { snapshot, course } = await read(records, { steps: 100, step: 4 });
    expect(forecast(snapshot, course)?.secondsLeft).toBe(96 * 2);
  });

  describe('of the model', () => {
    const ends = async (settings: SettingsInput, cost?: OriginalCost) => {
      const begun = { ...start(), framesPerSecond: 50 } as MetricsRecord;
      const { snapshot, course } = await read([begun, ...steps(1, 4)], { step: 4 });
      const complete = completeSettings({ model: '/m', train: '/t', ...settings });
      return forecast({ ...snapshot, run: { ...snapshot.run, version: 3, settings: complete } }, course, cost);
    };
    const cost: OriginalCost = { latency: 100, seconds: 10, multiplyAccumulates: 40_000 };
    const target = { sparsity: { target: 0.5 } };

    test('with zeros keeps its size, and the latency of the original', async () =>
      expect(await ends(target, cost)).toMatchObject({
        ...{ sparsity: 0.5, nonZeroParameters: 200, bytes: { value: 1200, atMost: false } },
        latency: { value: 100, seconds: 10 },
      }));

    test('without units and heads is smaller and faster by what they took', async () =>
      // 100 of the 200 gated weights, 50 times a second: an eighth of the computation.
      expect(await ends({ ...target, granularity: 'neuron' }, cost)).toMatchObject({
        ...{ bytes: { value: 800, atMost: false }, latency: { value: 87.5, seconds: 10 } },
      }));

    test('has no latency where the original was not timed, or the share of what leaves is open', async () => {
      expect((await ends(target))?.latency).toBeNull();
      expect((await ends({ ...target, granularity: 'neuron+weight' }, cost))?.latency).toBeNull();
    });

    test('is none where nothing is pruned', async () =>
      expect(await ends({ method: 'none' }, cost)).toMatchObject({ sparsity: null, bytes: null, latency: null }));
  });

  test('a run that has ended goes nowhere', async () => {
    const { snapshot, course } = await read([start(), ...steps(1, 4), end(4)], { status: 'done' });
    expect(forecast(snapshot, course)).toBeNull();
  });
});

describe('the sparsity curve', () => {
  const curved = async (settings: object, state: Partial<RunState>): Promise<boolean> => {
    const { snapshot } = await read([start(), ...steps(1, 4), checkpoint(4), end(4)], state);
    return hasCurve({ ...snapshot, run: { ...snapshot.run, settings: { ...snapshot.run.settings, ...settings } } });
  };

  test('is there once a run with thresholds of single weights has ended', async () => {
    expect(await curved({}, { status: 'done' })).toBe(true);
    expect(await curved({ method: 'ump' }, { status: 'stopped' })).toBe(true);
    expect(await curved({}, { status: 'running' })).toBe(false);
  });

  test.each([{ method: 'none' }, { method: 'nas-cp' }, { granularity: 'neuron' }, { granularity: 'neuron+weight' }])(
    'is not there for a run with %j',
    async (settings) => expect(await curved(settings, { status: 'done' })).toBe(false),
  );
});

test('a run without metrics has a page', async () => {
  const follower = await read(undefined);
  expect(runPageFacts(follower, true)).toMatchObject({ events: [], checkpoints: [], about: { data: null } });
  expect(runPageHistory(follower)).toMatchObject({ layers: [], latest: null });
  expect((await comparedRun(follower, new KeptVerdicts())).end).toMatchObject({
    wer: null,
    checkpoint: null,
    seconds: null,
  });
});

test.each([
  ['a run that is done', [start(), ...steps(1, 4), checkpoint(4), end(4)], undefined],
  ['a run that was killed', [start(), ...steps(1, 4), checkpoint(4)], 'Continue it from its last checkpoint'],
  ['a run without a checkpoint', [start(), ...steps(1, 4)], 'Start it again: it has no checkpoint'],
] as const)('how to go on with %s', async (_, records, expected) => {
  const { commands } = aboutRun('/runs/one', (await read([...records])).snapshot);
  expect(commands.find(({ line }) => line.startsWith('pinch resume'))?.does).toBe(expected);
});

describe('settings', () => {
  test('that differ from the defaults come first, with the defaults beside them', () => {
    const settings = {
      ...defaultSettings,
      model: '/m',
      train: '/t',
      seed: 3,
      gates: { ...defaultSettings.gates, tau: 1 },
    };
    const [first, second, third] = settingsTable({ version: 2, settings });
    expect([first, second]).toEqual([
      { name: 'seed', value: '3', standard: '0', differs: true },
      { name: 'gates.tau', value: '1', standard: '0.1', differs: true },
    ]);
    expect(third?.differs).toBe(false);
  });

  test('that an older run.json lacks have their meaning of then', () => {
    const differing = settingsTable({ version: 1, settings: { model: '/m', train: '/t' } }).filter(
      ({ differs }) => differs,
    );
    expect(differing.map(({ name, value }) => `${name} ${value}`)).toContain('dropout 0');
  });

  test('of a newer version are shown as they are', () =>
    expect(settingsTable({ version: 99, settings: { model: '/m', magic: true } })).toEqual([
      { name: 'magic', value: 'true', standard: '–', differs: true },
    ]));
});

test('a compared run says where it stands, with the evaluation kept beside its checkpoint', async () => {
  const follower = await read([start(), ...steps(1, 4), evaluation(4), checkpoint(4), end(4)], { status: 'done' });
  const { end: stands, evaluations } = await comparedRun(follower, new KeptVerdicts());
  expect(stands).toMatchObject({ wer: 0.1, testWer: null, bytes: 1200, checkpoint: 4 });
  expect(stands.seconds).toBeCloseTo(0.4, 6);
  expect(evaluations).toEqual([{ step: 4, wer: 0.1, sparsity: 0.5 }]);
  // A file that is no evaluation is none.
  const kept = join(follower.folder, 'checkpoints/step-000004/model.evaluations/x');
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, 'evaluation.json'), '{}');
  expect((await comparedRun(follower, new KeptVerdicts())).end.testWer).toBeNull();
});

describe('evaluations kept beside checkpoints', () => {
  /** A run from a model, with one checkpoint; both evaluated by the sample's own numbers and texts that the test makes up. */
  async function evaluated(hear: (reference: string, index: number) => string): Promise<RunFollower> {
    const follower = await read([start(), ...steps(1, 4), checkpoint(4), end(4)], { status: 'done' });
    const original = join(follower.folder, 'original/model.onnx');
    const run = JSON.parse(readFileSync(join(follower.folder, 'run.json'), 'utf8')) as { settings: object };
    writeFileSync(
      join(follower.folder, 'run.json'),
      JSON.stringify({ ...run, settings: { ...run.settings, model: original } }),
    );
    const own = join(follower.folder, 'checkpoints/step-000004/model.onnx');
    for (const [model, texts] of [
      [original, (reference: string): string => reference],
      [own, hear],
    ] as const) {
      mkdirSync(dirname(model), { recursive: true });
      writeFileSync(model, '');
      const { size, mtime } = statSync(model);
      const modelFile = { ...measured.modelFile, path: model, bytes: size, modified: mtime.toISOString() };
      const hypotheses = measured.hypotheses.map((one, at) => ({ ...one, hypothesis: texts(one.reference, at) }));
      await writeEvaluation(keptFolder(model, measured.data), { ...measured, model, modelFile, hypotheses });
    }
    return follower;
  }

  let measured: Evaluation;
  beforeAll(async () => {
    measured = await evaluate('media/sample/model/model.onnx', 'media/sample/test.jsonl');
  });
  const worse = (reference: string, index: number): string =>
    reference
      .split(' ')
      .slice(1 + (index % 2))
      .join(' ');

  test('have a verdict against the model that the run began from', async () => {
    const { folder, snapshot } = await evaluated(worse);
    expect(await measuredCheckpoints(folder, snapshot, new KeptVerdicts())).toEqual([
      {
        ...{ step: 4, data: 'test.jsonl', wer: measured.wer, reason: null },
        original: { wer: measured.wer, verdict: 'worse' },
      },
    ]);
  });

  test('give the cost of the original, if it was timed', async () => {
    const { folder } = await evaluated(worse);
    const run = { ...runFile, settings: { model: join(folder, 'original/model.onnx') } };
    expect(await originalCost({ run })).toBeUndefined();
    const timed = {
      ...measured,
      ...(await evaluate('media/sample/model/model.onnx', measured.data, { cost: true, latency: true })),
    };
    const model = run.settings.model;
    const { size, mtime } = statSync(model);
    const modelFile = { ...timed.modelFile, path: model, bytes: size, modified: mtime.toISOString() };
    await writeEvaluation(keptFolder(model, timed.data), { ...timed, model, modelFile });
    const cost = await originalCost({ run });
    expect(cost).toMatchObject({ seconds: 10, latency: timed.cost?.own.latency });
    expect(cost?.multiplyAccumulates).toBeGreaterThan(1e6);
    expect(await originalCost({ run: { ...runFile, settings: { model: join(folder, 'gone.onnx') } } })).toBeUndefined();
  });

  test('of two runs are compared where both are of the same speech', async () => {
    const [first, second] = [await evaluated((reference) => reference), await evaluated(worse)];
    const { end: stands } = await comparedRun(second, new KeptVerdicts(), first);
    expect(stands).toMatchObject({ verdict: 'worse', verdictReason: null, testData: measured.data });
    const { end: alone } = await comparedRun(second, new KeptVerdicts());
    expect(alone).toMatchObject({ verdict: null, testWer: measured.wer });
  });
});
