/**
 * Eight architectures, exported by both of PyTorch's exporters as the README says, from fresh weights and from ones with random biases: eight
 * steps of training against PyTorch's. The models are made here, by exports_reference.py, so this needs a Python with torch and transformers:
 * PINCH_PYTHON, or python3; without one it is left out. PINCH_EXPORTS names a folder with models that were made before.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MadeModels, canExport, python } from './madeModels.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const steps = 8;

const variants: Readonly<Record<string, readonly string[]>> = {
  wav2vec2: ['group', 'stable'],
  hubert: ['group', 'stable'],
  wavlm: ['group', 'stable'],
  data2vec: ['layer'],
  unispeech: ['group', 'stable'],
  unispeechsat: ['group', 'stable'],
  sew: ['group', 'layer'],
  conformer: ['group', 'layer', 'rotary'],
};
const names = Object.entries(variants).flatMap(([family, kinds]) =>
  kinds.flatMap((kind) => ['fresh', 'random'].map((biases) => `${family}-${kind}-${biases}`)),
);
/** PyTorch 2.13 does not export these itself: "Cannot view a tensor with shape …" in decomposing the graph. */
const notExported = /^conformer-(group|layer)-.*\/dynamo$/u;

const canMake = process.env['PINCH_EXPORTS'] !== undefined || canExport();
if (!canMake)
  console.log(
    `${python} lacks torch, transformers, soundfile, onnx or onnxscript: exports are not compared with PyTorch.`,
  );

interface Reference {
  steps: { loss: number; sparsity?: number }[];
}

const models = new MadeModels(process.env['PINCH_EXPORTS']);

async function train(model: string, changes: object): Promise<{ ctcLoss: number; sparsity: number }[]> {
  const run = await mkdtemp(join(tmpdir(), 'pinch-'));
  try {
    const settings = JSON.parse(await readFile(join(shared, 'reference/yardstick.json'), 'utf8')) as object;
    // Kept features are rounded to 16 bits, and those of group-norm models are without padding: not what PyTorch is given here.
    const own = { steps, features: 'recompute' };
    await writeFile(join(run, 'config.json'), JSON.stringify({ ...settings, ...own, ...changes }));
    const manifest = join(models.folder, 'train.jsonl');
    await promisify(execFile)(
      process.execPath,
      [
        ...['dist/cli.js', 'prune', '--config', join(run, 'config.json'), '--model', model],
        ...['--train', manifest, '--dev', manifest, '--run', join(run, 'run'), '--json'],
      ],
      // Several runs go side by side.
      { env: { ...process.env, PINCH_THREADS: '1' } },
    );
    const lines = (await readFile(join(run, 'run/metrics.jsonl'), 'utf8')).trim().split('\n');
    return lines
      .map((line) => JSON.parse(line) as { kind: string; ctcLoss: number; sparsity: number })
      .filter(({ kind }) => kind === 'step');
  } finally {
    await rm(run, { recursive: true });
  }
}

describe.skipIf(!canMake)('an export against PyTorch', { timeout: 900_000 }, () => {
  beforeAll(() =>
    models.start((folder) => [
      ...['test/shared/exports_reference.py', '--out', folder, '--data', join(shared, 'data/digits/train.jsonl')],
      ...['--like', join(shared, 'models/w2v2-digits'), '--steps', `${steps}`],
    ]),
  );
  afterAll(() => models.end(), 900_000);

  it.concurrent.each(names.flatMap((name) => ['dynamo', 'legacy'].map((exporter) => [name, exporter] as const)))(
    '%s, %s',
    async (name, exporter) => {
      await models.wait(name);
      const { folder } = models;
      const model = join(folder, name, exporter);
      expect(existsSync(join(folder, name, 'gated.json'))).toBe(true);
      expect(existsSync(join(model, 'model.onnx'))).toBe(!notExported.test(`${name}/${exporter}`));
      if (!existsSync(join(model, 'model.onnx'))) return;
      for (const [file, changes, most] of [
        ['dense.json', { method: 'none' }, 1e-3],
        ['gated.json', {}, 1e-2],
      ] as const) {
        const torch = JSON.parse(await readFile(join(folder, name, file), 'utf8')) as Reference;
        const found = await train(model, changes);
        expect(found).toHaveLength(steps);
        const off = found.map(({ ctcLoss }, i) => Math.abs(ctcLoss / torch.steps[i]!.loss - 1));
        console.log(`${name}, ${exporter}, ${file}: losses differ by ${Math.max(...off).toExponential(1)} at most`);
        expect(Math.max(...off)).toBeLessThan(most);
        if (file === 'gated.json')
          found.forEach(({ sparsity }, i) => {
            expect(Math.abs(sparsity - torch.steps[i]!.sparsity!)).toBeLessThan(5e-3);
          });
      }
    },
  );
});
