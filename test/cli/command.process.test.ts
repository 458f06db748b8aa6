/** The command as people type it: one sentence and the right exit code for every mistake, one JSON object for programs. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../src/onnx/graph/graph.ts';
import { pinch, toyModel, writeToyModel, writeToySpeech, type Outcome } from '../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-cli-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 4);
  mkdirSync(join(folder, 'empty'));
  writeFileSync(join(folder, 'nothing.jsonl'), '');
  writeFileSync(join(folder, 'text.onnx'), 'this is text');
  writeFileSync(join(folder, 'bad.json'), '{"model": ');
  writeFileSync(join(folder, 'list.json'), '[]');
  writeFileSync(join(folder, 'typo.json'), '{"bach": 3}');
  writeFileSync(join(folder, 'range.json'), '{"sparsity": {"target": 65}}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Outcome> => pinch(args, folder).ended;
const usual = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--device', 'cpu', '--steps', '1'];

/** One line that ends like a sentence, and no stack. */
function expectSentence({ err }: Outcome, pattern: RegExp | string): void {
  const lines = err.split('\n').filter((line) => line !== '' && !line.startsWith('Run folder: '));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/[.!?]$/u);
  expect(err).not.toMatch(/\n\s+at /u);
  expect(lines[0]).toMatch(pattern);
}

describe('wrong usage exits with 2', () => {
  test.each([
    ['no command', [], /pinch --help/u],
    ['an unknown command', ['prunne'], /unknown command 'prunne'/iu],
    ['an unknown flag', ['prune', '--modell', 'x'], /unknown option '--modell'/iu],
    ['a missing argument', ['inspect'], /missing required argument 'model'/iu],
    ['a missing flag', ['evaluate', 'model'], /required option '--data <manifest>' not specified/iu],
    ['no model', ['prune', '--train', 'speech/manifest.jsonl'], '--model is missing.'],
    ['no training data', ['prune', '--model', 'model'], '--train is missing.'],
    [
      'no number',
      ['prune', ...usual, '--target-sparsity', 'much'],
      '--target-sparsity must be a number; it is "much".',
    ],
    [
      'a number out of range',
      ['prune', ...usual, '--target-sparsity', '65'],
      '--target-sparsity must be a number from 0 to 1; it is 65.',
    ],
    [
      'a part of a step',
      ['prune', ...usual, '--steps', '1.5'],
      /--steps must be a whole number from 1 on; it is "1.5"/u,
    ],
    [
      'an unknown device',
      ['prune', ...usual, '--device', 'tpu'],
      /--device must be auto or cpu or webgpu or cuda; it is "tpu"/u,
    ],
    [
      'a model that is not there',
      ['prune', ...usual, '--model', 'nowhere'],
      /--model: .*nowhere: the file does not exist/u,
    ],
    [
      'a manifest that is not there',
      ['prune', ...usual, '--dev', 'nowhere'],
      /--dev: .*nowhere: the file does not exist/u,
    ],
    [
      'a configuration that is not there',
      ['prune', '--config', 'none.json'],
      /none.json: the settings cannot be read/u,
    ],
    ['a configuration that is not JSON', ['prune', '--config', 'bad.json'], /bad.json: this is not JSON/u],
    [
      'a configuration that is a list',
      ['prune', '--config', 'list.json'],
      /list.json: the settings must be a JSON object/u,
    ],
    ['an unknown setting', ['prune', ...usual, '--config', 'typo.json'], /typo.json: There is no setting "bach"/u],
    [
      'a setting out of range',
      ['prune', ...usual, '--config', 'range.json'],
      /range.json: The setting "sparsity.target" must be/u,
    ],
  ])('%s', async (_, args, sentence) => {
    const outcome = await run(...args);
    expect(outcome.code, outcome.err).toBe(2);
    expect(outcome.out).toBe('');
    expectSentence(outcome, sentence);
  });
});

describe('bad input exits with 1 and leaves nothing behind', () => {
  function model(name: string, change: (model: Model) => Model = (same) => same): string {
    return writeToyModel(join(folder, name), change(toyModel()));
  }
  const replaced = (made: Model, graph: Partial<Model['graph']>): Model => ({
    ...made,
    graph: { ...made.graph, ...graph },
  });

  test.each<[string, () => string[], RegExp]>([
    ['not an ONNX file', () => ['--model', 'text.onnx'], /text\.onnx: this is not an ONNX file/u],
    ['a folder without a model', () => ['--model', 'empty'], /empty: there is no \.onnx file/u],
    [
      'a truncated model',
      () => {
        const path = model('cut');
        truncateSync(join(path, 'model.onnx'), 5000);
        return ['--model', path];
      },
      /model\.onnx: this is not an ONNX file, or it is cut short/u,
    ],
    [
      'a model that gives no logits',
      () => [
        '--model',
        model('flat', (made) => replaced(made, { outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 5] }] })),
      ],
      /model\.onnx: Pinch needs a CTC model/u,
    ],
    [
      'no tokenizer',
      () => {
        const path = model('mute');
        rmSync(join(path, 'vocab.json'));
        return ['--model', path];
      },
      /mute: no vocab\.json/u,
    ],
    ['an empty manifest', () => ['--train', 'nothing.jsonl'], /nothing\.jsonl: this manifest is empty/u],
    [
      'texts that cannot be spelled',
      () => {
        writeFileSync(join(folder, 'speech', 'x.jsonl'), '{"audio_filepath":"0.wav","text":"xyz","duration":1}\n');
        return ['--train', 'speech/x.jsonl'];
      },
      /x\.jsonl: no utterance can be trained on: .*"x" \(U\+0078\), "y" \(U\+0079\), "z"/u,
    ],
    [
      'an operator that Pinch does not know',
      () => [
        '--model',
        model('strange', (made) =>
          replaced(made, {
            nodes: made.graph.nodes.map((node) =>
              node.opType === 'Abs' ? { ...node, opType: 'Frobnicate', name: 'odd' } : node,
            ),
          }),
        ),
      ],
      /Frobnicate "odd"/u,
    ],
    [
      'no layer to gate',
      () => {
        writeFileSync(join(folder, 'ignore.json'), '{"gates": {"ignore": ["dense"]}}');
        return ['--config', 'ignore.json'];
      },
      /model\.onnx: there is no layer to gate/u,
    ],
    [
      'layers without the names of modules',
      () => [
        '--model',
        model('nameless', (made) => {
          const nodes = made.graph.nodes.map((node) => ({ ...node, name: '', metadata: {} }));
          return replaced(made, { nodes });
        }),
      ],
      /nameless.model\.onnx: the names of layers, such as ".*take the file from before the optimization/u,
    ],
    ['a device that does not work', () => ['--device', 'cuda'], /The device "cuda" does not work here: /u],
    ['a run folder that is not empty', () => ['--run', 'speech'], /speech: the folder for a new run must be empty/u],
  ])('%s', async (name, flags, sentence) => {
    const into = join(folder, 'runs', name.replaceAll(' ', '-'));
    const outcome = await run('prune', ...usual, '--run', into, ...flags());
    expect(outcome.code, outcome.err).toBe(1);
    const all = outcome.err.replaceAll('\n', ' ');
    expect(all).toMatch(sentence);
    expect(all).not.toMatch(/\s+at .*:\d+:\d+/u);
    expect(() => readdirSync(into)).toThrow('ENOENT');
  });

  test('a folder that is no run', async () => {
    const outcome = await run('resume', 'speech');
    expect(outcome.code).toBe(1);
    expectSentence(outcome, 'speech: this is not a run folder; it has no run.json.');
  });
});

describe('what was measured is printed, whatever becomes of the folder', () => {
  beforeAll(() => {
    writeToyModel(join(folder, 'blocked'));
    writeFileSync(join(folder, 'blocked', 'model.evaluations'), 'a file where the folder would be');
  });

  test('evaluate --keep', async () => {
    const { code, out, err } = await run('evaluate', 'blocked', '--data', 'speech/manifest.jsonl', '--keep');
    expect(code).toBe(1);
    expect(out).toContain('word error rate');
    expect(err).toMatch(/^The evaluation could not be written\. .*: (?:there is a file|a part of the path).*\.$/mu);
  });

  test('evaluate --keep --json has the transcripts that could not be kept', async () => {
    const { out } = await run('evaluate', 'blocked', '--data', 'speech/manifest.jsonl', '--keep', '--json');
    const answer = JSON.parse(out) as { hypotheses: unknown[]; message: string };
    expect(answer.hypotheses).toHaveLength(4);
    expect(answer.message).toMatch(/could not be written/u);
  });

  test('diff --keep', async () => {
    const { code, out, err } = await run('diff', 'blocked', 'model', '--data', 'speech/manifest.jsonl', '--keep');
    expect(code).toBe(1);
    expect(out).not.toBe('');
    expect(err).toMatch(/could not be kept beside the model/u);
  });
});

describe('answers', () => {
  test('--help lists the commands and their flags, on standard output', async () => {
    const { code, out, err } = await run('--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of ['prune', 'resume', 'evaluate', 'diff', 'inspect']) expect(out).toContain(command);
    expect((await run('prune', '--help')).out).toContain('--target-sparsity');
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect((await run('--version')).out).toBe(`${version}\n`);
  });

  test('with --json a failure is one JSON object, too', async () => {
    const { code, out, err } = await run('inspect', 'text.onnx', '--json');
    expect(code).toBe(1);
    const answer = JSON.parse(out) as { status: string; message: string };
    expect(answer.status).toBe('failed');
    expect(err.trim()).toBe(answer.message);
  });

  test('inspect and evaluate give one JSON object', async () => {
    const inspected = JSON.parse((await run('inspect', 'model', '--json')).out) as Record<string, unknown>;
    expect(inspected).toHaveProperty('tensors');
    const evaluated = await run('evaluate', 'model', '--data', 'speech/manifest.jsonl', '--json');
    expect(evaluated.code, evaluated.err).toBe(0);
    expect(JSON.parse(evaluated.out)).toMatchObject({ utterances: 4 });
  });

  test('a model is timed only when that is asked for', async () => {
    type Timed = { cost: { runs: number; own: { latency: number | null } } };
    const cost = async (...flags: string[]) => {
      const { code, out, err } = await run('inspect', 'model', '--json', ...flags);
      expect(code, err).toBe(0);
      return (JSON.parse(out) as Timed).cost;
    };
    expect(await cost()).toMatchObject({ runs: 0, own: { latency: null } });
    expect((await cost('--latency')).own.latency).toBeGreaterThan(0);
    const refused = await run('inspect', 'model', '--latency', '--no-cost');
    expect(refused.code).toBe(2);
    expectSentence(refused, 'Leave out --no-cost or --latency: the latency is part of the cost.');
  });

  test('without a run folder named, one is made after the day and the folder of the model', async () => {
    const { code, out } = await run('prune', ...usual, '--json');
    expect(code).toBe(0);
    const day = new Date().toISOString().slice(0, 10);
    expect((JSON.parse(out) as { run: string }).run).toMatch(
      new RegExp(`/\\.pinch/runs/${day}-${basename(folder)}-1$`, 'u'),
    );
  });

  test('PINCH_DEBUG=1 shows where an error came from', async () => {
    process.env['PINCH_DEBUG'] = '1';
    try {
      expect((await run('inspect', 'text.onnx')).err).toMatch(/\n\s+at /u);
    } finally {
      delete process.env['PINCH_DEBUG'];
    }
  });
});
