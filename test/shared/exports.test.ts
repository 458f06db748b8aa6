/**
 * Eight architectures, exported by both of PyTorch's exporters as the README says, from fresh weights and from ones with random biases: eight
 * steps of training against PyTorch's. The models are made here, by exports_reference.py, so this needs a Python with torch and transformers:
 * PINCH_PYTHON, or python3; without one it is left out. PINCH_EXPORTS names a folder with models that were made before.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MadeModels, canExport, python } from './madeModels.ts';
import { trainInSteps } from './trainInSteps.ts';

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
        const manifest = join(folder, 'train.jsonl');
        const found = await trainInSteps({ model, manifest, steps, changes });
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
