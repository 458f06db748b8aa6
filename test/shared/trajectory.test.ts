/**
 * Twenty steps of training against PyTorch's: the same model, batches and settings, both exporters; without gates and the feature encoder
 * frozen, without gates and everything trained, with gates, and with uniform magnitude pruning. Run by the command, as a user would.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { readMetrics, type StepWithLayers } from '../runs/readMetrics.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const reference = join(shared, 'reference');

interface Reference {
  layers: string[];
  steps: { loss: number; grad_norm: number; sparsity?: number; thresholds?: number[] }[];
}

/** @param look at the last checkpoint, while it is there */
async function train(
  model: string,
  changes: object,
  look: (checkpoint: string) => Promise<void> = () => Promise.resolve(),
): Promise<StepWithLayers[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-'));
  try {
    const settings = JSON.parse(await readFile(join(reference, 'yardstick.json'), 'utf8')) as object;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...settings, ...changes }));
    const manifest = join(shared, 'data/digits/train.jsonl');
    await promisify(execFile)(process.execPath, [
      ...['dist/cli.js', 'prune', '--config', join(folder, 'config.json')],
      ...['--model', join(reference, 'w2v2-tiny', model), '--train', manifest, '--dev', manifest],
      ...['--run', join(folder, 'run'), '--json'],
    ]);
    await look(join(folder, 'run/checkpoints/step-000020'));
    return readMetrics(join(folder, 'run/metrics.jsonl')).filter((record) => record.kind === 'step');
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function torch(file: string): Promise<Reference> {
  return JSON.parse(await readFile(join(reference, 'w2v2-tiny', file), 'utf8')) as Reference;
}

describe.each(['model.onnx', 'model.legacy.onnx'])('training %s against PyTorch', (model) => {
  it.each([
    ['dense.json', { method: 'none' }],
    ['dense-full.json', { method: 'none', freeze: [] }],
  ])('%s', async (file, changes) => {
    const { steps } = await torch(file);
    const found = await train(model, changes);
    expect(found).toHaveLength(20);
    found.forEach((step, i) => {
      expect(Math.abs(step.ctcLoss / steps[i]!.loss - 1)).toBeLessThan(1e-3);
      expect(Math.abs(step.gradientNorm / steps[i]!.grad_norm - 1)).toBeLessThan(1e-3);
    });
  });

  it('gated.json', async () => {
    const { steps, layers } = await torch('gated.json');
    const found = await train(model, {});
    expect(found).toHaveLength(20);
    found.forEach((step, i) => {
      const expected = steps[i]!;
      expect(Math.abs(step.ctcLoss / expected.loss - 1)).toBeLessThan(1e-2);
      expect(Math.abs(step.sparsity - expected.sparsity!)).toBeLessThan(5e-3);
      const thresholds = new Map(step.layers.map(({ name, threshold }) => [name, threshold]));
      layers.forEach((layer, k) => {
        const threshold = thresholds.get(layer.replace(/^wav2vec2\./u, ''));
        expect(Math.abs(threshold! - expected.thresholds![k]!)).toBeLessThan(5e-3);
      });
    });
  });

  it('ump.json', async () => {
    const text = await readFile('test/shared/ump.json', 'utf8');
    const { target, masks, steps } = JSON.parse(text) as Reference & { target: number; masks: Record<string, string> };
    let own: Record<string, string> = {};
    const changes = { method: 'ump', sparsity: { target } };
    const found = await train(model, changes, async (checkpoint) => {
      own = await masksOf(checkpoint, Object.keys(masks));
    });
    expect(own).toEqual(masks);
    expect(found).toHaveLength(20);
    found.forEach((step, i) => {
      expect(Math.abs(step.ctcLoss / steps[i]!.loss - 1)).toBeLessThan(1e-3);
      expect(Math.abs(step.gradientNorm / steps[i]!.grad_norm - 1)).toBeLessThan(1e-3);
    });
  });
});

/** SHA-256 of the bytes of each layer's mask, 0 or 1, in PyTorch's order [out, in]. */
async function masksOf(model: string, layers: readonly string[]): Promise<Record<string, string>> {
  const { file, parameters } = exposeParameters(await loadModel(model));
  const masks = parameters.flatMap(({ name, initializer, transposed, dims }) => {
    const layer = name.replace(/\.weight$/u, '');
    if (!layers.includes(layer)) return [];
    const weights = file.model.graph.initializers.get(initializer)!.data as Float32Array;
    const [rows = 0, columns = 0] = dims;
    const bytes = Uint8Array.from(weights, (_, i) => {
      const at = transposed ? (i % rows) * columns + Math.floor(i / rows) : i;
      return weights[at] === 0 ? 0 : 1;
    });
    return [[layer, createHash('sha256').update(bytes).digest('hex')] as const];
  });
  return Object.fromEntries(masks);
}
