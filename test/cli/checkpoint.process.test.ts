/** The command with a Hugging Face checkpoint in place of an ONNX model. */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DryRun } from '../../src/protocol/results/prune.ts';
import type { Inspection } from '../../src/protocol/results/inspection.ts';
import { caseOf, tensorsOf, writeCheckpoint } from '../huggingface/writtenCheckpoint.ts';
import { pinch, readJson, recordsOf, writeToySettings, writeToySpeech, type Outcome } from '../train/toy.ts';

const { config, ...base } = caseOf('Wav2Vec2ForCTC');
let checkpoint = '';
let pretrained = '';
beforeAll(async () => {
  const tensors = tensorsOf({ config, ...base });
  checkpoint = await writeCheckpoint({ config, ...base }, tensors);
  const bare = new Map([...tensors].filter(([name]) => !name.startsWith('lm_head')));
  pretrained = await writeCheckpoint(
    { ...base, config: { ...config, architectures: ['Wav2Vec2ForPreTraining'] } },
    bare,
  );
  for (const folder of [checkpoint, pretrained]) writeToySpeech(join(folder, 'speech'), 8);
});
afterAll(() => {
  for (const folder of [checkpoint, pretrained]) rmSync(folder, { recursive: true, force: true });
});

const speech = ['--train', 'speech/manifest.jsonl', '--dev', 'speech/manifest.jsonl'];
const run = (folder: string, ...args: string[]): Promise<Outcome> => pinch(args, folder).ended;

async function done<T = unknown>(outcome: Promise<Outcome>): Promise<T> {
  const { code, out, err } = await outcome;
  expect(code, err).toBe(0);
  return JSON.parse(out) as T;
}

describe('a checkpoint', () => {
  test('is imported once, and inspected, evaluated and pruned', async () => {
    const { model, tensors } = await done<Inspection>(run(checkpoint, 'inspect', '.', '--json'));
    const [kept, ...others] = readdirSync(join(checkpoint, '.pinch/models'));
    expect(others).toEqual([]);
    expect(model).toBe(join(checkpoint, '.pinch/models', kept ?? '', 'model.onnx'));
    expect(tensors.map(({ layer }) => layer)).toContain('encoder.layers.0.attention.q_proj');

    const data = ['--data', 'speech/manifest.jsonl', '--no-cost', '--json'];
    await done(run(checkpoint, 'evaluate', 'model.safetensors', ...data));
    const settings = writeToySettings(join(checkpoint, 'some.json'), { steps: 2 });
    await done(run(checkpoint, 'prune', '--model', '.', ...speech, '--config', settings, '--run', 'run', '--json'));
    expect(recordsOf(join(checkpoint, 'run')).filter(({ kind }) => kind === 'step')).toHaveLength(2);
    expect((readJson(join(checkpoint, 'run/run.json'))['settings'] as { model: string }).model).toBe(
      join(checkpoint, '.pinch/models', kept ?? ''),
    );
    await done(run(checkpoint, 'diff', '.', 'run/checkpoints/step-000002', '--json'));
    expect(readdirSync(join(checkpoint, '.pinch/models'))).toEqual([kept]);
  });

  test('is written where import is told to', async () => {
    const { model } = await done<{ model: string }>(run(checkpoint, 'import', '.', '--out', 'written', '--json'));
    expect(model).toBe('written/model.onnx');
    expect(readdirSync(join(checkpoint, 'written'))).toContain('vocab.json');
  });

  test.each(['.', 'model.safetensors'])('is exported from %s into a folder beside its own', async (given) => {
    const { folder } = await done<{ folder: string }>(run(checkpoint, 'export', given, '--int8', '--json'));
    expect(folder).toBe(`${checkpoint}-int8`);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['model.onnx', 'vocab.json']));
    rmSync(folder, { recursive: true });
  });

  test('with a head takes no vocabulary', async () => {
    const { code, err } = await run(checkpoint, 'prune', '--model', '.', ...speech, '--vocab', 'vocab.json');
    expect([code, err]).toEqual([2, expect.stringContaining('Leave out --vocab')]);
  });

  test('that is damaged is one sentence', async () => {
    const { code, err } = await run(checkpoint, 'import', 'speech', '--out', 'nowhere');
    expect([code, err.trim().split('\n')]).toEqual([1, ['speech: this is no checkpoint: there is no config.json.']]);
    expect(existsSync(join(checkpoint, 'nowhere'))).toBe(false);
  });
});

describe('a checkpoint that was only pretrained', () => {
  const dry = async (...flags: string[]): Promise<DryRun> =>
    done(run(pretrained, 'prune', '--model', '.', ...speech, '--device', 'cpu', '--dry-run', '--json', ...flags));

  test('gets a head for the characters of the training texts, and is pruned later', async () => {
    const { text, settings } = await dry('--steps', '2');
    expect(text).toContain('The CTC head is new');
    expect(settings.sparsity).toMatchObject({ target: 0.65, warmup: 0.5, freeze: 0.75 });
    const [kept = ''] = readdirSync(join(pretrained, '.pinch/models'));
    const vocabulary = readFileSync(join(pretrained, '.pinch/models', kept, 'vocab.json'), 'utf8');
    expect(JSON.parse(vocabulary)).toMatchObject({ '<pad>': 0, '|': 4, a: 5 });
  });

  test('is pruned as the settings say, where they do, and with the vocabulary that is given', async () => {
    const config = writeToySettings(join(pretrained, 'some.json'), { sparsity: { warmup: 0.1 } });
    const { settings, text } = await dry('--steps', '2', '--config', config, '--vocab', 'vocab.json');
    expect(settings.sparsity).toMatchObject({ warmup: 0.1, freeze: 0.75 });
    expect(text).toContain('its 6 symbols are learned from random weights');
  });

  test('trains, and its checkpoints’ head is no longer new', async () => {
    const config = writeToySettings(join(pretrained, 'some.json'), { steps: 2 });
    await done(run(pretrained, 'prune', '--model', '.', ...speech, '--config', config, '--run', 'run', '--json'));
    const { text, settings } = await dry('--steps', '2', '--model', 'run/checkpoints/step-000002');
    expect(text).not.toContain('head is new');
    expect(settings.sparsity.warmup).toBe(0.2);
  });

  test('cannot be evaluated', async () => {
    const { code, err } = await run(pretrained, 'inspect', '.');
    expect([code, err]).toEqual([1, expect.stringContaining('was only pretrained and has no CTC head')]);
  });
});
