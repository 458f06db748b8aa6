/** metrics.jsonl: appending, reading, and the repair of a line that a crash cut short. */

import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MetricsRecord } from '../../src/protocol/records.ts';
import { readRecords } from '../../src/runs/metrics/readRecords.ts';
import { MetricsFile } from '../../src/runfolder/metricsFile.ts';

const record = (step: number, message = 'm'): MetricsRecord => ({
  kind: 'alert',
  attempt: 1,
  step,
  time: '2026-11-21T10:00:00.000Z',
  reason: 'divergence',
  message,
  action: 'rollback',
});

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'pinch-test-')), 'metrics.jsonl');
});

function append(...records: MetricsRecord[]): void {
  const file = MetricsFile.open(path);
  for (const each of records) file.append(each);
  file.close();
}

test('no file has no records', async () => {
  expect(await readRecords(path)).toEqual([]);
});

test('what is appended is read back, over several openings', async () => {
  append(record(1), record(2));
  append(record(3));
  expect(await readRecords(path)).toEqual([record(1), record(2), record(3)]);
});

describe('a torn last line', () => {
  test.each([
    ['a short one', '{"kind":"al'],
    ['one without its line end only', JSON.stringify(record(3))],
    ['one longer than the block it is looked for in', `{"kind":"${'x'.repeat(200_000)}`],
  ])('%s is left out by readers and gone before the next line', async (_, torn) => {
    append(record(1), record(2));
    appendFileSync(path, torn);
    expect(await readRecords(path)).toHaveLength(2);
    append(record(4));
    expect(await readRecords(path)).toEqual([record(1), record(2), record(4)]);
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true);
  });

  test('a file that is nothing but a torn line is emptied', async () => {
    writeFileSync(path, '{"kind":');
    append(record(1));
    expect(await readRecords(path)).toEqual([record(1)]);
  });

  test('a line end at the edge of a block is found', () => {
    const line = `${JSON.stringify(record(1, 'x'.repeat(65536)))}\n`;
    for (const tail of [65535, 65536, 65537]) {
      writeFileSync(path, `${line}${'y'.repeat(tail)}`);
      append();
      expect(readFileSync(path, 'utf8')).toBe(line);
    }
  });
});

test('a line in the middle that is no record is reported with its number', async () => {
  writeFileSync(path, `${JSON.stringify(record(1))}\n{"kind":"nonsense"}\n${JSON.stringify(record(2))}\n`);
  await expect(readRecords(path)).rejects.toThrow(`${path}:2: `);
});
