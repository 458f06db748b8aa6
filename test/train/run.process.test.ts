/** Whole runs of a toy, with the built command and trainer: what they leave, how they end, and that resuming changes nothing. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import type { MetricsRecord, RunState } from '../../src/protocol/records.ts';
import type { SettingsInput } from '../../src/protocol/settings.ts';
import { Random } from '../../src/base/random.ts';
import { readCheckpoint } from '../../src/runfolder/checkpoint.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { pinch, readJson, recordsOf, timeless, writeToyModel, writeToySettings, writeToySpeech } from './toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-run-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 40);
  writeToySpeech(join(folder, 'dev'), 8, 2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inputs = { model: 'model', train: 'train/manifest.jsonl' } as const;

function settingsFile(name: string, settings: SettingsInput): string {
  return writeToySettings(join(folder, `${name}.json`), { ...inputs, ...settings });
}

/** Starts a run; `name` is its folder's. */
function start(name: string, settings: SettingsInput, ...flags: string[]) {
  const run = join(folder, 'runs', name);
  return {
    run,
    ...pinch(['prune', '--config', settingsFile(name, settings), '--run', run, '--json', ...flags], folder),
  };
}

const kinds = (records: readonly MetricsRecord[]): string => records.map(({ kind }) => kind).join(' ');
const state = (run: string) => readJson(join(run, 'state.json')) as unknown as RunState;

/** Waits until metrics.jsonl has a step line of at least that step. */
async function untilStep(run: string, step: number): Promise<void> {
  for (;;) {
    const path = join(run, 'metrics.jsonl');
    if (existsSync(path) && readMetrics(path).some((record) => record.kind === 'step' && record.step >= step)) return;
    await setTimeout(5);
  }
}

describe('a run', () => {
  const settings: SettingsInput = {
    dev: 'dev/manifest.jsonl',
    steps: 24,
    sparsity: { target: 0.6, warmup: 0.25, freeze: 0.5 },
    checkpoint: { everySteps: 5, keep: 2 },
    evaluate: { everyEpochs: 1 },
  };
  let run = '';
  let result: Record<string, unknown> = {};
  beforeAll(async () => {
    const started = start('whole', settings);
    run = started.run;
    const { code, out, err } = await started.ended;
    expect(code, err).toBe(0);
    result = JSON.parse(out) as Record<string, unknown>;
  });

  test('prints one JSON object that names the last checkpoint', () => {
    expect(result).toMatchObject({
      run,
      status: 'done',
      steps: 24,
      checkpoint: join(run, 'checkpoints', 'step-000024'),
    });
    expect(result['sparsity']).toBeCloseTo(0.6, 2);
  });

  test('writes complete settings, checksums and versions', () => {
    const file = readJson(join(run, 'run.json'));
    expect(file['settings']).toMatchObject({ model: join(folder, 'model'), steps: 24, seed: 0, granularity: 'weight' });
    expect(file['checksums']).toMatchObject({ model: expect.stringMatching(/^[0-9a-f]{64}$/u) as unknown });
    expect(file['onnxruntime']).toMatch(/^\d/u);
  });

  test('writes a line for the start, every step, evaluation and checkpoint, and the end', () => {
    const records = readMetrics(join(run, 'metrics.jsonl'));
    expect(records[0]).toMatchObject({
      kind: 'start',
      device: 'cpu',
      gatedParameters: 1536,
      parameters: 6880,
      utterances: 40,
    });
    expect(records.at(-1)).toMatchObject({ kind: 'end', status: 'done' });
    const steps = records.filter((record) => record.kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    expect(steps[0]?.layers.map(({ name }) => name)).toEqual(['encoder.layers.0.dense', 'encoder.layers.1.dense']);
    expect(records.filter(({ kind }) => kind === 'evaluation').map(({ step }) => step)).toContain(24);
  });

  test('keys of a step line come in the order of the design', () => {
    const line = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n')[1] ?? '';
    expect(Object.keys(JSON.parse(line) as object)).toEqual([
      ...['kind', 'attempt', 'step', 'time', 'loss', 'ctcLoss', 'gradientNorm', 'learningRate', 'sparsityTarget'],
      ...['sparsity', 'secondsPerStep', 'audioSecondsPerSecond'],
    ]);
  });

  test('reaches the target where thresholds freeze, exactly, and keeps it', () => {
    const steps = recordsOf(run).filter((record) => record.kind === 'step');
    for (const { step, sparsity } of steps) if (step > 12) expect(Math.abs(sparsity - 0.6)).toBeLessThan(1 / 1536);
  });

  test('keeps the newest checkpoints and the best', () => {
    const records = recordsOf(run);
    const written = records.filter(({ kind }) => kind === 'checkpoint').map(({ step }) => step);
    const best = records.findLast((record) => record.kind === 'end')?.best;
    expect(written).toEqual(expect.arrayContaining([5, 10, 15, 20, 24, best!.step]));
    const lowest = records.flatMap((record) => (record.kind === 'evaluation' && record.step > 12 ? [record.wer] : []));
    expect(best!.wer).toBe(Math.min(...lowest));
    const kept = new Set([...written.slice(-2), best!.step].map((step) => `step-${String(step).padStart(6, '0')}`));
    expect(new Set(readdirSync(join(run, 'checkpoints')))).toEqual(kept);
  });

  test('a checkpoint is an ordinary model with its zeros, its tokenizer, and the trainer’s state', async () => {
    const checkpoint = join(run, 'checkpoints', 'step-000024');
    expect(readdirSync(checkpoint).sort()).toEqual(
      ['config.json', 'model.onnx', 'preprocessor_config.json', 'trainer.safetensors', 'vocab.json'].sort(),
    );
    const { initializers } = (await loadModel(checkpoint)).model.graph;
    const gated = ['dense0', 'dense1'].flatMap((name) => Array.from(initializers.get(name)!.data as Float32Array));
    expect(gated.filter((weight) => weight === 0).length / gated.length).toBeCloseTo(0.6, 2);
    const line = recordsOf(run).findLast((record) => record.kind === 'checkpoint');
    expect(line?.sparsity).toBe(gated.filter((weight) => weight === 0).length / gated.length);
    expect(line?.bytes).toBe(statSync(join(checkpoint, 'model.onnx')).size);
    // The convolution was frozen, so it is the file's own.
    const before = (await loadModel(join(folder, 'model'))).model.graph.initializers;
    expect(initializers.get('conv')?.data).toEqual(before.get('conv')?.data);
    expect(initializers.get('head')?.data).not.toEqual(before.get('head')?.data);
  });

  test('a checkpoint before the thresholds froze holds the weights behind the gates, too', async () => {
    const other = start('unmasked', { ...settings, steps: 8, sparsity: { target: 0.6, warmup: 0.1, freeze: 1 } });
    expect((await other.ended).code).toBe(0);
    const { state } = await readCheckpoint(join(other.run, 'checkpoints'), 8);
    const hidden = state.get('weight/dense1')!.data as Float32Array;
    const shown = (await loadModel(join(other.run, 'checkpoints', 'step-000008'))).model.graph.initializers.get(
      'dense1',
    )!.data as Float32Array;
    expect(hidden.every((weight) => weight !== 0)).toBe(true);
    expect(shown.some((weight) => weight === 0)).toBe(true);
    shown.forEach((weight, i) => expect(weight === 0 || weight === hidden[i]).toBe(true));
  });

  test('its run.json is a configuration that gives the same metrics again', async () => {
    const again = join(folder, 'runs', 'from-run');
    expect((await pinch(['prune', '--config', join(run, 'run.json'), '--run', again], folder).ended).code).toBe(0);
    expect(timeless(again)).toEqual(timeless(run));
  });

  test('killed at random moments and resumed, its metrics are those of a run that was not', async () => {
    const random = Random.seeded(5);
    const killed = join(folder, 'runs', 'killed');
    const args = ['prune', '--config', settingsFile('whole', settings), '--run', killed];
    let process = pinch(args, folder);
    for (let kill = 0; kill < 4; kill++) {
      const after = readMetrics(join(killed, 'metrics.jsonl')).filter(({ kind }) => kind === 'step').length;
      for (;;) {
        const now = existsSync(join(killed, 'metrics.jsonl')) ? readMetrics(join(killed, 'metrics.jsonl')) : [];
        if (now.filter(({ kind }) => kind === 'step').length > after || process.child.exitCode !== null) break;
        await setTimeout(2);
      }
      await setTimeout(random.below(60));
      globalThis.process.kill(state(killed).pid, 'SIGKILL');
      await process.ended;
      process = pinch(['resume', killed], folder);
    }
    const { code, err } = await process.ended;
    expect(code, err).toBe(0);
    expect(timeless(killed)).toEqual(timeless(run));
  });

  test('resuming a run that is done changes nothing but adds its lines', async () => {
    const before = timeless(run);
    const { code, out } = await pinch(['resume', run, '--json'], folder).ended;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: 'done', steps: 24 });
    expect(timeless(run)).toEqual(before);
  });
});

describe('stopping', () => {
  const settings: SettingsInput = { steps: 2000, checkpoint: { everySteps: 1000, keep: 2 } };

  test.each(['SIGINT', 'SIGTERM'] as const)('%s writes a checkpoint and exits with 130', async (signal) => {
    const { run, child, ended } = start(signal, settings);
    await untilStep(run, 3);
    child.kill(signal);
    const { code, out } = await ended;
    expect(code).toBe(130);
    const [last] = readdirSync(join(run, 'checkpoints'));
    expect(JSON.parse(out)).toMatchObject({ status: 'stopped', checkpoint: join(run, 'checkpoints', last ?? '') });
    expect(kinds(recordsOf(run).slice(-3))).toBe('step checkpoint end');
    expect(state(run)).toMatchObject({ status: 'stopped', control: null });
    expect(() => process.kill(state(run).pid, 0)).toThrow();
  });

  test('the trainer ends in good order when the command is killed', async () => {
    const { run, child } = start('orphan', settings);
    await untilStep(run, 3);
    const { pid } = state(run);
    child.kill('SIGKILL');
    while (['starting', 'running', 'stopping'].includes(state(run).status)) await setTimeout(20);
    expect(state(run).status).toBe('stopped');
    expect(pid).toBe(state(run).pid);
  });

  test('an evaluation is broken off, its checkpoint written, and the run that goes on begins with it', async () => {
    // So many utterances that somebody may well not wait for them.
    const lines = readFileSync(join(folder, 'dev/manifest.jsonl'), 'utf8').trim().split('\n');
    const many = Array.from({ length: 400 }, (_, copy) =>
      lines.map((line, i) => JSON.stringify({ ...(JSON.parse(line) as object), id: `${copy}-${i}` })),
    );
    writeFileSync(join(folder, 'dev/many.jsonl'), `${many.flat().join('\n')}\n`);
    const evaluated: SettingsInput = { dev: 'dev/many.jsonl', steps: 6, evaluate: { everyEpochs: 1 } };
    const whole = start('waited-for', { ...evaluated });
    expect((await whole.ended).code).toBe(0);

    const { run, child, ended } = start('broken-off', { ...evaluated });
    const stopNow = async (process: typeof child): Promise<number> => {
      while (!(existsSync(join(run, 'state.json')) && /^evaluating/u.test(state(run).message ?? '')))
        await setTimeout(2);
      process.kill('SIGINT');
      return performance.now();
    };
    const asked = await stopNow(child);
    const { code, err } = await ended;
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(code).toBe(130);
    const step = state(run).step;
    expect(err).toContain(`Step ${step}: the evaluation was broken off; the run begins with it when it goes on.`);
    expect(kinds(recordsOf(run).slice(-3))).toBe('step checkpoint end');
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([`step-${String(step).padStart(6, '0')}`]);

    expect((await pinch(['resume', run], folder).ended).code).toBe(0);
    const scores = (path: string) => timeless(path).filter((line) => JSON.stringify(line).includes('"evaluation"'));
    expect(scores(run)).toEqual(scores(whole.run));
  });

  test('a second one ends it at once', async () => {
    const { run, child, ended } = start('impatient', settings);
    await untilStep(run, 1);
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });

  test('control messages: status, checkpoint, stop, and what is none of them', async () => {
    const { run, ended } = start('control', settings);
    await untilStep(run, 2);
    const socket = createConnection(state(run).control ?? '').setEncoding('utf8');
    const ask = async (line: string): Promise<Record<string, unknown>> => {
      socket.write(`${line}\n`);
      const [text] = (await once(socket, 'data')) as [string];
      return JSON.parse(text) as Record<string, unknown>;
    };
    expect(await ask('{"kind":"status"}')).toMatchObject({
      kind: 'status',
      state: { status: 'running', nonce: state(run).nonce },
    });
    expect(await ask('{"kind":"checkpoint"}')).toEqual({ kind: 'accepted' });
    expect(await ask('hello')).toMatchObject({ kind: 'refused' });
    while (readdirSync(join(run, 'checkpoints')).filter((name) => name.startsWith('step')).length === 0)
      await setTimeout(10);
    expect(await ask('{"kind":"stop"}')).toEqual({ kind: 'accepted' });
    expect((await ended).code).toBe(130);
  });

  test('a run folder in use is refused, and the run goes on', async () => {
    const { run, child, ended } = start('busy', settings);
    await untilStep(run, 1);
    const { code, err } = await pinch(['resume', run], folder).ended;
    expect(code).toBe(1);
    expect(err).toContain(`${run}: the run folder is in use: process ${state(run).pid} trains in it.`);
    expect(state(run).status).toBe('running');
    child.kill('SIGINT');
    expect((await ended).code).toBe(130);
  });
});

describe('trouble', () => {
  test('a loss that is no number: back once at half the learning rate, then the run fails and says why', async () => {
    const { run, ended } = start('nan', {
      method: 'none',
      steps: 40,
      optimizer: { learningRate: 900, weightDecay: 900, clipNorm: 1e9, schedule: 'constant', warmup: 0 },
      checkpoint: { everySteps: 100, keep: 1 },
    });
    const { code, out, err } = await ended;
    expect(code).toBe(1);
    const records = readMetrics(join(run, 'metrics.jsonl'));
    // So large a weight decay also gives gradients of exactly 0, which are alerts of their own.
    const alerts = records.filter((record) => record.kind === 'alert' && record.reason === 'not-a-number');
    expect(alerts.map((alert) => alert.kind === 'alert' && alert.action)).toEqual(['rollback', 'stop']);
    expect(records.find((record) => record.kind === 'rewind')).toMatchObject({
      cause: 'rollback',
      learningRateScale: 0.5,
      attempt: 2,
    });
    const { message } = JSON.parse(out) as { message: string };
    expect(message).toContain('again after a rollback');
    expect(err).toContain(message);
    expect(state(run).status).toBe('failed');
    const steps = records.filter((record) => record.kind === 'step');
    expect(new Set(steps.map(({ learningRate }) => learningRate))).toEqual(new Set([900, 450]));
  });
});

describe('audio that cannot be used', () => {
  /** A copy of the training clips, `count` of them with `broken` ones. */
  function clips(name: string, count: number, broken: readonly number[], durations = true): string {
    const copy = join(folder, name);
    const manifest = writeToySpeech(copy, count, 3);
    for (const clip of broken) writeFileSync(join(copy, `${clip}.wav`), 'not audio');
    if (!durations) {
      const lines = readFileSync(manifest, 'utf8').replaceAll(/,"duration":[\d.]+/gu, '');
      writeFileSync(manifest, lines);
    }
    return manifest;
  }

  test.each([
    ['found while training', true],
    ['found before training', false],
  ])('a single file of many is skipped and counted, %s', async (_, durations) => {
    const train = clips(`one-${durations}`, 120, [7], durations);
    const { code, err } = await start(`one-${durations}`, { train, epochs: 1 }).ended;
    expect(code, err).toBe(0);
    expect(err).toMatch(durations ? /Left out .*7\.wav/u : /1 utterance left out: the audio cannot be read .*7\.wav/u);
  });

  test.each([true, false])(
    'more than 1 % are an error that names one (durations in the manifest: %s)',
    async (durations) => {
      const train = clips(`many-${durations}`, 40, [3, 8], durations);
      const { run, ended } = start(`many-${durations}`, { train, epochs: 1 });
      const { code, err } = await ended;
      expect(code).toBe(1);
      expect(err).toMatch(/\d of 40 audio files cannot be used, more than 1 %; one of them: .*[38]\.wav/u);
      if (durations) expect(state(run).status).toBe('failed');
      else expect(existsSync(run)).toBe(false);
    },
  );
});

describe('resuming', () => {
  test('a torn line, a torn checkpoint and a lost checkpoint line are mended', async () => {
    const settings: SettingsInput = { steps: 10, checkpoint: { everySteps: 4, keep: 3, keepOptimizerState: 'all' } };
    const whole = start('mend-whole', settings);
    expect((await whole.ended).code).toBe(0);
    const torn = join(folder, 'runs', 'torn');
    cpSync(whole.run, torn, { recursive: true });
    // As if killed after the checkpoint of step 8 was in place and before its line was.
    const lines = readFileSync(join(torn, 'metrics.jsonl'), 'utf8').split('\n');
    const at = lines.findIndex((line) => line.includes('"checkpoint"') && line.includes('"step":8'));
    writeFileSync(join(torn, 'metrics.jsonl'), `${lines.slice(0, at).join('\n')}\n`);
    appendFileSync(join(torn, 'metrics.jsonl'), '{"kind":"ste');
    rmSync(join(torn, 'checkpoints', 'step-000010'), { recursive: true });
    cpSync(join(torn, 'checkpoints', 'step-000004'), join(torn, 'checkpoints', '.step-000012.abc.tmp'), {
      recursive: true,
    });
    const { code, err } = await pinch(['resume', torn], folder).ended;
    expect(code, err).toBe(0);
    expect(timeless(torn)).toEqual(timeless(whole.run));
    expect(readdirSync(join(torn, 'checkpoints'))).toEqual(['step-000004', 'step-000008', 'step-000010']);
  });

  test('a run whose lines hold their layers, as before layers.f32, is resumed as the same run, and its lines stay', async () => {
    const whole = start('rows-whole', { steps: 10, checkpoint: { everySteps: 4, keep: 3, keepOptimizerState: 'all' } });
    expect((await whole.ended).code).toBe(0);
    const old = join(folder, 'runs', 'old');
    cpSync(whole.run, old, { recursive: true });
    const records = readMetrics(join(old, 'metrics.jsonl'));
    const at = records.findIndex(({ kind, step }) => kind === 'step' && step === 7);
    const text = records.slice(0, at).map((record) => `${JSON.stringify(record)}\n`);
    writeFileSync(join(old, 'metrics.jsonl'), text.join(''));
    rmSync(join(old, 'layers.f32'));
    for (const later of ['step-000008', 'step-000010']) rmSync(join(old, 'checkpoints', later), { recursive: true });
    const { code, err } = await pinch(['resume', old], folder).ended;
    expect(code, err).toBe(0);
    expect(timeless(old)).toEqual(timeless(whole.run));
    expect(readFileSync(join(old, 'metrics.jsonl'), 'utf8').startsWith(text.join(''))).toBe(true);
  });

  test('is refused when the model or the data changed meanwhile', async () => {
    const model = writeToyModel(join(folder, 'changing'));
    const first = start('changing', { model, steps: 2 });
    expect((await first.ended).code).toBe(0);
    appendFileSync(join(model, 'model.onnx'), Buffer.from([0x42, 0x00]));
    const { code, err } = await pinch(['resume', first.run], folder).ended;
    expect(code).toBe(1);
    expect(err).toContain(`${model}: it has changed since the run was started`);
  });
});

// A limit on the size of files fails as a full disk does, with part of a file written.
test.skipIf(process.platform === 'win32').each([
  ['a checkpoint', 20, /step-000002: the checkpoint could not be written: /u],
  ['metrics', 8, /metrics\.jsonl could not be written: /u],
])(
  'a disk that takes no more of %s ends the run with its name and leaves every file whole',
  async (name, limit, sentence) => {
    const run = join(folder, 'runs', `full-${limit}`);
    const steps = name === 'metrics' ? 1000 : 2;
    const file = settingsFile(`full-${limit}`, { steps: 200, checkpoint: { everySteps: steps, keep: 1 } });
    const cli = resolve('dist/cli.js');
    const child = spawn('bash', [
      '-c',
      `ulimit -f ${limit} && "$0" "${cli}" prune --config "${file}" --run "${run}"`,
      process.execPath,
    ]);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    const records = readMetrics(join(run, 'metrics.jsonl'));
    expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8').endsWith('}\n')).toBe(true);
    expect(records.filter(({ kind }) => kind === 'step').length).toBeGreaterThan(0);
    expect(readdirSync(join(run, 'checkpoints'))).toEqual([]);
    expect(state(run).status).toBe('failed');
  },
);

test('gradients of several batches add up to one update', async () => {
  const { run, ended } = start('accumulate', { steps: 4, batch: { seconds: 1, accumulate: 3 } });
  expect((await ended).code).toBe(0);
  expect(recordsOf(run).filter(({ kind }) => kind === 'step')).toHaveLength(4);
  const { progress } = await readCheckpoint(join(run, 'checkpoints'), 4);
  const start0 = recordsOf(run)[0];
  expect(start0?.kind === 'start' && progress.epoch * start0.stepsPerEpoch * 3 + progress.batch).toBe(12);
});

test('without gates everything is trained and nothing is pruned', async () => {
  const { run, ended } = start('plain', { method: 'none', steps: 6 });
  expect((await ended).code).toBe(0);
  const steps = recordsOf(run).filter((record) => record.kind === 'step');
  expect(
    steps.every(
      ({ sparsity, sparsityTarget, layers }) => sparsity === 0 && sparsityTarget === 0 && layers.length === 0,
    ),
  ).toBe(true);
});

test('training brings the loss down', async () => {
  const { run, ended } = start('learns', {
    method: 'none',
    epochs: 12,
    dev: 'dev/manifest.jsonl',
    evaluate: { everyEpochs: 12 },
  });
  expect((await ended).code).toBe(0);
  const losses = recordsOf(run).flatMap((record) => (record.kind === 'step' ? [record.ctcLoss] : []));
  expect(losses.at(-1)!).toBeLessThan(0.3 * losses[0]!);
});
