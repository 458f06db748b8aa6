/** What `pinch prune` does besides training in the foreground: says what it would do, and starts trainers that outlive it. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants, getPriority, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DryRun } from '../../src/protocol/results/prune.ts';
import {
  pinch,
  readJson,
  recordsOf,
  toyModel,
  writeToyModel,
  writeToySettings,
  writeToySpeech,
  type Outcome,
} from '../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-prune-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--dev', 'speech/manifest.jsonl'];
const run = (...args: string[]): Promise<Outcome> => pinch(args, folder).ended;

describe('a dry run', () => {
  test('says what the run itself then says', async () => {
    const config = writeToySettings(join(folder, 'some.json'), { steps: 2, batch: { accumulate: 2 } });
    const flags = ['prune', ...usual, '--config', config, '--json'];
    const dry = await run(...flags, '--dry-run');
    expect(dry.code, dry.err).toBe(0);
    expect(existsSync(join(folder, '.pinch'))).toBe(false);
    const { settings, start, text } = JSON.parse(dry.out) as DryRun;
    expect(text).toContain('encoder.layers.0.dense');
    expect(text).toContain('8 utterances');

    const done = await run(...flags, '--run', 'real');
    expect(done.code, done.err).toBe(0);
    expect(settings).toEqual(readJson(join(folder, 'real', 'run.json'))['settings']);
    const real = recordsOf(join(folder, 'real')).find(({ kind }) => kind === 'start');
    // The guess depends on how fast the machine was just now.
    const { secondsExpected } = start;
    const timeless = { time: undefined, attempt: undefined };
    expect({ ...start, ...timeless }).toEqual({ ...real, ...timeless, secondsExpected });
  });

  test('prints a table for people', async () => {
    const { code, out } = await run('prune', ...usual, '--device', 'cpu', '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/^encoder\.layers\.1\.dense +1 +32 × 32 +1,024/mu);
    expect(out).toMatch(
      /^Learning rate 0\.0023, dropout 0\.1, SpecAugment on 30\.00 % of the features left out, because no place for it is found in this model\.$/mu,
    );
    expect(out.endsWith('\n')).toBe(true);
  });

  test('a setting that a file does not name has its default', async () => {
    writeFileSync(join(folder, 'some.json'), JSON.stringify({ batch: { seconds: 10 } }));
    const some = ['prune', ...usual, '--device', 'cpu', '--dry-run', '--config', 'some.json'];
    expect((await run(...some)).out).toMatch(
      /, dropout 0\.1, SpecAugment on 30\.00 % of the features left out, because no place for it is found in this model\.$/mu,
    );
    const over = await run(...some, '--dropout', '0.3', '--mask-time-prob', '0.1');
    expect(over.out).toMatch(
      /, dropout 0\.3, SpecAugment on 10\.00 % of the frames left out, because no place for it is found in this model\.$/mu,
    );
  });

  test('a run.json of the first form keeps the meaning of what it leaves out', async () => {
    const settings = { model: join(folder, 'model'), train: join(folder, 'speech/manifest.jsonl'), epochs: 3 };
    writeFileSync(join(folder, 'older.json'), JSON.stringify({ pinch: '0.1.0', settings }));
    const { out } = await run('prune', '--device', 'cpu', '--dry-run', '--config', 'older.json');
    expect(out).toMatch(/, dropout 0, no SpecAugment\.$/mu);
  });

  test('a run.json of a later form is refused', async () => {
    writeFileSync(join(folder, 'later.json'), JSON.stringify({ version: 5, settings: {} }));
    const { code, err } = await run('prune', ...usual, '--dry-run', '--config', 'later.json');
    expect(code).toBe(2);
    expect(err).toMatch(
      /later\.json: A newer version of Pinch wrote this run\.json \(form 5\); update Pinch to use it\./u,
    );
  });

  test('names every operator that cannot be trained, at once', async () => {
    const made = toyModel();
    const nodes = made.graph.nodes.map((node) =>
      ['Abs', 'Tanh'].includes(node.opType) ? { ...node, opType: `Odd${node.opType}` } : node,
    );
    writeToyModel(join(folder, 'odd'), { ...made, graph: { ...made.graph, nodes } });
    const { code, out } = await run('prune', ...usual, '--model', 'odd', '--device', 'cpu', '--dry-run', '--json');
    expect(code).toBe(1);
    const { status, message } = JSON.parse(out) as { status: string; message: string };
    expect(status).toBe('failed');
    expect(message).toMatch(/OddAbs/u);
    expect(message).toMatch(/OddTanh/u);
  });

  test('finds a development set that cannot be used', async () => {
    writeFileSync(join(folder, 'nothing.jsonl'), '');
    const flags = ['prune', ...usual, '--dev', 'nothing.jsonl', '--device', 'cpu', '--dry-run'];
    expect((await run(...flags)).err).toMatch(/nothing\.jsonl: this manifest is empty/u);
  });
});

describe('texts', () => {
  test('go through the steps of --text, which the run keeps: it resumes with them, and evaluations take them over', async () => {
    const lines = readFileSync(join(folder, 'speech/manifest.jsonl'), 'utf8').trim().split('\n');
    const typed = lines.map((line) => {
      const entry = JSON.parse(line) as { text: string };
      return JSON.stringify({ ...entry, text: `${entry.text.toUpperCase()} ~` });
    });
    writeFileSync(join(folder, 'speech/typed.jsonl'), `${typed.join('\n')}\n`);
    const steps = '[{"remove":"~"},"lower"]';
    const config = writeToySettings(join(folder, 'texts.json'), { steps: 2 });
    const made = await run(
      ...['prune', '--model', 'model', '--train', 'speech/typed.jsonl', '--config', config],
      ...['--text', steps, '--run', 'texts', '--json'],
    );
    expect(made.code, made.err).toBe(0);
    expect(made.err).toMatch(/remove "~" +8 +8 +"~" → ""\n/u);
    const file = readJson(join(folder, 'texts/run.json')) as { settings: { text: unknown } };
    expect(file.settings.text).toEqual(JSON.parse(steps));
    const start = recordsOf(join(folder, 'texts')).find(({ kind }) => kind === 'start');
    expect(start).toMatchObject({ utterances: 8, texts: { texts: 8, changes: [{ texts: 8 }, { texts: 8 }] } });
    const { checkpoint } = JSON.parse(made.out) as { checkpoint: string };
    const measured = await run('evaluate', checkpoint, '--data', 'speech/typed.jsonl', '--no-cost', '--json');
    expect(JSON.parse(measured.out)).toMatchObject({ texts: { steps: JSON.parse(steps) as unknown } });
    const plain = await run(
      'evaluate',
      'model',
      '--data',
      'speech/typed.jsonl',
      '--no-cost',
      '--text',
      'none',
      '--json',
    );
    expect(JSON.parse(plain.out)).toMatchObject({ texts: { steps: [], changes: [] } });
  });

  test.each([
    ['numbers', /^--text must be "auto" or a list of steps: invisible, .*; it is "numbers"\.$/mu],
    ['[{"remove":"[noise]"}]', /^--text has a "remove" that must be characters/mu],
    ['["lower"', /^--text is no JSON list: /mu],
  ])('--text %s is refused', async (text, sentence) => {
    const { code, err } = await run('prune', ...usual, '--dry-run', '--text', text);
    expect([code, err]).toEqual([2, expect.stringMatching(sentence)]);
  });
});

describe('a detached run', () => {
  const long = ['--steps', '100000', '--json'];
  const flags = (name: string): string[] => {
    const config = writeToySettings(join(folder, `${name}.json`), { checkpoint: { everySteps: 1_000_000 } });
    return ['prune', '--model', 'model', '--train', 'speech/manifest.jsonl', '--config', config, '--run', name];
  };
  const stateOf = (name: string): Record<string, unknown> => readJson(join(folder, name, 'state.json'));

  test('outlives the command, its process group and a hang-up; it can be stopped and resumed', async () => {
    const command = [process.execPath, resolve('dist/cli.js'), ...flags('alone'), ...long, '--detach'];
    // The shell stays, so that there is a group to kill.
    const shell = spawn('sh', ['-c', '"$@"; sleep 60', 'sh', ...command], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(shell.stdout.setEncoding('utf8'), 'data')) as [string];
    const { run: path, pid } = JSON.parse(line) as { run: string; pid: number };
    expect(path).toBe(join(folder, 'alone'));
    await waitFor(() => stateOf('alone')['status'] === 'running');
    // What somebody does at the machine comes first; where this test itself runs low already, it can be lower still.
    expect(getPriority(pid)).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);

    const closed = once(shell, 'close');
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
    await closed;
    process.kill(pid, 'SIGHUP');
    const { step } = recordsOf(path).at(-1) ?? { step: 0 };
    await waitFor(() => (recordsOf(path).at(-1)?.step ?? 0) > step + 3);

    const refused = await run('resume', 'alone', '--detach', '--json');
    expect(refused.code).toBe(1);
    expect((JSON.parse(refused.out) as { message: string }).message).toMatch(/in use: process \d+ trains in it/u);
    expect(stateOf('alone')).toMatchObject({ pid, status: 'running' });

    process.kill(pid, 'SIGTERM');
    await waitFor(() => stateOf('alone')['status'] === 'stopped');
    const resumed = await run('resume', 'alone', '--detach', '--json');
    expect(resumed.code, resumed.err).toBe(0);
    const again = JSON.parse(resumed.out) as { run: string; pid: number };
    expect(again).toEqual({ run: path, pid: stateOf('alone')['pid'] });
    await waitFor(() => stateOf('alone')['status'] === 'running');
    process.kill(again.pid, 'SIGTERM');
    await waitFor(() => stateOf('alone')['status'] === 'stopped');
    // What was said stands in the log once.
    const log = readFileSync(join(path, 'trainer.log'), 'utf8');
    expect(log.match(/Stopped at step/gu)).toHaveLength(2);
  });

  test('prints the start table and ends when training begins; told not to wait, it does not', async () => {
    const waited = await run(...flags('waited'), ...long, '--detach');
    expect(waited.err).toMatch(/^layers +count +shape of each +parameters\n/mu);
    expect(waited.err).toMatch(/^encoder\.layers\.1\.dense +1 +32 × 32/mu);
    expect(waited.err).toMatch(/a first guess of the time is/u);
    expect(stateOf('waited')['status']).toBe('running');
    process.kill(Number(stateOf('waited')['pid']), 'SIGTERM');

    const whole = await run(...flags('hurried'), ...long, '--detach', '--no-wait', '--table');
    expect(whole.err).not.toContain('layers');
    await waitFor(() => stateOf('hurried')['status'] === 'running');
    expect(readFileSync(join(folder, 'hurried', 'trainer.log'), 'utf8')).toContain('encoder.layers.1.dense');
    process.kill(Number(stateOf('hurried')['pid']), 'SIGTERM');
    for (const name of ['waited', 'hurried']) await waitFor(() => stateOf(name)['status'] === 'stopped');
  });

  test('that fails before its first step says so in a folder that stays', async () => {
    writeFileSync(join(folder, 'speech', 'x.jsonl'), '{"audio_filepath":"0.wav","text":"xyz","duration":1}\n');
    const { code, err } = await run(...flags('failed'), '--train', 'speech/x.jsonl', '--steps', '1', '--detach');
    expect(code).toBe(1);
    expect(err).toMatch(/x\.jsonl: no utterance can be trained on/u);
    expect(stateOf('failed')['status']).toBe('failed');
    expect(stateOf('failed')['message']).toMatch(/x\.jsonl: no utterance can be trained on/u);
    expect(readFileSync(join(folder, 'failed', 'trainer.log'), 'utf8')).toMatch(/no utterance can be trained on/u);
  });

  test('whose trainer cannot even be loaded is an error, and the folder says so', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(broken);
    copyFileSync(resolve('dist/cli.js'), join(broken, 'cli.mjs'));
    copyFileSync(resolve('dist/hash-worker.js'), join(broken, 'hash-worker.js'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
    writeFileSync(join(broken, 'trainer.js'), 'throw new Error("no library");');
    const args = [join(broken, 'cli.mjs'), ...flags('never'), '--steps', '1', '--detach', '--json'];
    const { code, stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string },
    );
    expect(code).toBe(1);
    const message = 'The trainer ended before it had begun (exit code 1).';
    expect(JSON.parse(stdout)).toEqual({ status: 'failed', message });
    expect(stateOf('never')).toMatchObject({ status: 'failed', message });
    expect(readFileSync(join(folder, 'never', 'trainer.log'), 'utf8')).toContain('no library');
  });

  test.each([
    ['metrics that are none', 'metrics.jsonl', 'this is text\n', /metrics\.jsonl:1: this is not a line/u],
    ['settings of another version', 'run.json', undefined, /There is no setting "bach"/u],
  ])('a finished run with %s is refused with the reason', async (name, file, text, sentence) => {
    const made = name.replaceAll(' ', '-');
    await run(...flags(made), '--steps', '1', '--detach');
    await waitFor(() => stateOf(made)['status'] === 'done');
    const path = join(folder, made, file);
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, text ?? before.replace('"batch"', '"bach"'));
    expect((await run('resume', made, '--detach')).err).toMatch(sentence);
    expect(stateOf(made)['status']).toBe('failed');
    expect(stateOf(made)['message']).toMatch(sentence);
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  const until = Date.now() + 20_000;
  while (!holds(condition)) {
    if (Date.now() > until) throw new Error(`this did not come true: ${condition.toString()}`);
    await setTimeout(20);
  }
}

/** Files that are not there yet do not hold anything. */
function holds(condition: () => boolean): boolean {
  try {
    return condition();
  } catch {
    return false;
  }
}
