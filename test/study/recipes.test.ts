/** The recipes are studies that can be read and planned, and their README names every setting. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { planStudy } from '../../src/study/plan.ts';
import { readStudyFile } from '../../src/study/file/studyFile.ts';

const recipe = resolve('recipes/librispeech-100h');

test('the recipe of the paper’s experiment plans its runs', async () => {
  const study = await readStudyFile(join(recipe, 'study.json'));
  const tasks = planStudy(study);
  const runs = tasks.filter((task) => task.kind === 'run');
  expect(tasks).toHaveLength(2 + 2 * (1 + 3 * 5));
  expect(new Set(runs.map(({ method }) => method))).toEqual(new Set(['none', 'self-pinching', 'ump', 'nas-cp']));
  // The paper's, of each model.
  const targets = (model: string): (number | null)[] =>
    runs.filter((run) => run.model === model && run.method === 'self-pinching').map(({ target }) => target);
  expect(targets('wav2vec2-base-100h')).toEqual(expect.arrayContaining([0.65, 0.765]));
  expect(targets('hubert-large')).toEqual(expect.arrayContaining([0.6, 0.765]));
  expect(study.sets.map(({ name }) => name)).toEqual(['dev-clean', 'dev-other', 'test-clean', 'test-other']);
  // After its search NAS-CP fine-tunes for nearly as long as the others train.
  const search = runs.find(({ method }) => method === 'nas-cp')?.settings;
  const other = runs.find(({ method }) => method === 'ump')?.settings;
  const rest = (search?.epochs ?? 0) * (1 - (search?.search.share ?? 0));
  expect(Math.abs(rest - (other?.epochs ?? 0))).toBeLessThan(0.5);
});

test('the README says of every setting whose it is', () => {
  const json = JSON.parse(readFileSync(join(recipe, 'study.json'), 'utf8')) as { settings: object };
  const readme = readFileSync(join(recipe, 'README.md'), 'utf8');
  for (const key of [...Object.keys(json.settings), 'sparsities', 'methods', 'seeds', 'dev', 'models']) {
    expect(readme).toMatch(new RegExp(`^\\| .*${key}.* \\|`, 'mu'));
  }
});
