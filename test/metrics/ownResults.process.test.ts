/**
 * Holds the numbers of our own evaluations against NIST's tools: the sample's model and a pruned one on all its clips, and, with PINCH_STUDY
 * naming the folder of a study, every comparison in it.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pinch } from '../train/toy.ts';
import { comparisonsOf, expectAgreement, expectStudyAgreement, type Compared, type Evaluated } from './againstSctk.ts';
import { sctkInstalled } from './sctk.ts';

const sample = resolve('media/sample');
const study = process.env['PINCH_STUDY'];
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-own-results-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
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
    test.each(comparisonsOf(resolve(study)))(
      '$run on $set',
      (compared) => {
        expectStudyAgreement(resolve(study), compared, folder);
      },
      60_000,
    );
  }
});
