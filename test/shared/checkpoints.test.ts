/**
 * Checkpoints of every family and option that Pinch imports, against transformers: logits of recordings alone and padded together, and eight
 * steps of training, dense and gated. The checkpoints are made here, by checkpoints_reference.py, so this needs a Python with torch and
 * transformers: PINCH_PYTHON, or python3; without one it is left out. PINCH_CHECKPOINTS names a folder with some that were made before.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { importModel, type ImportOptions } from '../../src/huggingface/importModel.ts';
import { MadeModels, canExport, python } from './madeModels.ts';
import { trainInSteps } from './trainInSteps.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const steps = 8;

const options: Readonly<Record<string, readonly string[]>> = {
  wav2vec2: ['group', 'layer', 'stable', 'masked', 'adapter', 'narrow', 'mms', 'odd'],
  hubert: ['group', 'layer', 'stable', 'batchnorm', 'unnormed'],
  wavlm: ['group', 'layer', 'stable', 'adapter'],
  data2vec: ['layer', 'even', 'adapter'],
  unispeech: ['group', 'stable', 'language'],
  unispeechsat: ['group', 'stable', 'language'],
  sew: ['group', 'layer', 'odd', 'narrow'],
  conformer: ['group', 'layer', 'rotary', 'swish', 'unplaced', 'adapter'],
};
const names = Object.entries(options).flatMap(([family, kinds]) => kinds.map((kind) => `${family}-${kind}`));

const canMake = process.env['PINCH_CHECKPOINTS'] !== undefined || canExport();
if (!canMake)
  console.log(`${python} lacks torch, transformers or soundfile: imported checkpoints are not compared with PyTorch.`);

const models = new MadeModels(process.env['PINCH_CHECKPOINTS']);

interface Expected {
  readonly lengths: readonly number[];
  readonly shapes: readonly (readonly number[])[];
  /** Of each recording, padding left out. */
  readonly frames: readonly number[];
  readonly masked: boolean;
}

/** The largest difference of the logits of frames that are audio, over the recordings alone and padded together. */
async function compareLogits(model: string, folder: string): Promise<number> {
  const { lengths, shapes, frames, masked } = JSON.parse(
    await readFile(join(folder, 'logits.json'), 'utf8'),
  ) as Expected;
  const audio = floats(await readFile(join(folder, 'audio.f32')));
  const logits = floats(await readFile(join(folder, 'logits.f32')));
  const session = await InferenceSession.create(model);
  expect(session.inputNames).toEqual(masked ? ['input_values', 'attention_mask'] : ['input_values']);
  const longest = Math.max(...lengths);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0));
  const recordings = lengths.map((length, i) => audio.subarray(starts[i], starts[i]! + length));
  const batches = [...recordings.map((recording) => [recording]), recordings];
  let [at, most] = [0, 0];
  for (const [i, batch] of batches.entries()) {
    const samples = batch.length === 1 ? batch[0]!.length : longest;
    const values = new Float32Array(batch.length * samples);
    const mask = new BigInt64Array(values.length);
    batch.forEach((recording, row) => {
      values.set(recording, row * samples);
      mask.fill(1n, row * samples, row * samples + recording.length);
    });
    const feeds: Record<string, Tensor> = { input_values: new Tensor(values, [batch.length, samples]) };
    if (masked) feeds['attention_mask'] = new Tensor('int64', mask, [batch.length, samples]);
    const { logits: made } = await session.run(feeds);
    expect(made!.dims).toEqual(shapes[i]);
    const [, length = 0, symbols = 0] = shapes[i]!;
    batch.forEach((_, row) => {
      const own = batch.length === 1 ? frames[i]! : frames[row]!;
      for (let frame = 0; frame < own * symbols; frame++) {
        const place = row * length * symbols + frame;
        most = Math.max(most, Math.abs((made!.data as Float32Array)[place]! - logits[at + place]!));
      }
    });
    at += batch.length * length * symbols;
  }
  expect(at).toBe(logits.length);
  await session.release();
  return most;
}

const floats = (bytes: Buffer): Float32Array =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);

describe.skipIf(!canMake)('an imported checkpoint against PyTorch', { timeout: 900_000 }, () => {
  let imported = '';

  beforeAll(async () => {
    imported = await mkdtemp(join(tmpdir(), 'pinch-imported-'));
    await models.start((folder) => [
      ...['test/shared/checkpoints_reference.py', '--out', folder],
      ...['--data', join(shared, 'data/digits/train.jsonl')],
      ...['--like', join(shared, 'models/w2v2-digits'), '--steps', `${steps}`],
    ]);
  });
  afterAll(async () => {
    await models.end();
    await rm(imported, { recursive: true });
  }, 900_000);

  async function importAs(name: string, as: string, settings: ImportOptions = {}): Promise<string> {
    await models.wait(name);
    const folder = join(models.folder, name);
    expect(existsSync(join(folder, 'gated.json'))).toBe(true);
    const { model } = await importModel(folder, join(imported, as), settings);
    expect(checkModel((await loadModel(model)).model)).toEqual([]);
    return model;
  }

  it.concurrent.each(names)('%s: logits', async (name) => {
    const model = await importAs(name, name);
    const most = await compareLogits(model, join(models.folder, name));
    console.log(`${name}: logits differ by ${most.toExponential(1)} at most`);
    expect(most).toBeLessThan(1e-4);
  });

  it.concurrent('wav2vec2-mms: logits of another language, with a vocabulary of another size', async () => {
    const model = await importAs('wav2vec2-mms', 'wav2vec2-mms-xyz', { language: 'xyz' });
    expect(await compareLogits(model, join(models.folder, 'wav2vec2-mms/xyz'))).toBeLessThan(1e-4);
  });

  it.concurrent.each(names)('%s: training', async (name) => {
    const model = await importAs(name, `${name}-trained`);
    for (const [file, changes] of [
      ['dense.json', { method: 'none' }],
      ['gated.json', {}],
    ] as const) {
      const torch = JSON.parse(await readFile(join(models.folder, name, file), 'utf8')) as {
        steps: { loss: number; sparsity?: number }[];
      };
      const manifest = join(models.folder, 'train.jsonl');
      const found = await trainInSteps({ model, manifest, steps, changes });
      expect(found).toHaveLength(steps);
      const off = found.map(({ ctcLoss }, i) => Math.abs(ctcLoss / torch.steps[i]!.loss - 1));
      console.log(`${name}, ${file}: losses differ by ${Math.max(...off).toExponential(1)} at most`);
      expect(Math.max(...off)).toBeLessThan(1e-4);
      if (file === 'gated.json')
        found.forEach(({ sparsity }, i) => {
          expect(Math.abs(sparsity - torch.steps[i]!.sparsity!)).toBeLessThan(5e-3);
        });
    }
  });
});
