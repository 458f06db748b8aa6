/** Reading a whole metrics file: what is kept of it, whatever its length and order of keys. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { effectiveRecords, type MetricsRecord } from '../../../src/protocol/records.ts';
import { readRecords } from '../../../src/runs/metrics/readRecords.ts';
import { alert, checkpoint, evaluation, lines, rewind, start, step, steps, temporaryFolder } from '../records.ts';
import { readMetrics } from '../readMetrics.ts';

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'metrics.jsonl');
});

const bare = (record: MetricsRecord): MetricsRecord => (record.kind === 'step' ? { ...record, layers: [] } : record);

test('no file has no records', async () => {
  expect(await readRecords(path)).toEqual([]);
});

test('every record is there, a step’s layers are not', async () => {
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
  expect(await readRecords(path)).toEqual(records.map(bare));
  expect(effectiveRecords(await readRecords(path))).toEqual(effectiveRecords(readMetrics(path)).map(bare));
});

test('a step whose layers stand elsewhere is the same', async () => {
  const { kind, layers, ...rest } = step(3);
  const turned = [JSON.stringify({ kind, layers, ...rest }), JSON.stringify({ ...rest, layers, kind })];
  const withList = JSON.stringify({ kind, layers, ...rest, more: [{}] });
  writeFileSync(path, `${turned.join('\n')}\n${withList}\n`);
  expect(await readRecords(path)).toEqual([step(3), step(3), step(3)].map(bare));
});

test('a file of several chunks is read to its end', async () => {
  writeFileSync(path, lines(steps(1, 25_000)));
  expect(readFileSync(path).length).toBeGreaterThan(8 << 20);
  expect(await readRecords(path)).toEqual(steps(1, 25_000).map(bare));
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
