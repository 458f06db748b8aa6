/** Holds evaluations and comparisons of ours against what NIST's tools find in the same trn files. */

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openStudyResults } from '../../src/study/results/openResults.ts';
import { studyPaths } from '../../src/study/paths.ts';
import { decimals, sclite, scStats } from './sctk.ts';

export interface Evaluated {
  readonly words: number;
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
}

export interface Compared {
  readonly mapsswe: { readonly segments: number; readonly z: number };
}

const countsOf = ({ words, substitutions, deletions, insertions }: Evaluated): Evaluated => ({
  ...{ words, substitutions, deletions, insertions },
});

/** Of two systems, `hyp` and `against`, whose trn files are in the folder. */
export function expectAgreement(trn: string, hyp: Evaluated, against: Evaluated, { mapsswe }: Compared): void {
  expect(countsOf(hyp)).toEqual(sclite(trn, 'hyp').counts);
  expect(countsOf(against)).toEqual(sclite(trn, 'against').counts);
  const [theirs] = scStats(trn, ['hyp', 'against']);
  expect(mapsswe.segments).toBe(theirs?.segments);
  expect(Math.abs(mapsswe.z - (theirs?.z ?? NaN))).toBeLessThanOrEqual(decimals);
}

/** A comparison of a study: a run with the dense model of its model and seed, on one set. */
export interface StudyComparison {
  readonly run: string;
  readonly dense: string;
  readonly set: string;
  readonly mapsswe: Compared['mapsswe'];
}

/** All of them. @param study its folder. */
export function comparisonsOf(study: string): StudyComparison[] {
  const { runs } = openStudyResults(JSON.parse(readFileSync(studyPaths(study).json, 'utf8')));
  return runs.flatMap(({ name, model, seed, found }) => {
    const dense = runs.find((run) => run.target === null && run.seed === seed && run.model === model)?.name ?? '';
    return Object.entries(found?.againstDense ?? {}).flatMap(([set, { mapsswe }]) =>
      mapsswe ? [{ run: name, dense, set, mapsswe }] : [],
    );
  });
}

/** @param work a folder for sctk's files. */
export function expectStudyAgreement(study: string, { run, dense, set, mapsswe }: StudyComparison, work: string): void {
  const { evaluation } = studyPaths(study);
  const trn = join(work, run, set);
  mkdirSync(trn, { recursive: true });
  copyFileSync(join(evaluation(run, set), 'ref.trn'), join(trn, 'ref.trn'));
  copyFileSync(join(evaluation(run, set), 'hyp.trn'), join(trn, 'hyp.trn'));
  copyFileSync(join(evaluation(dense, set), 'hyp.trn'), join(trn, 'against.trn'));
  const read = (name: string): Evaluated =>
    JSON.parse(readFileSync(join(evaluation(name, set), 'evaluation.json'), 'utf8')) as Evaluated;
  expectAgreement(trn, read(run), read(dense), { mapsswe });
}
