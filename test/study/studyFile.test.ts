/** A study's file: what it may say, what is made of it, and one sentence for each mistake. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planStudy, type RunTask } from '../../src/study/plan.ts';
import { defaultStudyFolder } from '../../src/runs/studyFolder.ts';
import { readStudyFile } from '../../src/study/file/studyFile.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-study-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const least = {
  model: 'model',
  train: '../train.jsonl',
  dev: 'dev.jsonl',
  test: 'test.jsonl',
  methods: ['self-pinching'],
  sparsities: [0.5, 0.925],
};

function write(content: unknown): string {
  const file = join(folder, 'some.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}
const read = (change: object = {}) => readStudyFile(write({ ...least, ...change }));
const plan = async (change: object = {}) => planStudy(await read(change));
const runsOf = async (change: object = {}) =>
  (await plan(change)).filter((task): task is RunTask => task.kind === 'run');

describe('a file', () => {
  test('needs little; its paths start from its folder', async () => {
    expect(await read()).toMatchObject({
      name: 'some',
      models: [
        {
          name: basename(folder),
          path: join(folder, 'model'),
          prefix: '',
          sparsities: null,
          settings: {},
          defaults: {},
        },
      ],
      train: join(folder, '..', 'train.jsonl'),
      sets: [
        { name: 'dev', kind: 'dev', manifest: join(folder, 'dev.jsonl') },
        { name: 'test', kind: 'test', manifest: join(folder, 'test.jsonl') },
      ],
      methods: [{ method: 'self-pinching', sparsities: null, seeds: [0], settings: {} }],
      sparsities: [0.5, 0.925],
      together: null,
      threads: null,
      slurm: { partition: null, gpus: null, time: null, memory: null, options: [] },
    });
    expect(defaultStudyFolder(join(folder, 'some.json'))).toBe(join(folder, 'some.study'));
  });

  test('may say something else for one method', async () => {
    const methods = ['none', { method: 'self-pinching', sparsities: [0.1], seeds: [4], settings: { epochs: 3 } }];
    expect((await read({ methods })).methods).toEqual([
      { method: 'none', sparsities: null, seeds: [0], settings: {} },
      { method: 'self-pinching', sparsities: [0.1], seeds: [4], settings: { epochs: 3 } },
    ]);
  });

  test('may have several models and sets, whose names are those of their files if they have none', async () => {
    const models = ['../a/base', { path: 'b/model.onnx', name: 'large', sparsities: [0.6], settings: { epochs: 2 } }];
    const sets = { dev: { 'dev-clean': 'd/clean', 'dev-other': 'd/other' }, test: { 'test-clean': 't' } };
    const study = await read({ model: undefined, models, ...sets });
    expect(study.models).toMatchObject([
      { name: 'base', path: join(folder, '..', 'a', 'base'), prefix: 'base-', sparsities: null },
      { name: 'large', path: join(folder, 'b', 'model.onnx'), prefix: 'large-', sparsities: [0.6] },
    ]);
    expect(study.sets.map(({ name, kind }) => [name, kind])).toEqual([
      ['dev-clean', 'dev'],
      ['dev-other', 'dev'],
      ['test-clean', 'test'],
    ]);
  });

  test.each([
    ['no model', { ...least, model: undefined }, /: "model" is missing\.$/u],
    ['a model and models', { ...least, models: ['a'] }, /: give either "model" or "models"\.$/u],
    ['no models', { ...least, model: undefined, models: [] }, /: "models" must have a model; /u],
    [
      'two models of one name',
      { ...least, model: undefined, models: ['a/m', 'b/M'] },
      /two models are called "M"; give /u,
    ],
    [
      'a path in a name',
      { ...least, test: { '../x': 't' } },
      /: "test" must be a path, or an object of paths by names /u,
    ],
    ['no test set', { ...least, test: {} }, /: "test" must be a path, or an object /u],
    ['a set twice', { ...least, dev: { a: 'd' }, test: { A: 't' } }, /two sets of "dev" and "test" are called "A"\.$/u],
    ['no JSON', '{"model": ', /some\.json: this is not JSON: /u],
    ['a number', 3, /some\.json: a study must be an object\.$/u],
    ['a key too many', { ...least, bach: 3 }, /: a study has no "bach"\.$/u],
    ['a key too few', { ...least, test: undefined }, /: "test" is missing\.$/u],
    ['no sparsities', { ...least, sparsities: undefined }, /: "sparsities" is missing, /u],
    ['percent', { ...least, sparsities: [50] }, /: "sparsities\.0" must be a number above 0 and below 1; it is 50\.$/u],
    ['a sparsity twice', { ...least, sparsities: [0.5, 0.5] }, /: "sparsities" must not have a number twice; /u],
    ['an unknown method', { ...least, methods: ['prune'] }, /: "methods\.0" must be a method \(self-pinching, /u],
    ['a method twice', { ...least, methods: ['self-pinching', { method: 'self-pinching' }] }, /is listed twice\.$/u],
    ['half a seed', { ...least, seeds: [0.5] }, /: "seeds\.0" must be a whole number from 0 on; it is 0\.5\.$/u],
    ['no runs at once', { ...least, together: 0 }, /: "together" must be a whole number from 1 to 10000; /u],
    ['a shell in a partition', { ...least, slurm: { partition: 'a;b' } }, /: "slurm\.partition" must be the name/u],
    ['no option', { ...least, slurm: { options: ['rm'] } }, /: "slurm\.options\.0" must be an option such as /u],
  ])('one with %s is refused', async (_, content, pattern) => {
    const error = await readStudyFile(write(content)).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(error?.message).toMatch(pattern);
    expect(error?.message).toMatch(/^[^\n]*\.$/u);
  });

  test('that is not there is named', async () => {
    await expect(readStudyFile(join(folder, 'none.json'))).rejects.toThrow(/none\.json: the study cannot be read: /u);
  });
});

describe('its tasks', () => {
  test('are the given model, the dense model with each seed, and every method, sparsity and seed', async () => {
    expect((await plan({ seeds: [0, 7] })).map(({ name }) => name)).toEqual([
      'model',
      'none-seed-0',
      'none-seed-7',
      'self-pinching-50-seed-0',
      'self-pinching-50-seed-7',
      'self-pinching-92.5-seed-0',
      'self-pinching-92.5-seed-7',
    ]);
  });

  test('have the dense model with the seeds of all methods, and no others', async () => {
    const methods = ['none', { method: 'self-pinching', sparsities: [0.5], seeds: [4] }];
    expect((await plan({ methods })).map(({ name }) => name)).toEqual([
      'model',
      'none-seed-4',
      'self-pinching-50-seed-4',
    ]);
  });

  test('have the name of their model, where there are several, and its sparsities and settings', async () => {
    const models = ['m/base', { path: 'm/large', sparsities: [0.6], settings: { batch: { seconds: 9 } } }];
    const methods = ['self-pinching', { method: 'ump', sparsities: [0.9], settings: { batch: { seconds: 7 } } }];
    const tasks = await plan({ model: undefined, models, methods, settings: { batch: { seconds: 8 } } });
    expect(tasks.map(({ name }) => name)).toEqual([
      ...['base-model', 'base-none-seed-0', 'base-self-pinching-50-seed-0', 'base-self-pinching-92.5-seed-0'],
      ...[
        'base-ump-90-seed-0',
        'large-model',
        'large-none-seed-0',
        'large-self-pinching-60-seed-0',
        'large-ump-90-seed-0',
      ],
    ]);
    const seconds = tasks.map((task) => (task.kind === 'run' ? task.settings.batch.seconds : null));
    expect(seconds).toEqual([null, 8, 8, 8, 7, null, 9, 9, 7]);
    expect(new Set(tasks.map(({ model }) => model))).toEqual(new Set(['base', 'large']));
  });

  test('are evaluated on the first development set during training', async () => {
    const runs = await runsOf({ dev: { 'dev-other': 'o', 'dev-clean': 'c' } });
    expect(new Set(runs.map(({ settings }) => settings.dev))).toEqual(new Set([join(folder, 'o')]));
  });

  test('have the settings of the study, overridden by those of the method', async () => {
    const runs = await runsOf({
      methods: [{ method: 'self-pinching', settings: { epochs: 3, sparsity: { warmup: 0.1 } } }],
      settings: { epochs: 2, sparsity: { warmup: 0.2, freeze: 0.9 } },
      seeds: [5],
    });
    const [dense, pruned] = runs.map(({ settings }) => settings);
    expect(dense).toMatchObject({ method: 'none', epochs: 2, seed: 5, model: join(folder, 'model') });
    expect(pruned).toMatchObject({ epochs: 3, sparsity: { target: 0.5, warmup: 0.1, freeze: 0.9 } });
  });

  test.each([
    ['a seed', { settings: { seed: 3 } }, /"seed" does not belong into "settings"/u],
    ['a target', { settings: { sparsity: { target: 0.3 } } }, /"sparsity\.target" does not belong/u],
    [
      'a model for one method',
      { methods: [{ method: 'self-pinching', settings: { model: 'm' } }] },
      /"model" does not belong/u,
    ],
    ['an unknown setting', { settings: { bach: 3 } }, /some\.json: "settings": There is no setting "bach"/u],
    ['a wrong setting', { settings: { epochs: 0 } }, /The setting "epochs" must be/u],
  ])('are not made with %s in the settings', async (_, change, pattern) => {
    await expect(plan(change)).rejects.toThrow(pattern);
  });
});
