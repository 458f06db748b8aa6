/** A long run as the editor reads it: how fast it opens, how long the event loop is held, and how soon a further step arrives. */

import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StartRecord, StepRecord } from '../src/protocol/records.ts';
import { packRow } from '../src/runs/metrics/layerRows.ts';

const blocks = ['attention.q_proj', 'attention.k_proj', 'attention.v_proj', 'attention.out_proj', 'mlp.fc1', 'mlp.fc2'];

/** A line and a row as long as the trainer's own: the line's numbers have all their digits. */
function line(step: number): string {
  const record: StepRecord = {
    ...{ kind: 'step', attempt: 1, step, time: new Date().toISOString(), loss: 10 / Math.sqrt(step) },
    ...{
      ctcLoss: 9 / Math.sqrt(step),
      gradientNorm: 1 / step,
      learningRate: 2e-4 / 3,
      sparsityTarget: 0.65 * Math.cos(step) ** 2,
    },
    ...{
      sparsity: Math.abs(Math.sin(step)),
      secondsPerStep: 1 / (20 + Math.sin(step)),
      audioSecondsPerSecond: 100 + Math.cos(step),
    },
  };
  return `${JSON.stringify(record)}\n`;
}

const row = (step: number, layers: number): Buffer =>
  packRow({
    thresholds: Float32Array.from({ length: layers }, (_, i) => Math.abs(Math.sin(step + i))),
    sparsities: Float32Array.from({ length: layers }, (_, i) => Math.abs(Math.cos(step * i))),
  });

function startLine(steps: number, layers: number): string {
  const record: StartRecord = {
    ...{ kind: 'start', attempt: 1, step: 0, time: new Date().toISOString(), device: 'cpu', deviceReason: '', steps },
    ...{ stepsPerEpoch: 100, parameters: 1, gatedParameters: 1, trainedParameters: 1, left: [], utterances: 1 },
    ...{ dropped: {}, audioSeconds: 1, memoryBytes: 1, secondsExpected: 1 },
    layers: Array.from({ length: layers }, (_, i) => ({
      name: `encoder.layers.${Math.floor(i / blocks.length)}.${blocks[i % blocks.length] ?? ''}`,
      ...{ parameters: 1, shape: [1, 1] },
    })),
  };
  return `${JSON.stringify(record)}\n`;
}

/** @param steps of 340 bytes and 8 for each layer: 100,000 of 200 layers are 194 MB. */
export async function follow(steps: number, layers: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
  try {
    const metrics = join(folder, 'metrics.jsonl');
    const rows = join(folder, 'layers.f32');
    writeFileSync(
      join(folder, 'run.json'),
      JSON.stringify({
        ...{ pinch: '0', onnxruntime: '0', node: '0', created: new Date().toISOString(), settings: {} },
        checksums: { model: '', train: '', dev: null },
      }),
    );
    writeFileSync(metrics, startLine(steps, layers));
    for (let step = 1; step <= steps; step += 500) {
      const some = Array.from({ length: Math.min(500, steps - step + 1) }, (_, i) => step + i);
      appendFileSync(rows, Buffer.concat(some.map((step) => row(step, layers))));
      appendFileSync(metrics, some.map(line).join(''));
    }
    console.log(JSON.stringify({ steps, layers, lines: statSync(metrics).size, rows: statSync(rows).size }));
    for (let round = 0; round < rounds; round++) {
      const child = promisify(execFile)(process.execPath, [
        ...['--import', 'tsx', join(import.meta.dirname, 'followOnce.ts'), folder],
      ]);
      // It says when it has opened the run, and then waits for steps.
      await new Promise((resolve) => child.child.stdout?.once('data', resolve));
      const written = new Map<number, number>();
      for (let i = 1; i <= 100; i++) {
        const step = steps + 100 * round + i;
        written.set(step, Date.now());
        appendFileSync(rows, row(step, layers));
        appendFileSync(metrics, line(step));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const [opened = '', followed = ''] = (await child).stdout.split('\n');
      const { arrived, heldFollowing } = JSON.parse(followed) as { arrived: [number, number][]; heldFollowing: number };
      const delays = arrived.map(([step, time]) => time - (written.get(step) ?? NaN)).sort((a, b) => a - b);
      const [median, p95, slowest] = [delays[49], delays[94], delays[99]];
      console.log(JSON.stringify({ round, ...(JSON.parse(opened) as object), median, p95, slowest, heldFollowing }));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
