/**
 * Holds the numbers of our own evaluations against NIST's tools: the sample's model and a pruned one on all its clips, and, with PINCH_STUDY
 * naming the folder of a study, every comparison in it.
 */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStudyResults } from '../../src/study/results/openResults.ts';
import { studyPaths } from '../../src/study/paths.ts';
import { pinch } from '../train/toy.ts';
import { decimals, sclite, scStats, sctkInstalled } from './sctk.ts';

const sample = resolve('media/sample');
const study = process.env['PINCH_STUDY'];
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-own-results-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Evaluated {
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

interface Compared {
  readonly mapsswe: { readonly segments: number; readonly z: number };
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const countsOf = ({ words, substitutions, deletions, insertions }: Evaluated): Evaluated => ({
  ...{ words, substitutions, deletions, insertions },
});

/** Holds what was found of two systems, `hyp` and `against`, against what NIST's tools find in the folder's trn files. */
function expectAgreement(trn: string, hyp: Evaluated, against: Evaluated, { mapsswe }: Compared): void {
  expect(countsOf(hyp)).toEqual(sclite(trn, 'hyp').counts);
  expect(countsOf(against)).toEqual(sclite(trn, 'against').counts);
  const [theirs] = scStats(trn, ['hyp', 'against']);
  expect(mapsswe.segments).toBe(theirs?.segments);
  expect(Math.abs(mapsswe.z - (theirs?.z ?? NaN))).toBeLessThanOrEqual(decimals);
}

describe.skipIf(!sctkInstalled)('against sctk', () => {
  test('pinch evaluate --against --out', async () => {
    const lines = ['train', 'dev', 'test'].flatMap((set) =>
      readFileSync(join(sample, `${set}.jsonl`), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace('"clips/', `"${join(sample, 'clips')}/`)),
    );
    writeFileSync(join(folder, 'all.jsonl'), lines.join('\n'));
    const model = join(sample, 'model');
    const data = ['--train', join(sample, 'train.jsonl'), '--dev', join(sample, 'dev.jsonl'), '--device', 'cpu'];
    const how = ['--method', 'ump', '--target-sparsity', '0.8', '--steps', '1', '--run', 'run'];
    const pruned = await pinch(['prune', '--model', model, ...data, ...how], folder).ended;
    expect(pruned.code, pruned.err).toBe(0);
    const checkpoint = join('run', 'checkpoints', 'step-000001');
    const options = ['--data', 'all.jsonl', '--against', model, '--out', 'out', '--device', 'cpu'];
    const evaluated = await pinch(['evaluate', checkpoint, ...options], folder).ended;
    expect(evaluated.code, evaluated.err).toBe(0);

    const found = read(join(folder, 'out/evaluation.json')) as Evaluated & {
      comparison: Compared & { against: Evaluated };
    };
    // Otherwise this tests less than it says.
    expect(found.comparison.mapsswe.segments).toBeGreaterThanOrEqual(30);
    expectAgreement(join(folder, 'out'), found, found.comparison.against, found.comparison);
  }, 300_000);

  if (study !== undefined) {
    const { json, evaluation } = studyPaths(resolve(study));
    const { runs } = openStudyResults(read(json));
    const compared = runs.flatMap((run) =>
      Object.entries(run.found?.againstDense ?? {}).flatMap(([set, { mapsswe }]) =>
        mapsswe ? [{ ...run, set, mapsswe }] : [],
      ),
    );

    test.each(compared)(
      '$name on $set',
      ({ name, model, seed, set, mapsswe }) => {
        const isDense = (run: (typeof runs)[number]): boolean =>
          run.target === null && run.seed === seed && run.model === model;
        const dense = runs.find(isDense)?.name ?? '';
        const trn = join(folder, name, set);
        mkdirSync(trn, { recursive: true });
        copyFileSync(join(evaluation(name, set), 'ref.trn'), join(trn, 'ref.trn'));
        copyFileSync(join(evaluation(name, set), 'hyp.trn'), join(trn, 'hyp.trn'));
        copyFileSync(join(evaluation(dense, set), 'hyp.trn'), join(trn, 'against.trn'));
        const [own, other] = [name, dense].map((run) => read(join(evaluation(run, set), 'evaluation.json')));
        expectAgreement(trn, own as Evaluated, other as Evaluated, { mapsswe });
      },
      60_000,
    );
  }
});
