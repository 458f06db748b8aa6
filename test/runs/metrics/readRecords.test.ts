/** Reading a whole metrics file: what is kept of it, whatever its length and order of keys. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { MetricsRecord, StepRecord } from '../../../src/protocol/records.ts';
import { readRecords } from '../../../src/runs/metrics/readRecords.ts';
import {
  alert,
  checkpoint,
  evaluation,
  layerNames,
  lines,
  rewind,
  start,
  step,
  steps,
  temporaryFolder,
  withLayers,
} from '../records.ts';

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'metrics.jsonl');
});

/** As records of the earlier form are given: that they had layers is known, but not what these said. */
const bare = (record: StepRecord): MetricsRecord => ({ ...record, layers: [] });

test('no file has no records', async () => {
  expect(await readRecords(path)).toEqual([]);
});

test('every record is there', async () => {
  const records = [
    start(),
    ...steps(1, 30),
    evaluation(30),
    checkpoint(30),
    alert(30),
    rewind(20),
    ...steps(21, 25, 2),
  ];
  writeFileSync(path, lines(records));
  expect(await readRecords(path)).toEqual(records);
});

test('a step of the earlier form is there without its layers, wherever they stand', async () => {
  const many = Array.from({ length: 20 }, (_, i) => `encoder.layers.${i}`);
  for (const names of [layerNames, many]) {
    const { kind, layers, ...rest } = withLayers(step(3), names);
    const turned = [
      { ...rest, kind, layers },
      { kind, layers, ...rest },
      { ...rest, layers, kind },
    ];
    const withList = [
      { kind, layers, ...rest, more: [{}] },
      { kind, ...rest, layers, more: [{}] },
    ];
    writeFileSync(path, [...turned, ...withList].map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect(await readRecords(path)).toEqual(Array.from({ length: 5 }, () => bare(step(3))));
  }
});

test('a file of several chunks is read to its end', async () => {
  writeFileSync(path, lines(steps(1, 40_000)));
  expect(readFileSync(path).length).toBeGreaterThan(8 << 20);
  expect(await readRecords(path)).toEqual(steps(1, 40_000));
});

test.each([
  ['a step without its loss', lines([step(2)]).replace('"loss"', '"lost"')],
  ['a kind that there is not', '{"kind":"nonsense"}\n'],
  ['nothing that could be read', 'x\n'],
])('%s is reported with its number', async (_, bad) => {
  writeFileSync(path, `${lines([start()])}\n${bad}${lines([step(3)])}`);
  await expect(readRecords(path)).rejects.toThrow(`${path}:3: this is not a line of a run's metrics`);
});

test('a line that is far too long is reported', async () => {
  writeFileSync(path, `${lines([start()])}${' '.repeat(5 << 20)}\n`);
  await expect(readRecords(path)).rejects.toThrow(/longer than any/u);
});
