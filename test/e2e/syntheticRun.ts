/** A run folder that no trainer wrote: as many layers and steps as a test wants, and steps that arrive when it says so. */

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { EndRecord, RunFile, RunState, StartRecord, StepRecord } from '../../src/protocol/records.ts';
import { defaultSettings } from '../../src/protocol/settings.ts';

export interface SyntheticRun {
  readonly folder: string;
  /** Appends a step that has just ended. */
  readonly append: (step: number) => void;
  readonly end: (status: EndRecord['status'], step: number, message?: string) => void;
}

const kinds = [
  ...['attention.q_proj', 'attention.k_proj', 'attention.v_proj', 'attention.out_proj'],
  ...['feed_forward.intermediate_dense', 'feed_forward.output_dense'],
];

/** @param steps of the whole run. @param done how many of them are there from the beginning. */
export function writeSyntheticRun(
  workspaceFolder: string,
  name: string,
  { layers, steps, done = 0 }: { layers: number; steps: number; done?: number },
): SyntheticRun {
  const folder = join(workspaceFolder, '.pinch/runs', name);
  mkdirSync(folder, { recursive: true });
  const names = Array.from(
    { length: layers },
    (_, at) => `encoder.layers.${Math.floor(at / kinds.length)}.${kinds[at % kinds.length] ?? ''}`,
  );
  const metrics = join(folder, 'metrics.jsonl');
  const rows = join(folder, 'layers.f32');
  const created = new Date(Date.now() - 3_600_000).toISOString();
  const line = (record: object): string => `${JSON.stringify(record)}\n`;

  const run: RunFile = {
    version: 2,
    pinch: '0.1.0',
    onnxruntime: '1.30.0',
    node: process.version,
    created,
    settings: { ...defaultSettings, model: '/models/synthetic', train: '/data/train.jsonl' },
    checksums: { model: '0'.repeat(64), train: '0'.repeat(64), dev: null },
  };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(run));
  const start: StartRecord = {
    kind: 'start',
    attempt: 1,
    step: 0,
    time: created,
    device: 'cpu',
    deviceReason: 'Written by a test.',
    steps,
    stepsPerEpoch: 100,
    parameters: layers * 10_000,
    gatedParameters: layers * 10_000,
    trainedParameters: layers * 10_000,
    layers: names.map((layer) => ({ name: layer, parameters: 10_000, shape: [100, 100] })),
    left: [],
    utterances: 100,
    dropped: {},
    audioSeconds: 1000,
    memoryBytes: 1e9,
    secondsExpected: steps / 20,
  };
  writeFileSync(metrics, line(start));

  const stepLine = (step: number): string => {
    const share = step / steps;
    const record: StepRecord = {
      kind: 'step',
      attempt: 1,
      step,
      time: new Date().toISOString(),
      loss: 2 - share,
      ctcLoss: 2 - share,
      gradientNorm: 1,
      learningRate: 1e-4,
      sparsityTarget: 0.65 * share,
      sparsity: 0.6 * share,
      secondsPerStep: 0.05,
      audioSecondsPerSecond: 200,
    };
    return line(record);
  };
  const row = (step: number): Buffer => {
    // Every step moves every cell.
    const numbers = names.flatMap((_, at) => [0.1 + 0.5 * (step / steps), 0.5 + 0.45 * Math.sin(step / 7 + at)]);
    return Buffer.from(Float32Array.from(numbers).buffer);
  };
  const state = (status: RunState['status'], step: number): void => {
    const now: RunState = {
      status,
      pid: process.pid,
      processStart: null,
      host: hostname(),
      nonce: 'synthetic',
      attempt: 1,
      step,
      steps,
      heartbeat: new Date().toISOString(),
      control: null,
      message: null,
    };
    writeFileSync(join(folder, 'state.json'), JSON.stringify(now));
  };

  for (let first = 1; first <= done; first += 500) {
    const some = Array.from({ length: Math.min(500, done - first + 1) }, (_, at) => first + at);
    appendFileSync(rows, Buffer.concat(some.map(row)));
    appendFileSync(metrics, some.map(stepLine).join(''));
  }
  state('running', done);

  return {
    folder,
    append: (step) => {
      // As a trainer does: whoever sees the line finds its row.
      appendFileSync(rows, row(step));
      appendFileSync(metrics, stepLine(step));
      if (step % 20 === 0) state('running', step);
    },
    end: (status, step, message) => {
      const end: EndRecord = {
        kind: 'end',
        attempt: 1,
        step,
        time: new Date().toISOString(),
        status,
        message: message ?? null,
        checkpoint: null,
        sparsity: 0.6,
        best: null,
      };
      appendFileSync(metrics, line(end));
      state(status, step);
    },
  };
}
