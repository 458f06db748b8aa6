/** A toy to train in seconds: a CTC model of some thousand weights, and clips in which every letter is a tone. */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { ints, type Model, type Node } from '../../src/onnx/graph/graph.ts';
import { float32, int64, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { effectiveRecords } from '../../src/protocol/records.ts';
import type { SettingsInput } from '../../src/protocol/settings.ts';
import { Random } from '../../src/base/random.ts';
import type { Batch } from '../../src/speech/batches/batchStream.ts';
import { readMetrics, type ReadRecord } from '../runs/readMetrics.ts';

const rate = 16_000;
const letters = ['a', 'b', 'c'] as const;
const tones = { a: 400, b: 1000, c: 2200 } as const;
const hidden = 32;
const symbols = ['<pad>', '|', ...letters];

/** Convolution, two linear layers in blocks, a head; names as PyTorch's older exporter writes them. */
export function toyModel(seed = 0): Model {
  const random = Random.seeded(seed);
  const normal = (dims: readonly number[], scale: number): Tensor => {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return float32(
      Float32Array.from({ length: size }, () => scale * random.normal()),
      dims,
    );
  };
  const node = (name: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
    opType: name.split('/').at(-1) ?? '',
    domain: '',
    name,
    inputs,
    outputs: [output],
    attributes,
  });
  const nodes = [
    node('/toy/feature_extractor/Unsqueeze', ['input_values', 'axes'], 'channel'),
    node('/toy/feature_extractor/conv/Conv', ['channel', 'conv'], 'features', {
      strides: ints([160]),
      kernel_shape: ints([320]),
    }),
    node('/toy/feature_extractor/Abs', ['features'], 'energy'),
    node('/toy/Transpose', ['energy'], 'frames', { perm: ints([0, 2, 1]) }),
    ...[0, 1].flatMap((layer) => [
      node(
        `/toy/encoder/layers.${layer}/dense/MatMul`,
        [layer === 0 ? 'frames' : 'active0', `dense${layer}`],
        `product${layer}`,
      ),
      node(`/toy/encoder/layers.${layer}/dense/Add`, [`bias${layer}`, `product${layer}`], `sum${layer}`),
      node(`/toy/encoder/layers.${layer}/Tanh`, [`sum${layer}`], `active${layer}`),
    ]),
    node('/lm_head/MatMul', ['active1', 'head'], 'logits'),
  ];
  const filters = Float32Array.from({ length: 16 * 320 }, (_, i) => {
    const [filter, sample] = [Math.floor(i / 320), i % 320];
    return (Math.sin((2 * Math.PI * (200 + 200 * filter) * sample) / rate) * Math.sin((Math.PI * sample) / 320)) / 80;
  });
  return {
    graph: {
      name: 'toy',
      nodes,
      inputs: [{ name: 'input_values', type: 'float32', dims: ['batch', 'samples'] }],
      outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'frames', symbols.length] }],
      initializers: new Map<string, Tensor>([
        ['axes', int64([1])],
        ['conv', float32(filters, [16, 1, 320])],
        ['dense0', normal([16, hidden], 1)],
        ['bias0', normal([hidden], 0.1)],
        ['dense1', normal([hidden, hidden], 0.3)],
        ['bias1', normal([hidden], 0.1)],
        ['head', normal([hidden, symbols.length], 0.3)],
      ]),
    },
    opsets: new Map([['', 17]]),
  };
}

/** The model's folder with its tokenizer files. */
export function writeToyModel(folder: string, model: Model = toyModel()): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), encodeModel(model));
  writeFileSync(
    join(folder, 'vocab.json'),
    JSON.stringify(Object.fromEntries(symbols.map((token, id) => [token, id]))),
  );
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ pad_token_id: 0, conv_kernel: [320], conv_stride: [160] }),
  );
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify({ sampling_rate: rate, do_normalize: true }));
  return folder;
}

/** A manifest of `count` clips of two to five letters, each a word. */
export function writeToySpeech(folder: string, count: number, seed = 1): string {
  mkdirSync(folder, { recursive: true });
  const random = Random.seeded(seed);
  const lines = Array.from({ length: count }, (_, clip) => {
    const text = Array.from({ length: 2 + random.below(4) }, () => letters[random.below(letters.length)] ?? 'a');
    const name = `${clip}.wav`;
    const samples = text.flatMap((letter) =>
      Array.from({ length: 1600 }, (_, i) => {
        // A pause between letters, so that equal neighbours are two.
        const tone = i < 1120 ? 0.5 * Math.sin((2 * Math.PI * tones[letter] * i) / rate) : 0;
        return tone + 0.01 * (random.uniform() - 0.5);
      }),
    );
    writeFileSync(join(folder, name), wav(samples));
    return JSON.stringify({ audio_filepath: name, text: text.join(' '), duration: samples.length / rate });
  });
  const manifest = join(folder, 'manifest.jsonl');
  writeFileSync(manifest, `${lines.join('\n')}\n`);
  return manifest;
}

function wav(samples: readonly number[]): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + 2 * samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(2 * rate, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(2 * samples.length, 40);
  return Buffer.concat([header, Buffer.from(Int16Array.from(samples, (sample) => Math.round(32767 * sample)).buffer)]);
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The built pinch command. `ended` settles when it does. */
export function pinch(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): { readonly child: ChildProcess; readonly ended: Promise<Outcome> } {
  const child = spawn(process.execPath, [resolve('dist/cli.js'), ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Outcome>((done) => child.once('close', (code) => done({ code, out, err })));
  return { child, ended };
}

/** Writes settings that train the toy for a few steps, and returns the file. */
export function writeToySettings(file: string, settings: SettingsInput): string {
  const base: SettingsInput = {
    device: 'cpu',
    batch: { seconds: 2 },
    optimizer: { learningRate: 5e-3, schedule: 'constant', warmup: 0 },
    gates: { learningRate: 2e-2 },
    freeze: ['conv'],
    dropout: 0,
    specAugment: { maskTimeProb: 0, maskFeatureProb: 0 },
  };
  writeFileSync(file, JSON.stringify({ ...base, ...settings }));
  return file;
}

/** The records that count. */
export function recordsOf(run: string): ReadRecord[] {
  return effectiveRecords(readMetrics(join(run, 'metrics.jsonl')));
}

/** The lines that count, without what may differ from one time to the next: times and attempts. */
export function timeless(run: string): unknown[] {
  const timed = new Set([
    'time',
    'attempt',
    'secondsPerStep',
    'audioSecondsPerSecond',
    'secondsExpected',
    'deviceReason',
  ]);
  return recordsOf(run).map((record) => Object.fromEntries(Object.entries(record).filter(([key]) => !timed.has(key))));
}

export function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

/** Two utterances of noise, half a second each, for graphs that are stepped by hand. */
export function noiseBatch(random: Random): Batch {
  const samples = 8000;
  return {
    shape: { rows: 2, samples, labels: 3 },
    audio: Float32Array.from({ length: 2 * samples }, () => random.normal()),
    audioLengths: Int32Array.of(samples, samples),
    labels: BigInt64Array.of(2n, 3n, 4n, 4n, 2n, 0n),
    labelLengths: BigInt64Array.of(3n, 2n),
    weights: Float32Array.of(1, 1),
    failures: [],
  };
}
