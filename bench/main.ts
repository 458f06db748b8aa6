/**
 * Benchmarks, each a command: `npm run bench -- step|ctc|launches|start|settle|follow|shrunk|guess|plan|pages …`. They print JSON lines; the figures that were taken stand in README.md
 * beside this file. Ratios come from runs that take turns, because machines are noisy.
 */

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { completeSettings } from '../src/protocol/settings.ts';
import { describeRun } from '../src/runfolder/inputs.ts';
import { keepMemory } from '../src/train/start/process.ts';
import { createRunFolder } from '../src/runfolder/runFolder.ts';
import { describeCost } from '../src/measure/cost/costReport.ts';
import { follow } from './follow.ts';
import { launches } from './launches.ts';
import { plan } from './plan.ts';
import { settleOnce } from './settle.ts';
import { costWithout } from './shrunk.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    torch: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    length: { type: 'string', default: '100000' },
    layers: { type: 'string', default: '200' },
    share: { type: 'string', default: '0.65' },
    'encoder-channels': { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    driver: { type: 'string', default: '/usr/lib/chromium/vk_swiftshader_icd.json' },
    kept: { type: 'boolean', default: false },
    config: { type: 'string' },
    busy: { type: 'boolean', default: false },
  },
});
const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const run = promisify(execFile);

interface StepTime {
  readonly seconds_per_step: number;
  readonly fastest: number;
  readonly peak_rss_mb: number;
}

const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};

async function pinchStep(
  model: string,
  mode: string,
  steps: string,
  profile: readonly string[] = [],
): Promise<StepTime> {
  const script = join(import.meta.dirname, 'step.ts');
  const args = ['--import', 'tsx', script, model, mode, steps, '4', '5', ...profile];
  // In the trainer's own environment.
  return JSON.parse((await run(process.execPath, args, { env: { ...process.env, ...keepMemory } })).stdout) as StepTime;
}

async function torchStep(python: string, model: string, mode: string, steps: string): Promise<StepTime> {
  const script = join(shared, 'reference/torch_reference.py');
  const gated = mode.startsWith('gated') ? ['--gated'] : [];
  const args = [script, 'bench', '--random', '--model', model, '--steps', steps, '--seconds', '5', ...gated];
  return JSON.parse((await run(python, args)).stdout) as StepTime;
}

/**
 * One training step, 4 utterances of 5 s: seconds and peak memory, gated and not, and with features kept as in every epoch but the first,
 * in turns with PyTorch (`--torch PYTHON`), which has no such form. `--kept` measures the last form alone.
 */
async function step(model: string): Promise<void> {
  const seconds: Record<string, number[]> = {};
  const memory: Record<string, number[]> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const mode of ['ungated', 'gated']) {
      const rows: [string, StepTime][] = [];
      for (const form of values.kept ? [`${mode}-kept`] : [mode, `${mode}-kept`]) {
        rows.push([`pinch ${form}`, await pinchStep(model, form, values.steps)]);
      }
      if (values.torch !== undefined) {
        rows.push([`torch ${mode}`, await torchStep(values.torch, model, mode, values.steps)]);
      }
      for (const [name, time] of rows) {
        (seconds[name] ??= []).push(time.seconds_per_step);
        (memory[name] ??= []).push(time.peak_rss_mb);
        console.log(JSON.stringify({ round, name, ...time }));
      }
    }
  }
  const of = (name: string): number[] => seconds[name] ?? [];
  const ratio = (a: string, b: string): number => median(of(a).map((time, i) => time / (of(b)[i] ?? NaN)));
  const ratios = Object.fromEntries(
    [
      ['pinch gated', 'pinch ungated'],
      ['pinch ungated', 'torch ungated'],
      ['pinch gated', 'torch gated'],
      ['pinch ungated-kept', 'torch ungated'],
      ['pinch gated-kept', 'torch gated'],
    ].map(([a = '', b = '']) => [`${a} / ${b}`, ratio(a, b)]),
  );
  const medians = (table: Record<string, number[]>): Record<string, number> =>
    Object.fromEntries(Object.entries(table).map(([name, numbers]) => [name, median(numbers)]));
  console.log(JSON.stringify({ seconds: medians(seconds), peakMegabytes: medians(memory), ratios }));
}

interface ProfileEvent {
  readonly cat?: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
}

/** CTC's share of a step, from onnxruntime's own profile of the last one. */
async function ctc(model: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
  try {
    await pinchStep(model, 'ungated', '1', [join(folder, 'profile')]);
    const [file = ''] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[];
    const last = events.findLast(({ name }) => name === 'model_run');
    if (!last) throw new Error('the profile has no run');
    // Scans count with their bodies, so the bodies' own nodes are left out.
    const nodes = events.filter(
      ({ cat, name, ts }) => cat === 'Node' && ts >= last.ts && /^ctc\/[^/]*_kernel_time$/u.test(name),
    );
    const time = nodes.reduce((sum, { dur }) => sum + dur, 0);
    console.log(
      JSON.stringify({ ctcMilliseconds: time / 1000, stepMilliseconds: last.dur / 1000, share: time / last.dur }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** From `pinch prune` to the end of the first step, on w2v2-digits. */
async function start(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
  const times: number[] = [];
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const began = Date.now();
      const runFolder = join(folder, String(round));
      await run(process.execPath, [
        ...['dist/cli.js', 'prune', '--model', join(shared, 'models/w2v2-digits'), '--steps', '1', '--json'],
        ...['--train', join(shared, 'data/digits/train.jsonl'), '--dev', join(shared, 'data/digits/dev.jsonl')],
        ...['--run', runFolder],
      ]);
      const lines = readFileSync(join(runFolder, 'metrics.jsonl'), 'utf8').trim().split('\n');
      const first = lines
        .map((line) => JSON.parse(line) as { kind: string; time: string })
        .find(({ kind }) => kind === 'step');
      times.push((Date.parse(first?.time ?? '') - began) / 1000);
    }
    console.log(JSON.stringify({ secondsToFirstStep: median(times), all: times }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * How well runs foresee their time: the first guess, what was said at each tenth, and what was taken; `--busy` keeps every core busy
 * meanwhile. The settings are a run.json's or a --config file's; features are made anew each time.
 */
async function guess(config: string): Promise<void> {
  const file = JSON.parse(readFileSync(config, 'utf8')) as { settings?: object };
  const paths = Object.entries(file.settings ?? file).map(([key, value]: [string, unknown]) =>
    ['model', 'train', 'dev'].includes(key) && typeof value === 'string'
      ? [key, resolve(dirname(config), value)]
      : [key, value],
  );
  const settings = completeSettings(Object.fromEntries(paths));
  const loops = values.busy
    ? Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ['-e', 'for(;;);']))
    : [];
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
      try {
        const made = await createRunFolder(await describeRun(settings), settings.model, join(folder, 'runs', 'guess'));
        const args = ['--import', 'tsx', join(import.meta.dirname, 'guess.ts'), made.folder];
        const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...keepMemory } });
        console.log(JSON.stringify({ round, busy: values.busy, ...(JSON.parse(stdout) as object) }));
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
  }
}

/** The pages of a long run, of ten, and of a fast one, in a real workbench: figures, whatever else the machine does. */
async function pages(): Promise<void> {
  const script = join(import.meta.dirname, '../test/e2e/run.mjs');
  const environment = { ...process.env, PINCH_MEASURE: '1' };
  const child = spawn(process.execPath, [script, 'pages'], { stdio: 'inherit', env: environment });
  process.exitCode = await new Promise<number>((end) => child.once('close', (code) => end(code ?? 1)));
}

const [name] = positionals;
if (name === 'start') await start();
else if (name === 'pages') await pages();
else if (name === 'plan') await plan(shared, Number(values.rounds));
else if (name === 'settle') {
  for (let round = 0; round < Number(values.rounds); round++) console.log(JSON.stringify(settleOnce(0.65)));
} else if (name === 'follow') await follow(Number(values.length), Number(values.layers), Number(values.rounds));
else if (name === 'guess' && values.config !== undefined) await guess(values.config);
else if (name === 'shrunk' && values.model !== undefined) {
  for (let round = 0; round < Number(values.rounds); round++) {
    const cost = await costWithout(values.model, Number(values.share), {
      threads: Number(values.threads),
      encoderChannels: values['encoder-channels'],
    });
    if (round === 0) console.log(describeCost(cost));
    console.log(JSON.stringify(cost.ratios));
  }
} else if (name === 'launches' && values.model !== undefined) {
  console.log(JSON.stringify(await launches(values.model, values.driver === 'system' ? undefined : values.driver)));
} else if ((name === 'step' || name === 'ctc') && values.model !== undefined) {
  await (name === 'step' ? step(values.model) : ctc(values.model));
} else {
  console.error(
    'usage: npm run bench -- step --model DIR [--torch PYTHON] [--rounds N] [--steps N] [--kept] | ctc --model DIR | launches --model DIR [--driver FILE|system] | start | settle | follow [--length N] [--layers N] | shrunk --model MODEL [--share S] [--threads N] [--encoder-channels] | guess --config FILE [--busy] [--rounds N] | plan [--rounds N] | pages',
  );
  process.exitCode = 2;
}
