/**
 * The recipe of the paper's experiment, with tiny models: two models, four sets, three methods, killed twice and gone on with. With
 * PINCH_LIBRISPEECH=whole on all 28,539 and 11,126 utterances, which takes an hour.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openStudyResults } from '../../src/study/results/openResults.ts';
import { comparisonsOf, expectStudyAgreement } from '../metrics/againstSctk.ts';
import { sctkInstalled } from '../metrics/sctk.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { pinch } from '../train/toy.ts';
import { killOwner, ownersIn } from './killStudy.ts';
import { makeLibriSpeechStudy, stepsOfRun } from './librispeechStudy.ts';
import { stepsOf } from './toyStudy.ts';

const whole = process.env['PINCH_LIBRISPEECH'] === 'whole';
vi.setConfig({ testTimeout: whole ? 7_200_000 : 900_000, hookTimeout: 600_000 });

let folder = '';
let runs = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-librispeech-'));
  const tree = whole ? {} : { share: 0.01, length: 0.2, recordings: 3 };
  runs = await makeLibriSpeechStudy(folder, tree, whole ? 50 : 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => join(folder, 'study.study', ...parts);
const listed = (path: string): string[] => (existsSync(path) ? readdirSync(path, { recursive: true }).map(String) : []);
const steps = (): number =>
  listed(at('runs'))
    .filter((name) => name.endsWith('metrics.jsonl'))
    .reduce((sum, name) => sum + readFileSync(at('runs', name), 'utf8').split('"kind":"step"').length - 1, 0);
const evaluations = (): number => listed(at('evaluations')).filter((name) => name.endsWith('evaluation.json')).length;

test('killed twice, it finds all there is to find, trains nothing twice, and agrees with sctk', async () => {
  const killWhen = async (reached: () => boolean, trainersToo: boolean): Promise<void> => {
    const { child, ended } = pinch(['study', 'study.json'], folder);
    while (!reached() && child.exitCode === null) await setTimeout(50);
    child.kill('SIGKILL');
    if (trainersToo) for (const owner of ownersIn(at())) await killOwner(owner);
    await ended;
  };
  await killWhen(() => steps() >= 6, true);
  await killWhen(() => evaluations() >= 10, false);
  const { code, err } = await pinch(['study', 'study.json'], folder).ended;
  expect(code, err).toBe(0);

  const all = Array.from({ length: stepsOfRun }, (_, i) => i + 1);
  expect(Object.values(stepsOf(at()))).toEqual(Array.from({ length: runs }, () => all));
  // No more than a checkpoint's interval of the runs that were killed is made again.
  const made = readdirSync(at('runs')).map((name) => readMetrics(at('runs', name, 'metrics.jsonl')));
  const trained = made.flat().filter(({ kind }) => kind === 'step').length;
  expect(trained).toBeLessThanOrEqual(stepsOfRun * runs + 2 * 4);

  const results = openStudyResults(JSON.parse(readFileSync(at('study.json'), 'utf8')));
  const sets = ['dev-clean', 'dev-other', 'test-clean', 'test-other'];
  expect(results.sets.map(({ name }) => name)).toEqual(sets);
  for (const { given, dense, methods } of results.models) {
    expect(Object.keys(given ?? {})).toEqual(sets);
    expect(Object.keys(dense?.rates ?? {})).toEqual(sets);
    expect(methods.map(({ method }) => method)).toEqual(['self-pinching', 'ump', 'nas-cp']);
    for (const { points } of methods) expect(points.map(({ rates }) => Object.keys(rates))).toEqual([sets]);
  }
  const report = readFileSync(at('study.html'), 'utf8');
  expect(report.match(/<figure class="panel/gu)).toHaveLength(8);
  expect(report.includes(`${runs} of ${runs} runs are done`)).toBe(true);

  const compared = comparisonsOf(at());
  expect(compared).toHaveLength((runs - 2) * sets.length);
  // Otherwise this tests less than it says.
  expect(compared.every(({ mapsswe }) => mapsswe.segments >= 20)).toBe(true);
  if (sctkInstalled) for (const each of compared) expectStudyAgreement(at(), each, join(folder, 'sctk'));
});
