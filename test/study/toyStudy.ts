/** A study of the toy model that takes seconds, and what its results say apart from times. */

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyResults } from '../../src/protocol/results/study.ts';
import { readJson, recordsOf, writeToyModel, writeToySpeech } from '../train/toy.ts';

/** Makes the model and the speech. */
export function writeToyData(folder: string): void {
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 24);
  writeToySpeech(join(folder, 'dev'), 6, 2);
  writeToySpeech(join(folder, 'test'), 12, 3);
}

/** @returns the study's file in the folder, which has the model and the speech. */
export function writeToyStudy(folder: string, name: string, change: Readonly<Record<string, unknown>> = {}): string {
  const file = join(folder, `${name}.json`);
  const study = {
    model: 'model',
    ...Object.fromEntries(['train', 'dev', 'test'].map((set) => [set, `${set}/manifest.jsonl`])),
    methods: ['self-pinching'],
    sparsities: [0.3, 0.6],
    seeds: [0],
    threads: 1,
    settings: {
      device: 'cpu',
      steps: 120,
      batch: { seconds: 4 },
      optimizer: { learningRate: 2e-2 },
      gates: { learningRate: 2e-2 },
      freeze: ['conv'],
      checkpoint: { everySteps: 7 },
      evaluate: { everyEpochs: 0 },
    },
    ...change,
  };
  writeFileSync(file, JSON.stringify(study));
  return file;
}

/** study.json without the seconds, and without what is called after its place. */
export function findings(folder: string): unknown {
  const results = readJson(join(folder, 'study.json')) as unknown as StudyResults;
  const left = new Set(['seconds', 'study']);
  return JSON.parse(JSON.stringify(results, (key, value: unknown) => (left.has(key) ? undefined : value)));
}

/** Steps that count and steps in all of each run, by its name. */
export function stepsOf(folder: string): Record<string, number[]> {
  const runs = join(folder, 'runs');
  return Object.fromEntries(
    readdirSync(runs).map((name) => [
      name,
      recordsOf(join(runs, name)).flatMap((record) => (record.kind === 'step' ? [record.step] : [])),
    ]),
  );
}
