/** A real model killed at 20 random moments and resumed each time: its metrics are the uninterrupted run's, and no file is half-written. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { parseRunFile, parseRunState } from '../../src/protocol/records.ts';
import { Random } from '../../src/base/random.ts';
import { listCheckpoints, readCheckpoint, tensorsFile } from '../../src/runfolder/checkpoint.ts';
import { readSafetensors } from '../../src/onnx/file/safetensors.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { isAlive } from '../../src/runs/state.ts';
import type { RunOwner } from '../../src/runfolder/runFolder.ts';
import { pinch, timeless } from '../train/toy.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const kills = 20;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-kill-'));
  const lines = readFileSync(join(shared, 'data/digits/dev.jsonl'), 'utf8').split('\n').slice(0, 8);
  const dev = lines.map((line) => line.replace('"dev/', `"${join(shared, 'data/digits/dev')}/`));
  writeFileSync(join(folder, 'dev.jsonl'), `${dev.join('\n')}\n`);
  const settings = {
    model: join(shared, 'reference/w2v2-tiny'),
    train: join(shared, 'data/digits/train.jsonl'),
    dev: 'dev.jsonl',
    device: 'cpu',
    steps: 120,
    batch: { seconds: 12, maxSeconds: 3 },
    sparsity: { target: 0.65, warmup: 0.3, freeze: 0.6 },
    checkpoint: { everySteps: 7, keep: 2 },
    evaluate: { everyEpochs: 1 },
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The trainers that have claimed the run. */
function owners(run: string): RunOwner[] {
  const claims = join(run, 'claims');
  const files = existsSync(claims) ? readdirSync(claims).filter((name) => name.endsWith('.json')) : [];
  return files.map((name) => JSON.parse(readFileSync(join(claims, name), 'utf8')) as RunOwner);
}

/** Whatever stands there under its final name must be whole. */
async function expectWhole(run: string): Promise<void> {
  parseRunFile(readFileSync(join(run, 'run.json'), 'utf8'));
  if (existsSync(join(run, 'state.json'))) parseRunState(readFileSync(join(run, 'state.json'), 'utf8'));
  readMetrics(join(run, 'metrics.jsonl'));
  const checkpoints = join(run, 'checkpoints');
  const steps = await listCheckpoints(checkpoints);
  for (const step of steps) {
    const name = `step-${String(step).padStart(6, '0')}`;
    await loadModel(join(checkpoints, name));
    if (step === steps.at(-1)) await readCheckpoint(checkpoints, step);
    await readSafetensors(join(checkpoints, name, tensorsFile));
    expect(readdirSync(join(checkpoints, name)).some((file) => file.endsWith('.tmp'))).toBe(false);
  }
}

test(`killed at ${kills} random moments`, async () => {
  const args = ['prune', '--config', join(folder, 'settings.json'), '--run'];
  const whole = join(folder, 'whole');
  expect((await pinch([...args, whole], folder).ended).code).toBe(0);

  const random = Random.seeded(20);
  const killed = join(folder, 'killed');
  const metrics = join(killed, 'metrics.jsonl');
  const lines = (): number => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length : 0);
  let running = pinch([...args, killed], folder);
  const moments: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    // Every fifth time while it gets ready; otherwise after a few more lines, so that the run comes forward.
    const starting = kill % 5 === 4;
    const wanted = lines() + (starting ? 0 : 2 + random.below(14));
    while (lines() < wanted && running.child.exitCode === null) await setTimeout(1);
    await setTimeout(random.uniform() * (starting ? 800 : 40));
    const state = join(killed, 'state.json');
    try {
      process.kill(parseRunState(readFileSync(state, 'utf8')).pid, 'SIGKILL');
    } catch {
      // It has not begun, or has ended by itself.
      running.child.kill('SIGKILL');
    }
    await running.ended;
    // Only the command may have been killed, and the trainer behind it ends after its step.
    while ((await Promise.all(owners(killed).map(isAlive))).includes(true)) await setTimeout(10);
    await expectWhole(killed);
    const last = readMetrics(metrics).findLast(({ kind }) => kind !== 'rewind');
    moments.push(`${last?.kind ?? 'nothing'} ${last?.step ?? ''}`.trim());
    running = pinch(['resume', killed], folder);
  }
  const { code, err } = await running.ended;
  expect(code, err).toBe(0);
  await expectWhole(killed);
  expect(timeless(killed)).toEqual(timeless(whole));
  console.log(`killed after ${moments.join(', ')}`);
  // Otherwise this tests less than it says.
  expect(new Set(moments).size).toBeGreaterThan(kills / 2);
});
