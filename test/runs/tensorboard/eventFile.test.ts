/** Event files: sums that others have published, and what an independent reader finds in a file. TensorBoard's own reader is in test/shared. */

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { crc32c, maskedCrc32c } from '../../../src/runs/tensorboard/crc32c.ts';
import { exportMetrics } from '../../../src/runs/tensorboard/exportMetrics.ts';
import { evaluation, rewind, runFolder, start, steps, temporaryFolder } from '../records.ts';

test.each([
  // RFC 3720, B.4.
  ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
])('CRC-32C of %s', (_, bytes, sum) => expect(crc32c(bytes)).toBe(sum));

/** Walks over the frames without the writer's code, but for the sums. */
function recordsOf(file: string): { step: number; time: number; values: Record<string, number> }[] {
  const bytes = readFileSync(file);
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    const message = bytes.subarray(at + 12, at + 12 + length);
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(message));
    found.push(eventOf(message));
    at += length + 16;
  }
  return found;
}

function eventOf(message: Uint8Array): { step: number; time: number; values: Record<string, number> } {
  const event = { step: 0, time: 0, values: {} as Record<string, number> };
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) event.time = reader.double();
    else if (field === 2) event.step = Number(reader.int64());
    else if (field === 5) {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) {
        reader.tag();
        const valueEnd = reader.uint32() + reader.pos;
        let [tag, value] = ['', NaN];
        while (reader.pos < valueEnd) {
          const [inner] = reader.tag();
          if (inner === 1) tag = reader.string();
          else value = reader.float();
        }
        event.values[tag] = value;
      }
    } else reader.skip(type);
  }
  return event;
}

describe('a run with a rewind', () => {
  test('has the steps that count, in a folder of its name', async () => {
    const run = runFolder([start(), ...steps(1, 5), evaluation(5), rewind(3), ...steps(4, 6, 2), evaluation(6, 2)]);
    const exported = await exportMetrics(run, temporaryFolder());
    expect(exported).toMatchObject({ steps: 6, evaluations: 1 });
    expect(exported.file).toContain(`/${basename(run)}/events.out.tfevents.`);
    const [version, ...events] = recordsOf(exported.file);
    expect(version?.values).toEqual({});
    expect(events.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 6]);
    expect(events[0]).toMatchObject({ time: Date.parse('2026-11-21T10:00:00.000Z') / 1000 });
    expect(events[0]?.values).toMatchObject({ 'loss/total': 1.125, 'loss/ctc': 1, 'sparsity/target': 0.5 });
    expect(events[3]?.values['loss/total']).toBe(4.25);
    expect(events.at(-1)?.values['dev/wer']).toBeCloseTo(0.1, 6);
  });
});
