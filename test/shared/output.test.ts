/** Models whose output is not logits as [batch, frames, symbols]: trained as PyTorch trains the model behind them, and recognised alike. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const cases = join(shared, 'cases');

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function prune(folder: string, model: string, train: string): Promise<void> {
  const settings = JSON.parse(await readFile(join(shared, 'reference/yardstick.json'), 'utf8')) as object;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...settings, method: 'none' }));
  await promisify(execFile)(process.execPath, [
    ...['dist/cli.js', 'prune', '--config', join(folder, 'config.json'), '--model', model],
    ...['--train', train, '--dev', train, '--run', join(folder, 'run'), '--json'],
  ]);
}

describe.each(['time-major', 'probabilities'])('%s', (name) => {
  test('becomes a Hugging Face checkpoint, which has logits', () =>
    inFolder(async (folder) => {
      const out = join(folder, 'checkpoint');
      const options = { for: 'huggingface', shrink: false, int8: false, out } as const;
      expect((await exportModel(join(cases, name), options)).to.model).toBe(join(out, 'model.safetensors'));
    }));

  test('is trained with the losses of the model behind it', () =>
    inFolder(async (folder) => {
      const text = await readFile(join(shared, 'reference/w2v2-tiny/dense.json'), 'utf8');
      const { steps } = JSON.parse(text) as { steps: { loss: number; grad_norm: number }[] };
      await prune(folder, join(cases, name), join(shared, 'data/digits/train.jsonl'));
      const lines = (await readFile(join(folder, 'run/metrics.jsonl'), 'utf8')).trim().split('\n');
      const found = lines
        .map((line) => JSON.parse(line) as { kind: string; ctcLoss: number; gradientNorm: number })
        .filter(({ kind }) => kind === 'step');
      expect(found).toHaveLength(20);
      found.forEach((step, i) => {
        expect(Math.abs(step.ctcLoss / steps[i]!.loss - 1)).toBeLessThan(1e-3);
        expect(Math.abs(step.gradientNorm / steps[i]!.grad_norm - 1)).toBeLessThan(1e-3);
      });
    }));

  test('is recognised as the model behind it, in batches too', async () => {
    const data = join(shared, 'data/digits/test.jsonl');
    const hypotheses = async (model: string, batch: number) =>
      (await evaluate(model, data, { batch })).hypotheses.map(({ hypothesis }) => hypothesis);
    const plain = join(shared, 'reference/w2v2-tiny/model.legacy.onnx');
    for (const batch of [1, 8]) {
      expect(await hypotheses(join(cases, name), batch)).toEqual(await hypotheses(plain, batch));
    }
  });
});

test('add-adapter-frames: texts that cannot fit the model’s frames are left out', () =>
  inFolder(async (folder) => {
    const { model, train } = { model: 'add-adapter-frames/model', train: 'add-adapter-frames/train.jsonl' };
    await expect(prune(folder, join(cases, model), join(cases, train))).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /no utterance can be trained on: 4 utterances left out: too short for the text .*13 frames/u,
      ) as string,
    });
  }));
