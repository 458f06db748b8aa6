/** Real studies of the toy model: to the end, killed and gone on with, several runs at once, and what they refuse. */

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as v from 'valibot';
import { parseRunState } from '../../src/protocol/records.ts';
import { Random } from '../../src/base/random.ts';
import type { StudyResults } from '../../src/protocol/results/study.ts';
import { studyForecast } from '../../src/protocol/results/studyForecast.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { pinch, readJson, timeless, type Outcome } from '../train/toy.ts';
import { killOwner, ownersIn } from './killStudy.ts';
import { findings, stepsOf, writeToyData, writeToyStudy } from './toyStudy.ts';

// A study is a dozen processes one after the other.
vi.setConfig({ testTimeout: 300_000 });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-study-'));
  writeToyData(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = ['none-seed-0', 'self-pinching-30-seed-0', 'self-pinching-60-seed-0'];
const allSteps = Array.from({ length: 120 }, (_, i) => i + 1);
const study = (...args: string[]): Promise<Outcome> => pinch(['study', ...args], folder).ended;
const at = (...parts: string[]): string => join(folder, ...parts);

/** The study that all others are held against; it runs alone. */
let whole: Promise<Outcome> | undefined;
function wholeStudy(): Promise<Outcome> {
  whole ??= study(writeToyStudy(folder, 'whole', { together: 1 }), '--json');
  return whole;
}

describe('a study', () => {
  test('trains, measures and compares everything', async () => {
    const { code, out, err } = await wholeStudy();
    expect(code, err).toBe(0);
    const results = JSON.parse(out) as StudyResults & { status: string; folder: string };
    expect(results).toMatchObject({ status: 'done', folder: at('whole.study') });
    expect(readJson(at('whole.study/study.json'))).toMatchObject({
      models: [{ path: 'model' }],
      sets: [{ name: 'dev', path: 'dev/manifest.jsonl' }, { name: 'test' }],
    });
    expect(readJson(at('whole.study/study.json'))['runs']).toEqual(results.runs);
    expect(results.runs.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'done']));
    const [dense, ...pruned] = results.runs;
    expect(dense?.found).toMatchObject({ sparsity: 0, steps: 120, device: 'cpu', againstDense: {} });
    for (const { target, found } of pruned) {
      expect(found?.sparsity).toBeCloseTo(target ?? 0, 1);
      expect(found?.againstDense['test']?.mapsswe?.segments).toBeGreaterThan(0);
      expect(found?.layers.map(({ name }) => name)).toEqual(['encoder.layers.0.dense', 'encoder.layers.1.dense']);
    }
    const [model] = results.models;
    expect(model?.given?.['test']?.words).toBe(results.runs[0]?.found?.scores['test']?.words);
    expect(model?.methods[0]?.points.map(({ target }) => target)).toEqual([0.3, 0.6]);

    // The time is that of the steps that count.
    const metrics = readMetrics(at('whole.study/runs/none-seed-0/metrics.jsonl'));
    const seconds = metrics.reduce((sum, line) => sum + (line.kind === 'step' ? line.secondsPerStep : 0), 0);
    expect(dense?.found?.seconds).toBeCloseTo(seconds, 9);
    // The editor finds evaluations beside the checkpoints.
    const checkpoint = at('whole.study', dense?.found?.checkpoint ?? '');
    expect(readdirSync(join(checkpoint, 'model.evaluations'))).toEqual(['manifest']);
    expect(readFileSync(at('whole.study/study.csv'), 'utf8').split('\r\n')).toHaveLength(8);
    expect(readFileSync(at('whole.study/study.html'), 'utf8')).toContain('3 of 3 runs are done');
    expect(existsSync(at('model/model.evaluations'))).toBe(false);
  });

  test('that is done does nothing again', async () => {
    await wholeStudy();
    const files = (): [string, number][] =>
      ['runs', 'evaluations'].flatMap((part) =>
        readdirSync(at('whole.study', part), { recursive: true, encoding: 'utf8' })
          .sort()
          .map((name): [string, number] => [name, statSync(at('whole.study', part, name)).mtimeMs]),
      );
    const before = files();
    const found = findings(at('whole.study'));
    const { code, err } = await study('whole.json');
    expect(code, err).toBe(0);
    expect(err).toBe('4 of 4 were done before.\n');
    expect(files()).toEqual(before);
    expect(findings(at('whole.study'))).toEqual(found);
  });

  test('begins several runs at once, grows by a sparsity without touching what is there, and finds the same', async () => {
    await wholeStudy();
    const first = await study(writeToyStudy(folder, 'grown', { sparsities: [0.3], together: 3 }));
    expect(first.code, first.err).toBe(0);
    expect(first.err).toMatch(/^3 to do, 3 at a time, with 1 thread each\.\n(?:\S+: begins\.\n){3}/u);
    const before = readFileSync(at('grown.study/runs/self-pinching-30-seed-0/metrics.jsonl'), 'utf8');
    writeToyStudy(folder, 'grown');
    const { code, err } = await study('grown.json');
    expect(code, err).toBe(0);
    expect(err).toMatch(/^3 of 4 were done before\.\n1 to do, /u);
    expect(readFileSync(at('grown.study/runs/self-pinching-30-seed-0/metrics.jsonl'), 'utf8')).toBe(before);
    expect(findings(at('grown.study'))).toEqual(findings(at('whole.study')));
  });

  test('says first what it takes, estimated and then measured, and makes nothing', async () => {
    await wholeStudy();
    const models = ['model', { name: 'other', path: 'model', sparsities: [0.3] }];
    const file = writeToyStudy(folder, 'foreseen', { model: undefined, models });
    const { code, out, err } = await study(file, '--dry-run', '--json');
    expect(code, err).toBe(0);
    const forecast = v.parse(studyForecast, JSON.parse(out));
    expect(forecast).toMatchObject({ runs: 5, done: 0, sets: ['dev', 'test'], problems: [] });
    expect(
      forecast.models.map(({ methods }) => methods.map(({ method, runs, steps }) => [method, runs, steps])),
    ).toEqual([
      [
        ['none', 1, 120],
        ['self-pinching', 2, 120],
      ],
      [
        ['none', 1, 120],
        ['self-pinching', 1, 120],
      ],
    ]);
    expect(forecast.seconds).toBeGreaterThan(0);
    expect(existsSync(at('foreseen.study'))).toBe(false);

    const done = await study('whole.json', '--dry-run');
    expect(done.out).toMatch(/self-pinching +2 +2 +120 .* measured/u);
    expect(done.out).toContain('In all: 3 runs, 3 done;');
    expect(done.out).toContain('during training on dev.');
  });

  test('one run of it can be done alone', async () => {
    await wholeStudy();
    writeToyStudy(folder, 'alone');
    const { code, err } = await study('alone.json', '--only', 'self-pinching-60-seed-0');
    expect(code, err).toBe(0);
    expect(readdirSync(at('alone.study/runs'))).toEqual(['self-pinching-60-seed-0']);
    expect(timeless(at('alone.study/runs/self-pinching-60-seed-0'))).toEqual(
      timeless(at('whole.study/runs/self-pinching-60-seed-0')),
    );
  });
});

describe('an interrupted study', () => {
  const lines = (name: string): number =>
    (existsSync(at(name, 'runs')) ? readdirSync(at(name, 'runs')) : [])
      .map((run) => at(name, 'runs', run, 'metrics.jsonl'))
      .reduce((sum, file) => sum + (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 0), 0);

  /** Files of evaluations, each of which has four. */
  const measurements = (name: string): number =>
    existsSync(at(name, 'evaluations')) ? readdirSync(at(name, 'evaluations'), { recursive: true }).length : 0;

  test('finds the same however often it is killed, and trains no more than a checkpoint interval again', async () => {
    await wholeStudy();
    writeToyStudy(folder, 'killed', { together: 2 });
    const random = Random.seeded(5);
    // Four times in training, twice while what was trained is measured.
    const kills = 6;
    for (let kill = 0; kill < kills; kill++) {
      const progress = kill < 4 ? lines : measurements;
      const wanted = progress('killed.study') + (kill < 4 ? random.below(60) : 1);
      const { child, ended } = pinch(['study', 'killed.json'], folder);
      while (progress('killed.study') < wanted && child.exitCode === null) await setTimeout(5);
      await setTimeout(200 * random.uniform());
      child.kill('SIGKILL');
      // Every second time the trainers, too, as when the machine goes down; otherwise they end by themselves, with a checkpoint.
      if (kill % 2 === 0) for (const owner of ownersIn(at('killed.study'))) await killOwner(owner);
      await ended;
    }
    const { code, err } = await study('killed.json');
    expect(code, err).toBe(0);
    expect(findings(at('killed.study'))).toEqual(findings(at('whole.study')));
    expect(stepsOf(at('killed.study'))).toEqual(Object.fromEntries(names.map((name) => [name, allSteps])));
    for (const name of names) {
      const trained = readMetrics(at('killed.study/runs', name, 'metrics.jsonl')).filter(({ kind }) => kind === 'step');
      expect(trained.length).toBeLessThanOrEqual(120 + 7 * (kills / 2));
      expect(timeless(at('killed.study/runs', name)).filter(isStep)).toEqual(
        timeless(at('whole.study/runs', name)).filter(isStep),
      );
    }
  });

  test('by Ctrl-C ends with a checkpoint, and trains nothing twice', async () => {
    writeToyStudy(folder, 'stopped', { together: 1 });
    const { child, ended } = pinch(['study', 'stopped.json'], folder);
    while (lines('stopped.study') < 40) await setTimeout(5);
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(code, err).toBe(130);
    expect(err).toContain('Stopping after a checkpoint of each run');
    const run = at('stopped.study/runs/none-seed-0');
    expect(parseRunState(readFileSync(join(run, 'state.json'), 'utf8')).status).toBe('stopped');
    expect((await study('stopped.json')).code).toBe(0);
    for (const name of names) {
      const metrics = readMetrics(at('stopped.study/runs', name, 'metrics.jsonl'));
      expect(metrics.flatMap(({ kind, step }) => (kind === 'step' ? [step] : []))).toEqual(allSteps);
    }
  });
});

describe('a study is refused', () => {
  test('while another process works on it', async () => {
    writeToyStudy(folder, 'busy', { together: 1 });
    const first = pinch(['study', 'busy.json'], folder);
    while (!existsSync(at('busy.study/state.json'))) await setTimeout(5);
    const { code, err } = await study('busy.json');
    first.child.kill('SIGINT');
    await first.ended;
    expect(code).toBe(2);
    expect(err).toMatch(
      new RegExp(`busy\\.study: process ${first.child.pid ?? 0} works on this study already\\.`, 'u'),
    );
  });

  test('run by run where it was trained with other settings or data', async () => {
    const settings = { device: 'cpu', steps: 3, freeze: ['conv'], batch: { seconds: 4 } };
    const only = ['--only', 'none-seed-0'];
    writeToyStudy(folder, 'changed', { settings });
    expect((await study('changed.json', ...only)).code).toBe(0);
    writeToyStudy(folder, 'changed', { settings: { ...settings, batch: { seconds: 5 } } });
    const other = await study('changed.json', ...only);
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/none-seed-0: it was trained with another "batch\.seconds"; delete that folder/u);
    // A version of Pinch that could not mask features wrote this one.
    writeToyStudy(folder, 'changed', { settings: { ...settings, specAugment: { maskFeatureProb: 0.2 } } });
    const file = at('changed.study/runs/none-seed-0/run.json');
    const run = readJson(file) as { version: number; settings: { specAugment: Record<string, unknown> } };
    const { maskTimeProb, maskTimeLength, maskTimeMinMasks } = run.settings.specAugment;
    const older = { ...run.settings, specAugment: { maskTimeProb, maskTimeLength, maskTimeMinMasks } };
    writeFileSync(file, JSON.stringify({ ...run, version: 3, settings: older }));
    expect((await study('changed.json', ...only)).err).toMatch(
      /it was trained with another "specAugment\.maskFeatureProb"/u,
    );
    writeFileSync(file, JSON.stringify(run));
    const manifest = readFileSync(at('train/manifest.jsonl'), 'utf8');
    writeFileSync(at('train/fewer.jsonl'), manifest.split('\n').slice(0, 4).join('\n'));
    writeToyStudy(folder, 'changed', { settings, train: 'train/fewer.jsonl' });
    expect((await study('changed.json', ...only)).err).toMatch(/it was trained with another "train"/u);
  });

  test('run by run where it was edited after they were done', async () => {
    const settings = { device: 'cpu', steps: 3, freeze: ['conv'], batch: { seconds: 4 } };
    const methods = ['none'];
    expect((await study(writeToyStudy(folder, 'edited', { settings, methods }))).code).toBe(0);
    writeToyStudy(folder, 'edited', { settings: { ...settings, steps: 4 }, methods });
    const { code, out } = await study('edited.json', '--json');
    expect(code).toBe(1);
    const [run] = (JSON.parse(out) as StudyResults).runs;
    expect(run).toMatchObject({ status: 'failed', found: null });
    expect(run?.message).toMatch(/it was trained with another "steps"; delete that folder/u);
  });

  test.each([
    ['a file that does not exist', ['none.json'], /none\.json: the study cannot be read: the file does not exist\.$/mu],
    ['a model that is not there', ['lost.json'], /lost\.json: "model": .*lost: the file does not exist\.$/mu],
    ['a run that it does not have', ['there.json', '--only', 'x'], /there is no "x" in this study; there are model, /u],
    ['an unknown place', ['there.json', '--on', 'moon'], /--on must be here or slurm; it is "moon"\.$/mu],
  ])('that names %s', async (_, args, pattern) => {
    writeToyStudy(folder, 'lost', { model: 'lost' });
    writeToyStudy(folder, 'there');
    const { code, err } = await study(...args);
    expect(code).toBe(2);
    expect(err).toMatch(pattern);
  });
});

test('a run whose checkpoint is gone is named, and the others stay', async () => {
  const settings = { device: 'cpu', steps: 3, freeze: ['conv'], batch: { seconds: 4 } };
  expect((await study(writeToyStudy(folder, 'gone', { settings, sparsities: [0.3] }))).code).toBe(0);
  rmSync(at('gone.study/runs/none-seed-0/checkpoints'), { recursive: true });
  const { code, out } = await study('gone.json', '--json');
  expect(code).toBe(1);
  const { runs } = JSON.parse(out) as StudyResults;
  expect(runs.map(({ status }) => status)).toEqual(['failed', 'done']);
  expect(runs[0]?.message).toMatch(/step-000003: the checkpoint is gone; delete .*none-seed-0 to train it again\./u);
});

test('a study that was moved with its model and its speech is measured there and not trained again', async () => {
  await wholeStudy();
  const moved = mkdtempSync(join(tmpdir(), 'pinch-moved-'));
  cpSync(folder, moved, { recursive: true });
  const { code, err } = await pinch(['study', 'whole.json'], moved).ended;
  const [before, after] = [folder, moved].map((place) => stepsOf(join(place, 'whole.study')));
  rmSync(moved, { recursive: true });
  expect(code, err).toBe(0);
  expect(after).toEqual(before);
});

test('a run that fails is named, and the others are done', async () => {
  const wrong = { gates: { include: ['nowhere'] } };
  const methods = [{ method: 'self-pinching', settings: wrong }];
  const { code, out, err } = await study(writeToyStudy(folder, 'failing', { methods, sparsities: [0.3] }), '--json');
  expect(code).toBe(1);
  const { status, runs, models } = JSON.parse(out) as StudyResults & { status: string };
  expect(status).toBe('failed');
  expect(runs.map(({ status }) => status)).toEqual(['done', 'failed']);
  expect(runs[1]?.message).toMatch(/nowhere/u);
  expect(models[0]?.methods).toEqual([]);
  expect(err).toMatch(/self-pinching-30-seed-0: failed: .*nowhere/u);
});

const isStep = (line: unknown): boolean => (line as { kind: string }).kind === 'step';
