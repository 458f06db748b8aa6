/**
 * `export --to huggingface` against transformers: checkpoints of every family and option, dense, sparse and with units and heads gone, and of
 * other people's exports, are loaded by from_pretrained without a missing or unexpected key, and give the logits of the model that they came
 * from. This needs a Python with torch and transformers: PINCH_PYTHON, or python3; without one it is left out. PINCH_CHECKPOINTS and PINCH_FORMATS
 * name folders with models that were made before.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importModel } from '../../src/huggingface/importModel.ts';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import { readSafetensors, writeSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import type { Tensor } from '../../src/onnx/graph/tensor.ts';
import { MadeModels, canExport, python } from './madeModels.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const canMake = canExport();
if (!canMake)
  console.log(`${python} lacks torch or transformers: checkpoints that Pinch writes are not loaded by transformers.`);

/** As in checkpoints.test.ts and exportedForms.test.ts. */
const families = ['wav2vec2', 'hubert', 'wavlm', 'data2vec', 'unispeech', 'unispeechsat', 'sew', 'conformer'];
const exported = [
  ...['Wav2Vec2', 'Hubert', 'WavLM', 'Data2VecAudio', 'UniSpeech', 'UniSpeechSat', 'SEW'],
  ...['Wav2Vec2Conformer', 'Wav2Vec2ConformerRotary'],
];
/** The bar: of logits whose largest is about 1. */
const most = 1e-4;

const checkpoints = new MadeModels(process.env['PINCH_CHECKPOINTS']);
const formats = new MadeModels(process.env['PINCH_FORMATS']);
const out = mkdtempSync(join(tmpdir(), 'pinch-written-'));
afterAll(() => rmSync(out, { recursive: true, force: true }));

interface Loaded {
  readonly name: string;
  readonly difference: number;
  readonly largest: number;
  readonly missing_keys: readonly string[];
  readonly unexpected_keys: readonly string[];
  readonly mismatched_keys: readonly string[];
}

/** transformers, which takes a second for each model and some to begin. */
class Transformers {
  private readonly child = spawn(python, [join(import.meta.dirname, 'written_checkpoints.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  private readonly lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();

  async load(name: string, onnx: string, checkpoint: string): Promise<Loaded> {
    this.child.stdin.write(`${JSON.stringify({ name, onnx, checkpoint })}\n`);
    const { value } = (await this.lines.next()) as IteratorResult<string, undefined>;
    if (value === undefined) throw new Error(`${name}: the script ended`);
    return JSON.parse(value) as Loaded;
  }

  close(): void {
    this.child.stdin.end();
  }
}

describe.skipIf(!canMake)('a checkpoint that Pinch writes', { timeout: 900_000 }, () => {
  let transformers: Transformers;
  beforeAll(async () => {
    transformers = new Transformers();
    await checkpoints.start((folder) => [
      ...[join(import.meta.dirname, 'checkpoints_reference.py'), '--out', folder],
      ...['--data', join(shared, 'data/digits/train.jsonl')],
      // Only the models count here, and not how they train.
      ...['--like', join(shared, 'models/w2v2-digits'), '--steps', '1'],
    ]);
    await formats.start((folder) => [join(import.meta.dirname, 'formats_models.py'), folder]);
  });
  afterAll(async () => {
    transformers.close();
    await Promise.all([checkpoints.end(), formats.end()]);
  }, 900_000);

  async function check(name: string, model: string, shrink = false): Promise<void> {
    const written = await exportModel(model, {
      for: 'huggingface',
      shrink,
      int8: false,
      out: mkdtempSync(join(out, 'to-')),
    });
    const onnx = existsSync(join(model, 'model.onnx')) ? join(model, 'model.onnx') : model;
    const { difference, largest, ...keys } = await transformers.load(name, onnx, written.folder);
    console.log(`${name}: ${difference.toExponential(1)} of ${largest.toFixed(2)}; ${written.notes.join(' ')}`);
    expect(keys).toEqual({ name, missing_keys: [], unexpected_keys: [], mismatched_keys: [] });
    expect(difference / Math.max(1, largest)).toBeLessThan(most);
  }

  it.each(families)('of %s, every option: dense, sparse, without some units and heads', async (family) => {
    await checkpoints.wait(family);
    const names = readdirSync(checkpoints.folder).filter((name) => name.startsWith(`${family}-`));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const original = join(checkpoints.folder, name);
      for (const [form, change] of Object.entries(forms)) {
        const folder = mkdtempSync(join(out, `${name}-${form}-`));
        await cp(original, folder, { recursive: true });
        await changeWeights(folder, change);
        const { model } = await importModel(folder, join(folder, 'onnx'));
        await check(`${name}, ${form}`, join(model, '..'), form === 'neuron');
      }
    }
  });

  it.each(exported)('of an export of %s', async (family) => {
    await formats.wait(family);
    let checked = 0;
    for (const state of ['whole', 'pruned']) {
      for (const exporter of ['dynamo', 'legacy']) {
        const model = join(formats.folder, family, state, exporter);
        if (!existsSync(join(model, 'model.onnx'))) continue;
        if (family === 'Wav2Vec2Conformer' && exporter === 'dynamo') continue;
        await check(`${family}, ${state}, ${exporter}`, model, state === 'pruned');
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(1);
  });
});

type Change = (name: string, tensor: Tensor) => void;

const isMatrix = (name: string): boolean => /layers\.\d+\..*weight$/u.test(name) && !/norm|conv/u.test(name);

/** What pruning leaves: zeros. */
const forms: Readonly<Record<'dense' | 'sparse' | 'neuron', Change>> = {
  dense: () => undefined,
  sparse: (name, { data, dims }) => {
    if (!isMatrix(name) || dims.length !== 2) return;
    const values = data as Float32Array;
    const limit = values.map(Math.abs).sort()[Math.floor(0.65 * values.length)] ?? 0;
    values.forEach((value, i) => {
      if (Math.abs(value) < limit) values[i] = 0;
    });
  },
  // Columns of the layers that read units and heads: a third of the units in each block, one of the heads in the first.
  neuron: (name, { data, dims: [rows = 0, columns = 0] }) => {
    const isOutput = /(output_dense|ffn\d\.output_dense)\.weight$/u.test(name);
    const isHeads = /layers\.0\..*(out_proj|linear_out)\.weight$/u.test(name);
    if (!isOutput && !isHeads) return;
    const dead = isOutput ? Math.floor(columns / 3) : columns / 4;
    for (let row = 0; row < rows; row++) (data as Float32Array).fill(0, row * columns, row * columns + dead);
  },
};

async function changeWeights(folder: string, change: Change): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const { tensors, metadata } = await readSafetensors(path);
  for (const [name, tensor] of tensors) change(name, tensor);
  await writeSafetensors(path, { tensors, metadata });
  // The tokenizer is that of the reference model.
  if (!existsSync(join(folder, 'vocab.json'))) {
    for (const file of ['vocab.json', 'tokenizer_config.json']) {
      writeFileSync(join(folder, file), readFileSync(join(shared, 'reference/w2v2-tiny', file)));
    }
  }
}
