/** metrics.jsonl and layers.f32: appending, reading, and the repair of what a crash cut short. */

import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MetricsRecord } from '../../src/protocol/records.ts';
import { readRecords } from '../../src/runs/metrics/readRecords.ts';
import { MetricsFile } from '../../src/runfolder/metricsFile.ts';
import { runPaths, type RunPaths } from '../../src/runs/paths.ts';
import { layersAt, rewind, rows, start, step, steps, withLayers } from '../runs/records.ts';
import { readMetrics } from '../runs/readMetrics.ts';

const record = (step: number, message = 'm'): MetricsRecord => ({
  kind: 'alert',
  attempt: 1,
  step,
  time: '2026-11-21T10:00:00.000Z',
  reason: 'divergence',
  message,
  action: 'rollback',
});

let paths: RunPaths;
let path: string;
beforeEach(() => {
  paths = runPaths(mkdtempSync(join(tmpdir(), 'pinch-test-')));
  path = paths.metrics;
});

async function append(...records: MetricsRecord[]): Promise<void> {
  const file = await MetricsFile.open(paths);
  for (const each of records) file.append(each, each.kind === 'step' ? layersAt(each.step, each.attempt) : undefined);
  file.close();
}

test('no file has no records', async () => {
  expect(await readRecords(path)).toEqual([]);
});

test('what is appended is read back, over several openings', async () => {
  await append(record(1), record(2));
  await append(record(3));
  expect(await readRecords(path)).toEqual([record(1), record(2), record(3)]);
});

describe('a torn last line', () => {
  test.each([
    ['a short one', '{"kind":"al'],
    ['one without its line end only', JSON.stringify(record(3))],
    ['one longer than the block it is looked for in', `{"kind":"${'x'.repeat(200_000)}`],
  ])('%s is left out by readers and gone before the next line', async (_, torn) => {
    await append(record(1), record(2));
    appendFileSync(path, torn);
    expect(await readRecords(path)).toHaveLength(2);
    await append(record(4));
    expect(await readRecords(path)).toEqual([record(1), record(2), record(4)]);
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true);
  });

  test('a file that is nothing but a torn line is emptied', async () => {
    writeFileSync(path, '{"kind":');
    await append(record(1));
    expect(await readRecords(path)).toEqual([record(1)]);
  });

  test('a line end at the edge of a block is found', async () => {
    const line = `${JSON.stringify(record(1, 'x'.repeat(65536)))}\n`;
    for (const tail of [65535, 65536, 65537]) {
      writeFileSync(path, `${line}${'y'.repeat(tail)}`);
      await append();
      expect(readFileSync(path, 'utf8')).toBe(line);
    }
  });
});

test('a line in the middle that is no record is reported with its number', async () => {
  writeFileSync(path, `${JSON.stringify(record(1))}\n{"kind":"nonsense"}\n${JSON.stringify(record(2))}\n`);
  await expect(readRecords(path)).rejects.toThrow(`${path}:2: `);
});

describe('rows and lines', () => {
  const before = [start(), ...steps(1, 3), rewind(2), step(3, 2)];
  /** What `numpy.fromfile(…, "<f4")` gives. */
  const numbers = (): number[] => {
    const bytes = readFileSync(paths.layers);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  };
  const expected = (records: readonly MetricsRecord[]): number[] => {
    const bytes = rows(records);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  };

  test('each step line has its row, those that a rewind took back included', async () => {
    await append(...before);
    expect(numbers()).toEqual(expected(before));
    expect(numbers().slice(0, 4)).toEqual([1, 1 / 32, 1.25, 2 / 32]);
    expect(readMetrics(path).map(({ kind, step }) => [kind, step])).toEqual(
      before.map((each) => [each.kind, each.step]),
    );
  });

  test('cut anywhere in the last line or its row, they agree again when the run goes on', async () => {
    await append(...before);
    const [lines, layers] = [readFileSync(path), readFileSync(paths.layers)];
    const lastLine = Buffer.byteLength(JSON.stringify(step(3, 2))) + 1;
    const rest = [start(), ...steps(1, 3), rewind(2)];
    const states = [
      // Killed while the row was written, after it, and while the line was.
      ...Array.from({ length: 16 }, (_, bytes) => [lines.length - lastLine, layers.length - 16 + bytes] as const),
      ...Array.from({ length: lastLine }, (_, bytes) => [lines.length - lastLine + bytes, layers.length] as const),
      [lines.length, layers.length] as const,
    ];
    for (const [ofLines, ofLayers] of states) {
      writeFileSync(path, lines.subarray(0, ofLines));
      writeFileSync(paths.layers, layers.subarray(0, ofLayers));
      const earlier = ofLines === lines.length ? before : rest;
      await append(rewind(2, 3), step(3, 3));
      expect(await readRecords(path)).toEqual([...earlier, rewind(2, 3), step(3, 3)]);
      expect(numbers()).toEqual(expected([...earlier, step(3, 3)]));
    }
  });

  test.each([0, 1, 15, 16, 40])(
    'rows that a power failure took are NaN, and those after them right: %i bytes are left',
    async (left) => {
      await append(...before);
      writeFileSync(paths.layers, readFileSync(paths.layers).subarray(0, left));
      await append(step(4, 2));
      const whole = left >> 4;
      const all = expected([...before, step(4, 2)]);
      expect(numbers()).toEqual([...all.slice(0, 4 * whole), ...all.slice(4 * whole, -4).fill(NaN), ...all.slice(-4)]);
    },
  );

  test('a run of the earlier form keeps its lines, and gets rows with the numbers in them', async () => {
    const old = before.map((each) => (each.kind === 'step' ? withLayers(each) : each));
    const text = old.map((each) => `${JSON.stringify(each)}\n`).join('');
    writeFileSync(path, text);
    await append(rewind(3, 3), step(4, 3));
    expect(readFileSync(path, 'utf8').startsWith(text)).toBe(true);
    expect(numbers()).toEqual(expected([...before, step(4, 3)]));
  });

  test('a method without thresholds has NaN for them', async () => {
    const file = await MetricsFile.open(paths);
    file.append(start());
    file.append(step(1), { thresholds: Float32Array.of(NaN, NaN), sparsities: Float32Array.of(0.5, 0.25) });
    file.close();
    expect(numbers()).toEqual([NaN, 0.5, NaN, 0.25]);
  });

  test('the attempt goes on from the last one, and a rollback begins another', async () => {
    const made = { kind: 'rewind', step: 1, learningRateScale: 1 } as const;
    await append(...before);
    const file = await MetricsFile.open(paths);
    expect(file.earlier).toEqual(before);
    file.append({ ...made, cause: 'resume' });
    file.append({ ...made, cause: 'rollback' });
    file.append({ ...made, cause: 'resume' });
    file.close();
    expect((await readRecords(path)).slice(-3).map(({ attempt }) => attempt)).toEqual([3, 4, 4]);
  });
});
