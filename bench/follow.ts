/** A long run as the editor reads it: how fast it opens, how long the event loop is held, and how soon a further step arrives. */

import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StepRecord } from '../src/protocol/records.ts';

const blocks = ['attention.q_proj', 'attention.k_proj', 'attention.v_proj', 'attention.out_proj', 'mlp.fc1', 'mlp.fc2'];

/** A line as long as the trainer's own: its numbers have all their digits. */
function line(step: number, layers: number): string {
  const record: StepRecord = {
    ...{ kind: 'step', attempt: 1, step, time: new Date().toISOString(), loss: 10 / Math.sqrt(step) },
    ...{ ctcLoss: 9 / Math.sqrt(step), gradientNorm: 1 / step, learningRate: 2e-4, sparsityTarget: 0.65 },
    ...{ sparsity: Math.abs(Math.sin(step)), secondsPerStep: 0.05, audioSecondsPerSecond: 100 },
    layers: Array.from({ length: layers }, (_, i) => ({
      name: `encoder.layers.${Math.floor(i / blocks.length)}.${blocks[i % blocks.length] ?? ''}`,
      threshold: Math.abs(Math.sin(step + i)),
      sparsity: Math.abs(Math.cos(step * i)),
    })),
  };
  return `${JSON.stringify(record)}\n`;
}

/** @param steps lines, about 110 bytes a layer each: 100,000 of 200 layers are 2.2 GB. */
export async function follow(steps: number, layers: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
  try {
    const metrics = join(folder, 'metrics.jsonl');
    writeFileSync(
      join(folder, 'run.json'),
      JSON.stringify({
        ...{ pinch: '0', onnxruntime: '0', node: '0', created: new Date().toISOString(), settings: {} },
        checksums: { model: '', train: '', dev: null },
      }),
    );
    for (let step = 1; step <= steps; step += 500) {
      const some = Array.from({ length: Math.min(500, steps - step + 1) }, (_, i) => line(step + i, layers));
      appendFileSync(metrics, some.join(''));
    }
    console.log(JSON.stringify({ steps, layers, bytes: statSync(metrics).size }));
    for (let round = 0; round < rounds; round++) {
      const child = promisify(execFile)(process.execPath, [
        ...['--import', 'tsx', join(import.meta.dirname, 'followOnce.ts'), folder],
      ]);
      // It says when it has opened the run, and then waits for steps.
      await new Promise((resolve) => child.child.stdout?.once('data', resolve));
      for (let i = 1; i <= 100; i++) {
        appendFileSync(metrics, line(steps + 100 * round + i, layers));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const [opened = '', arrived = ''] = (await child).stdout.split('\n');
      console.log(JSON.stringify({ round, ...(JSON.parse(opened) as object), ...(JSON.parse(arrived) as object) }));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
