/** A study on a real Slurm of one node, whose controller and submitting process are each killed on the way. */

import { execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMetrics } from '../runs/readMetrics.ts';
import { makeLibriSpeechStudy, stepsOfRun } from '../study/librispeechStudy.ts';
import { findings, stepsOf, writeToyData, writeToyStudy } from '../study/toyStudy.ts';
import { pinch, type Outcome } from '../train/toy.ts';
import { startCluster, whyNoSlurm, type Cluster } from './cluster.ts';

const toySettings = {
  ...{ device: 'cpu', batch: { seconds: 4 }, freeze: ['conv'] },
  ...{ checkpoint: { everySteps: 10 }, evaluate: { everyEpochs: 0 } },
};

const reason = whyNoSlurm();

describe.skipIf(reason !== undefined)(`on Slurm${reason === undefined ? '' : ` (left out: ${reason})`}`, () => {
  let folder = '';
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-slurm-'));
    writeToyData(folder);
    cluster = await startCluster(folder);
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const at = (...parts: string[]): string => join(folder, ...parts);
  const started: ChildProcess[] = [];
  const start = (...args: string[]): ReturnType<typeof pinch> => {
    const made = pinch(['study', ...args], folder, cluster?.environment);
    started.push(made.child);
    return made;
  };
  const study = (...args: string[]): Promise<Outcome> => start(...args).ended;
  const squeue = (): string[] =>
    execFileSync('squeue', ['--noheader', '--array', '--format=%j %K %T'], {
      env: cluster?.environment ?? {},
      encoding: 'utf8',
    })
      .split('\n')
      .filter((line) => line !== '');

  // Long enough that there are moments at which no job begins or ends.
  const settings = { ...toySettings, steps: 600, checkpoint: { everySteps: 50 } };
  const slurm = { partition: 'short', time: '10' };
  const eight = { sparsities: [0.2, 0.4, 0.6], seeds: [0, 1], together: 2, settings, slurm };

  test('8 runs, the controller and the submitting process each killed once, find what a local study finds', async () => {
    const local = await study(writeToyStudy(folder, 'local', eight));
    expect(local.code, local.err).toBe(0);

    writeToyStudy(folder, 'remote', eight);
    const first = start('remote.json', '--on', 'slurm');
    const submitted = (): boolean => existsSync(at('remote.study/slurm')) && squeue().length === 9;
    while (!submitted() && first.child.exitCode === null) await setTimeout(100);
    while (!existsSync(at('remote.study/runs')) || readdirSync(at('remote.study/runs')).length < 2)
      await setTimeout(20);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = start('remote.json', '--on', 'slurm');
    await setTimeout(1500);
    await cluster?.killController();
    await setTimeout(6000);
    await cluster?.startController();
    const { code, err } = await second.ended;
    expect(code, err).toBe(0);
    expect(err).toContain('Slurm does not answer');

    expect(findings(at('remote.study'))).toEqual(findings(at('local.study')));
    // Nothing was submitted twice, and no more than a checkpoint interval was trained again.
    const submissions = JSON.parse(readFileSync(at('remote.study/slurm/submissions.json'), 'utf8')) as object[];
    expect(submissions).toHaveLength(1);
    const steps = stepsOf(at('remote.study'));
    expect(Object.keys(steps)).toHaveLength(8);
    for (const [name, counted] of Object.entries(steps)) {
      expect(counted).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
      const metrics = readMetrics(at('remote.study/runs', name, 'metrics.jsonl'));
      expect(metrics.filter(({ kind }) => kind === 'step').length).toBeLessThanOrEqual(600 + 50);
    }
  });

  test('two models on four sets, the submitting process killed twice, are all measured, and nothing is trained twice', async () => {
    const place = at('librispeech');
    mkdirSync(place);
    const tree = { share: 0.01, length: 0.2, recordings: 3 };
    const runs = await makeLibriSpeechStudy(place, tree, 8, { slurm: { partition: 'short', time: '30' } });
    const begin = (): ReturnType<typeof pinch> => {
      const made = pinch(['study', 'study.json', '--on', 'slurm'], place, cluster?.environment);
      started.push(made.child);
      return made;
    };
    const inStudy = (...parts: string[]): string => join(place, 'study.study', ...parts);
    const evaluated = (): number =>
      existsSync(inStudy('evaluations')) ? readdirSync(inStudy('evaluations')).length : 0;
    for (const wanted of [1, 3]) {
      const { child, ended } = begin();
      while (evaluated() < wanted && child.exitCode === null) await setTimeout(100);
      child.kill('SIGKILL');
      await ended;
    }
    const { code, err } = await begin().ended;
    expect(code, err).toBe(0);
    const submissions = JSON.parse(readFileSync(inStudy('slurm/submissions.json'), 'utf8')) as object[];
    expect(submissions).toHaveLength(1);
    const all = Array.from({ length: stepsOfRun }, (_, i) => i + 1);
    expect(Object.values(stepsOf(inStudy()))).toEqual(Array.from({ length: runs }, () => all));
    for (const name of readdirSync(inStudy('runs'))) {
      const steps = readMetrics(inStudy('runs', name, 'metrics.jsonl')).filter(({ kind }) => kind === 'step');
      expect(steps).toHaveLength(stepsOfRun);
    }
    expect(readFileSync(inStudy('study.html'), 'utf8').match(/<figure class="panel/gu)).toHaveLength(8);
  });

  test('a job that is taken away is submitted again, and goes on from its last checkpoint', async () => {
    writeToyStudy(folder, 'cancelled', { sparsities: [0.3], settings: { ...toySettings, steps: 300 } });
    const { child, ended } = start('cancelled.json', '--on', 'slurm');
    const metrics = at('cancelled.study/runs/none-seed-0/metrics.jsonl');
    while (!existsSync(metrics) || readMetrics(metrics).length < 60) await setTimeout(50);
    execFileSync('scancel', ['--me'], { env: cluster?.environment ?? {} });
    const { code, err } = await ended;
    expect(child.exitCode).toBe(0);
    expect(code, err).toBe(0);
    expect(err.match(/^Submitted /gmu)?.length).toBeGreaterThan(1);
    const rewind = readMetrics(metrics).find(({ kind }) => kind === 'rewind');
    expect(rewind?.step).toBeGreaterThanOrEqual(50);
  });

  test('a run that fails is not submitted again and again', async () => {
    const methods = [{ method: 'self-pinching', settings: { gates: { include: ['nowhere'] } } }];
    writeToyStudy(folder, 'failing', { methods, sparsities: [0.3] });
    const { code, err } = await study('failing.json', '--on', 'slurm');
    expect(code, err).toBe(1);
    expect(err).toMatch(/^self-pinching-30-seed-0: failed: .*nowhere/mu);
    expect(err.match(/^Submitted /gmu)).toHaveLength(1);
  });

  test('a partition that there is not is said in Slurm’s words', async () => {
    writeToyStudy(folder, 'nowhere', { slurm: { partition: 'nowhere' } });
    const { code, err } = await study('nowhere.json', '--on', 'slurm');
    expect(code).toBe(1);
    expect(err).toMatch(/^Slurm does not take the jobs: .*partition/imu);
  });
});
