/** Run-folder records and control messages: what is accepted, what is not, and which lines count after a rewind. */

import { describe, expect, test } from 'vitest';
import { parseControlRequest } from '../../src/protocol/control.ts';
import {
  effectiveRecords,
  parseIndexedRecord,
  parseMetricsRecord,
  parseRunState,
  RecordError,
  type MetricsRecord,
} from '../../src/protocol/records.ts';
import { step, withLayers } from '../runs/records.ts';

const time = '2026-11-21T10:00:00.000Z';
const rewind = (step: number, attempt = 2): MetricsRecord => ({
  kind: 'rewind',
  attempt,
  step,
  time,
  cause: 'resume',
  learningRateScale: 1,
});
const alert = (step: number): MetricsRecord => ({
  kind: 'alert',
  attempt: 1,
  step,
  time,
  reason: 'divergence',
  message: 'x',
  action: 'rollback',
});
const end = (step: number): MetricsRecord => ({
  kind: 'end',
  attempt: 1,
  step,
  time,
  status: 'stopped',
  message: null,
  checkpoint: null,
  sparsity: 0,
  best: null,
});

describe('metrics lines', () => {
  test('are given back as they were written', () => {
    for (const record of [rewind(3), alert(4), end(5)]) {
      expect(parseMetricsRecord(JSON.stringify(record))).toEqual(record);
    }
  });

  test('of a step are given back, with the layers that those of the earlier form hold', () => {
    for (const record of [step(3), withLayers(step(3))]) {
      expect(parseMetricsRecord(JSON.stringify(record))).toEqual(record);
    }
    expect(() => parseMetricsRecord(JSON.stringify({ ...step(3), loss: null }))).toThrow(RecordError);
  });

  test('are the same for an index, which checks a step by hand', () => {
    for (const record of [step(3), end(5)]) {
      expect(parseIndexedRecord(JSON.stringify(record))).toEqual(record);
    }
    for (const wrong of [
      { loss: null },
      { sparsity: 'x' },
      { step: -1 },
      { secondsPerStep: undefined },
      { time: undefined },
      { kind: 'stop' },
    ]) {
      expect(() => parseIndexedRecord(JSON.stringify({ ...step(3), ...wrong }))).toThrow(RecordError);
    }
  });

  test.each([
    ['what is not JSON', '{"kind":'],
    ['an unknown kind', '{"kind":"surprise","attempt":1,"step":1}'],
    ['a missing field', JSON.stringify({ ...rewind(1), cause: undefined })],
    ['a negative step', JSON.stringify({ ...rewind(1), step: -1 })],
    ['a time that is none', JSON.stringify({ ...rewind(1), time: 'yesterday' })],
  ])('refuse %s', (_, line) => {
    expect(() => parseMetricsRecord(line)).toThrow(RecordError);
  });
});

describe('effectiveRecords', () => {
  test('a rewind takes back later steps and the end, and is no record itself', () => {
    const records = [alert(1), alert(2), alert(3), end(3), rewind(2), alert(3)];
    expect(effectiveRecords(records).map(({ kind, step }) => `${kind} ${step}`)).toEqual([
      'alert 1',
      'alert 2',
      'alert 3',
    ]);
  });

  test('a rewind to the start leaves nothing but what comes after it', () => {
    expect(effectiveRecords([alert(1), rewind(0), alert(1)])).toHaveLength(1);
  });

  test('rewinds add up', () => {
    const records = [alert(1), alert(2), rewind(1), alert(2), alert(3), rewind(2, 3), alert(3)];
    expect(effectiveRecords(records).map(({ step }) => step)).toEqual([1, 2, 3]);
  });
});

test('a state needs a known status', () => {
  const state = {
    status: 'running',
    pid: 1,
    processStart: null,
    host: 'h',
    nonce: 'n',
    attempt: 1,
    step: 0,
    steps: 10,
    heartbeat: time,
    control: null,
    message: null,
  };
  expect(parseRunState(JSON.stringify(state))).toEqual(state);
  expect(() => parseRunState(JSON.stringify({ ...state, status: 'lost' }))).toThrow(RecordError);
});

test('control requests are taken whole, and nothing else is', () => {
  expect(parseControlRequest('{"kind":"stop"}')).toEqual({ kind: 'stop' });
  for (const line of ['', '{}', '{"kind":"explode"}', '{"kind":"stop","force":true}', '[]']) {
    expect(() => parseControlRequest(line)).toThrow(RecordError);
  }
});
