/** Records and run folders for tests of what reads them. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MetricsRecord, RunFile, RunState, StepRecord } from '../../src/protocol/records.ts';

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
export const step = (at: number, attempt = 1, layers = layerNames): StepRecord => ({
  ...{ kind: 'step', attempt, step: at, time, loss: at + attempt / 8, ctcLoss: 1, gradientNorm: 1, learningRate: 1e-4 },
  ...{ sparsityTarget: 0.5, sparsity: (at % 64) / 64, secondsPerStep: 0.1, audioSecondsPerSecond: 10 },
  layers: layers.map((name, i) => ({ name, threshold: at + i / 4, sparsity: ((at + i) % 32) / 32 })),
});

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

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'pinch-test-'));

/** A run folder with these records, or without metrics.jsonl. */
export function runFolder(records?: readonly MetricsRecord[], state?: RunState, folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify(runFile));
  if (state) writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
  if (records) writeFileSync(join(folder, 'metrics.jsonl'), lines(records));
  return folder;
}
