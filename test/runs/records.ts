/** Records and run folders for tests of what reads them. */

import { appendFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricsRecord, RunFile, RunState, StepRecord } from '../../src/protocol/records.ts';
import type { LayerNumbers, StepPoint } from '../../src/protocol/series.ts';

const time = '2026-11-21T10:00:00.000Z';

export const runFile: RunFile = {
  version: 2,
  pinch: '0.1.0',
  onnxruntime: '1.30.0',
  node: 'v20',
  created: time,
  settings: {},
  checksums: { model: 'a', train: 'b', dev: null },
};

/** Of a run that this process trains in. */
export function runState(change: Partial<RunState> = {}): RunState {
  return {
    ...{ status: 'running', pid: process.pid, processStart: null, host: hostname(), nonce: 'abc', attempt: 1 },
    ...{ step: 0, steps: 10, heartbeat: new Date().toISOString(), control: null, message: null },
    ...change,
  };
}

export const layerNames = ['encoder.layers.0.attention.q_proj', 'encoder.layers.0.attention.k_proj'];

export const start = (layers = layerNames): MetricsRecord => ({
  ...{ kind: 'start', attempt: 1, step: 0, time, device: 'cpu', deviceReason: 'no other', steps: 100 },
  ...{ stepsPerEpoch: 10, parameters: 300, gatedParameters: 200, trainedParameters: 250 },
  layers: layers.map((name) => ({ name, parameters: 100, shape: [10, 10] })),
  ...{ left: [], utterances: 10, dropped: {}, audioSeconds: 10, memoryBytes: 1e6, secondsExpected: 10 },
});

/** All its numbers follow from step and attempt, so that a test can tell which line it came from. */
export const step = (at: number, attempt = 1): StepRecord => ({
  ...{ kind: 'step', attempt, step: at, time, loss: at + attempt / 8, ctcLoss: 1, gradientNorm: 1, learningRate: 1e-4 },
  ...{ sparsityTarget: 0.5, sparsity: (at % 64) / 64, secondsPerStep: 0.1, audioSecondsPerSecond: 10 },
});

/** The same of its layers; they are whole in float32. */
export const layersAt = (at: number, attempt = 1, count = layerNames.length): LayerNumbers => ({
  thresholds: Float32Array.from({ length: count }, (_, i) => at + i / 4 + 100_000 * (attempt - 1)),
  sparsities: Float32Array.from({ length: count }, (_, i) => ((at + i) % 32) / 32),
});

/** A step as readers give it. */
export const point = (at: number, attempt = 1): StepPoint => {
  const { kind: _kind, attempt: _attempt, time, ...numbers } = step(at, attempt);
  return { ...numbers, time: Date.parse(time), ...layersAt(at, attempt) };
};

export const points = (from: number, to: number, attempt = 1): StepPoint[] =>
  Array.from({ length: to - from + 1 }, (_, i) => point(from + i, attempt));

/** A step in the form before layers.f32: its line holds its layers. */
export function withLayers(record: StepRecord, names = layerNames): StepRecord {
  const { thresholds, sparsities } = layersAt(record.step, record.attempt, names.length);
  return {
    ...record,
    layers: names.map((name, i) => ({ name, threshold: thresholds[i], sparsity: sparsities[i] })),
  };
}

export const steps = (from: number, to: number, attempt = 1): StepRecord[] =>
  Array.from({ length: to - from + 1 }, (_, i) => step(from + i, attempt));

export const evaluation = (at: number, attempt = 1): MetricsRecord => ({
  ...{ kind: 'evaluation', attempt, step: at, time, epoch: 1, wer: 0.1, cer: 0.05, errors: 1, words: 10 },
  ...{ utterances: 2, skipped: 0, sparsity: 0.5 },
});

export const checkpoint = (at: number, attempt = 1): MetricsRecord => ({
  ...{ kind: 'checkpoint', attempt, step: at, time, path: `checkpoints/step-${String(at).padStart(6, '0')}` },
  ...{ sparsity: 0.5, sparsityOfAll: 0.4, parameters: 300, nonZeroParameters: 180, bytes: 1200 },
});

export const alert = (at: number, attempt = 1): MetricsRecord => ({
  ...{ kind: 'alert', attempt, step: at, time, reason: 'divergence', message: 'the loss rises', action: 'rollback' },
});

export const rewind = (at: number, attempt = 2): MetricsRecord => ({
  ...{ kind: 'rewind', attempt, step: at, time, cause: 'resume', learningRateScale: 1 },
});

export const end = (at: number, attempt = 1): MetricsRecord => ({
  ...{ kind: 'end', attempt, step: at, time, status: 'done', message: null, checkpoint: null, sparsity: 0.5 },
  best: null,
});

export const lines = (records: readonly MetricsRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** The rows of the steps among these records, as layers.f32 has them. */
export function rows(records: readonly MetricsRecord[]): Buffer {
  const numbers = records.flatMap((record) => {
    if (record.kind !== 'step') return [];
    const { thresholds, sparsities } = layersAt(record.step, record.attempt);
    return Array.from(thresholds).flatMap((threshold, i) => [threshold, sparsities[i] ?? NaN]);
  });
  return Buffer.from(Float32Array.from(numbers).buffer);
}

/** Where the numbers of layers stand: beside metrics.jsonl, or in its lines as before. */
export type Form = 'layers.f32' | 'lines';

/** Adds to a run's metrics as a trainer does. */
export function append(folder: string, records: readonly MetricsRecord[], form: Form = 'layers.f32'): void {
  if (form === 'layers.f32') appendFileSync(join(folder, 'layers.f32'), rows(records));
  const written = form === 'lines' ? records.map((one) => (one.kind === 'step' ? withLayers(one) : one)) : records;
  appendFileSync(join(folder, 'metrics.jsonl'), lines(written));
}

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'pinch-test-'));

/** A run folder with these records, or without metrics.jsonl. */
export function runFolder(
  records?: readonly MetricsRecord[],
  state?: RunState,
  folder = temporaryFolder(),
  form: Form = 'layers.f32',
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(runFile));
  if (state) writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
  if (records) append(folder, records, form);
  return folder;
}
