/**
 * A model as the Hugging Face hub's ONNX repositories have it, in a cache of links: `onnx/model.onnx` with external data, config and tokenizer one
 * level up. Every command takes the repository's folder; run and exports have the tokenizer's files beside them.
 */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { saveModel } from '../../src/onnx/file/save.ts';
import { pinch, writeToyModel, writeToySpeech, type Outcome } from '../train/toy.ts';

let folder = '';
let snapshot = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-hub-'));
  const plain = writeToyModel(join(folder, 'plain'));
  const repository = join(folder, 'repository');
  mkdirSync(join(repository, 'onnx'), { recursive: true });
  await saveModel(await loadModel(plain), join(repository, 'onnx/model.onnx'), { externalThreshold: 1000 });
  for (const name of ['vocab.json', 'config.json', 'preprocessor_config.json']) {
    renameSync(join(plain, name), join(repository, name));
  }
  // A smaller form beside it, which is not to be taken.
  cpSync(join(plain, 'model.onnx'), join(repository, 'onnx/model_quantized.onnx'));
  const cache = join(folder, 'hub/models--org--toy');
  snapshot = join(cache, 'snapshots', 'a'.repeat(40));
  mkdirSync(join(cache, 'blobs'), { recursive: true });
  mkdirSync(join(snapshot, 'onnx'), { recursive: true });
  for (const [i, name] of readdirSync(repository, { recursive: true, encoding: 'utf8' }).entries()) {
    if (name === 'onnx') continue;
    renameSync(join(repository, name), join(cache, 'blobs', `${i}`));
    symlinkSync(join('../../../../'.slice(0, name.includes('onnx') ? 9 : 6), 'blobs', `${i}`), join(snapshot, name));
  }
  writeToySpeech(join(folder, 'speech'), 4);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<Outcome> {
  const outcome = await pinch(args, folder).ended;
  expect(outcome.code, outcome.err).toBe(0);
  return outcome;
}
const speech = 'speech/manifest.jsonl';

test('it is inspected and evaluated, as the form in float32', async () => {
  const { out } = await run('inspect', snapshot, '--json');
  expect((JSON.parse(out) as { model: string }).model).toBe(join(snapshot, 'onnx/model.onnx'));
  await run('evaluate', snapshot, '--data', speech);
});

test('it is pruned into a run that is named after it, whose checkpoints can be evaluated', async () => {
  const flags = ['--train', speech, '--device', 'cpu', '--steps', '1', '--json'];
  await run('prune', '--model', snapshot, ...flags);
  const [name = ''] = readdirSync(join(folder, '.pinch/runs'));
  expect(name).toMatch(/^\d{4}-\d\d-\d\d-toy-1$/u);
  const checkpoint = join(folder, '.pinch/runs', name, 'checkpoints/step-000001');
  expect(readdirSync(checkpoint)).toEqual(
    expect.arrayContaining(['config.json', 'preprocessor_config.json', 'vocab.json']),
  );
  await run('evaluate', checkpoint, '--data', speech, '--against', snapshot);
});

test('what is exported of it has the tokenizer’s files beside it', async () => {
  await run('export', snapshot, '--int8', '--out', 'small');
  expect(readdirSync(join(folder, 'small')).map((name) => basename(name))).toEqual([
    ...['config.json', 'model.onnx', 'preprocessor_config.json', 'vocab.json'],
  ]);
});
