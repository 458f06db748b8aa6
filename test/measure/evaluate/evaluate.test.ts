/** Evaluation with a model whose logits are its samples, so that each clip says exactly what the test wants. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { int, type Model, type ValueInfo } from '../../../src/onnx/graph/graph.ts';
import { int64 } from '../../../src/onnx/graph/tensor.ts';
import { evaluate, evaluateOnSets } from '../../../src/measure/evaluate/evaluate.ts';
import { describeEvaluation, writeEvaluation } from '../../../src/measure/evaluate/evaluationReport.ts';
import { describeEvaluations } from '../../../src/measure/evaluate/evaluationTable.ts';

const tokens = ['<pad>', '|', 'a', 'b', 'c'];
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-evaluate-'));
  writeModel('echo', echo());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Echo {
  readonly masked?: boolean;
  readonly broken?: boolean;
  readonly symbols?: number;
  readonly outputs?: ValueInfo[];
}

/** [batch, samples] reshaped to [batch, frames, symbols]; with a mask input, padded frames are multiplied by 0; broken, by 0/0. */
function echo({ masked = false, broken = false, symbols = tokens.length, outputs }: Echo = {}): Model {
  const plane = (name: string, type: ValueInfo['type']): ValueInfo => ({ name, type, dims: ['batch', 'samples'] });
  const node = (
    opType: string,
    inputs: string[],
    output: string,
    attributes: Model['graph']['nodes'][0]['attributes'] = {},
  ) => ({
    opType,
    domain: '',
    name: output,
    inputs,
    outputs: [output],
    attributes,
  });
  const nodes = masked
    ? [node('Cast', ['mask'], 'ones', { to: int(1) }), node('Mul', ['audio', 'ones'], 'heard')]
    : [node(broken ? 'Div' : 'Max', ['audio', 'audio'], 'heard')];
  return {
    graph: {
      name: 'echo',
      nodes: [...nodes, node('Reshape', ['heard', 'shape'], 'logits')],
      inputs: [plane('audio', 'float32'), ...(masked ? [plane('mask', 'int64')] : [])],
      outputs: outputs ?? [{ name: 'logits', type: 'float32', dims: ['batch', 'frames', tokens.length] }],
      initializers: new Map([['shape', int64([0, -1, symbols])]]),
    },
    opsets: new Map([['', 17]]),
  };
}

function writeModel(name: string, model: Model, vocabulary = true): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'model.onnx'), encodeModel(model));
  writeFileSync(join(path, 'config.json'), '{"model_type":"wav2vec2","pad_token_id":0}');
  writeFileSync(join(path, 'preprocessor_config.json'), '{"sampling_rate":16000,"do_normalize":false}');
  if (vocabulary)
    writeFileSync(join(path, 'vocab.json'), JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))));
  return path;
}

/** A 16-bit WAV whose frames are the given symbols. */
function clip(text: string): Buffer {
  const symbols = Array.from(text).flatMap((letter) => [tokens.indexOf(letter === ' ' ? '|' : letter), 0]);
  const samples = Int16Array.from(symbols.flatMap((symbol) => tokens.map((_, id) => (id === symbol ? 20_000 : 0))));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  [16, 1, 16_000, 32_000].forEach((value, index) => header.writeUInt32LE(value, [16, 22, 24, 28][index]));
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}

/** A manifest of [what is said, what the transcript says]. A clip of `undefined` is missing. */
function manifest(name: string, utterances: readonly (readonly [string | undefined, string])[]): string {
  const lines = utterances.map(([said, text], index) => {
    const audio = `${name}-${index}.wav`;
    if (said !== undefined) writeFileSync(join(folder, audio), clip(said));
    return JSON.stringify({ audio_filepath: audio, text });
  });
  const path = join(folder, `${name}.jsonl`);
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('evaluate', () => {
  test('counts errors over the whole corpus and keeps every hypothesis', async () => {
    // The transcripts are in capitals; the vocabulary is not.
    const data = manifest('mixed', [
      ['ab c', 'AB C'],
      ['a b', 'a c'],
      ['a', 'a b c b'],
      ['a b c', 'a b'],
    ]);
    const evaluation = await evaluate(join(folder, 'echo'), data);
    expect(evaluation).toMatchObject({
      words: 10,
      substitutions: 1,
      deletions: 3,
      insertions: 1,
      wer: 0.5,
      skipped: [],
    });
    expect(evaluation.hypotheses.map(({ reference, hypothesis, errors }) => [reference, hypothesis, errors])).toEqual([
      ['ab c', 'ab c', 0],
      ['a c', 'a b', 1],
      ['a b c b', 'a', 3],
      ['a b', 'a b c', 1],
    ]);
    expect(evaluation.audioSeconds).toBeCloseTo(((4 + 3 + 1 + 5) * 2 * tokens.length) / 16_000, 9);
    expect(evaluation.bytes).toBe(readFileSync(join(folder, 'echo/model.onnx')).length);
    expect(evaluation.latency.p95).toBeGreaterThanOrEqual(evaluation.latency.median);
  });

  test.each([
    ['without a mask', false],
    ['with a mask', true],
  ])('a padded batch gives the same, %s', async (_, masked) => {
    const model = writeModel(`batch-${masked}`, echo({ masked }));
    const data = manifest('batch', [
      ['a b c a', 'a'],
      ['b', 'b'],
      ['c c', 'c c'],
      ['a', 'b'],
      ['b c', 'b c'],
    ]);
    const single = await evaluate(model, data);
    const batched = await evaluate(model, data, { batch: 2 });
    expect(batched.hypotheses).toEqual(single.hypotheses);
    expect(describeEvaluation(batched)).toMatch(/only a batch of 1 is exact/u);
    expect(describeEvaluation(single)).not.toMatch(/Padding/u);
  });

  test('names what is counted, what the vocabulary lacks, and the warning', async () => {
    const model = writeModel('units', echo({ masked: false }));
    const data = manifest('units', [['a b', 'a \u200bé é']]);
    const evaluation = await evaluate(model, data);
    expect(evaluation.unwritable).toEqual([{ text: 'é', count: 2 }]);
    const said = describeEvaluation(evaluation);
    expect(said).toMatch(/lacks characters of the references.*: "é" \(U\+00E9\) 2 times\./u);
    expect(said).toMatch(/word error rate .*character error rate/su);
    const phones = describeEvaluation({ ...evaluation, unit: 'phone', warning: 'Look at the texts.' });
    expect(phones).toMatch(/phone error rate.*3 phones in 1 utterance.*lacks phones.*Warning: Look at the texts\./su);
    expect(phones).not.toMatch(/word error|character error/u);
  });

  test('takes the references through the steps, says so, and writes both forms', async () => {
    const data = manifest('steps', [
      ['a b', 'A\u200b, b!'],
      ['c', 'c'],
    ]);
    const evaluation = await evaluate(join(folder, 'echo'), data);
    expect(evaluation.wer).toBe(0);
    expect(evaluation.hypotheses.map(({ reference, written }) => [reference, written])).toEqual([
      ['a b', 'A\u200b, b!'],
      ['c', undefined],
    ]);
    expect(evaluation.texts?.changes).toEqual([
      { step: 'invisible', texts: 1, characters: 1, examples: [{ before: 'A\u200b,', after: 'A,' }] },
      { step: 'case', texts: 1, characters: 1, examples: [{ before: 'A,', after: 'a,' }] },
      { step: 'punctuation', texts: 1, characters: 2, examples: [{ before: 'a, b!', after: 'a b' }] },
    ]);
    expect(describeEvaluation(evaluation)).toMatch(/invisible +1 +1 +"A<U\+200B>," → "A,"\n/u);
    await writeEvaluation(join(folder, 'steps-out'), evaluation);
    const read = (name: string) => readFileSync(join(folder, 'steps-out', name), 'utf8');
    expect(read('ref.trn')).toBe('a b (steps-0.wav)\nc (steps-1.wav)\n');
    expect(read('ref.written.trn')).toBe('A\u200b, b! (steps-0.wav)\nc (steps-1.wav)\n');
    const [first] = read('hypotheses.jsonl').split('\n');
    expect(JSON.parse(first!)).toMatchObject({ text: 'a b', written_text: 'A\u200b, b!', pred_text: 'a b' });
  });

  test('takes the steps that are asked for, else those of the run of the checkpoint or of the other model', async () => {
    const data = manifest('whose', [['a b', 'A, b']]);
    writeModel('run/checkpoints/step-000001', echo());
    const settings = { model: 'm', train: 't', text: ['lower'] };
    writeFileSync(join(folder, 'run/run.json'), JSON.stringify({ version: 3, settings }));
    const checkpoint = join(folder, 'run/checkpoints/step-000001');
    const reference = async (...given: Parameters<typeof evaluate>): Promise<string | undefined> =>
      (await evaluate(...given)).hypotheses[0]?.reference;
    expect(await reference(checkpoint, data)).toBe('a, b');
    expect(await reference(checkpoint, data, { text: [] })).toBe('A, b');
    expect(await reference(join(folder, 'echo'), data)).toBe('a b');
    expect(await reference(join(folder, 'echo'), data, { against: checkpoint })).toBe('a, b');
  });

  test('reports progress to the last utterance', async () => {
    const seen: number[] = [];
    await evaluate(
      join(folder, 'echo'),
      manifest('progress', [
        ['a', 'a'],
        ['b', 'b'],
        ['c', 'c'],
      ]),
      {
        onProgress: ({ done }) => seen.push(done),
      },
    );
    // Once the model is loaded and its memory is known, and after each utterance.
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test('on several sets finds what it finds on each, and gives each out as soon as it is there', async () => {
    const sets = ['first', 'second'].map((name, at) =>
      manifest(name, [
        ['a b', at === 0 ? 'a b' : 'a c'],
        ['c', 'c'],
      ]),
    );
    const order: string[] = [];
    const together = await evaluateOnSets(
      join(folder, 'echo'),
      sets.map((set, at) => ({
        manifest: set,
        onEvaluated: ({ wer }) => Promise.resolve(void order.push(`${at} has ${wer.toFixed(2)}`)),
      })),
      { onSet: (at) => order.push(`${at} begins`) },
    );
    expect(order).toEqual(['0 begins', '0 has 0.00', '1 begins', '1 has 0.33']);
    for (const [at, set] of sets.entries()) {
      const { hypotheses, errors, words, modelFile } = await evaluate(join(folder, 'echo'), set);
      expect(together[at]).toMatchObject({ hypotheses, errors, words, modelFile });
    }
    const text = describeEvaluations(together.map((evaluation, at) => ({ name: `set-${at}`, evaluation })));
    expect(text).toMatch(/^set {4}word error rate /u);
    expect(text).toMatch(/^set-1 +33\.33 % +1 +0 +0 +3 +2 /mu);
  });

  test('on several sets compares with another model on each', async () => {
    writeModel('other', echo());
    const sets = ['one-of', 'two-of'].map((name) => manifest(name, [['a b', 'a c']]));
    const other = join(folder, 'other');
    const evaluations = await evaluateOnSets(
      join(folder, 'echo'),
      sets.map((set) => ({ manifest: set })),
      { against: other, cost: true },
    );
    expect(evaluations.map(({ comparison }) => comparison?.against.data)).toEqual(sets);
    expect(evaluations.map(({ cost }) => cost !== undefined)).toEqual([true, false]);
  });

  test('a manifest that cannot be read is said before anything is recognised', async () => {
    const seen: number[] = [];
    const sets = [{ manifest: manifest('good', [['a', 'a']]) }, { manifest: join(folder, 'none.jsonl') }];
    const onSet = (at: number): void => void seen.push(at);
    await expect(evaluateOnSets(join(folder, 'echo'), sets, { onSet })).rejects.toThrow(/none\.jsonl/u);
    expect(seen).toEqual([]);
  });

  const hundred = Array.from({ length: 100 }, () => ['a b', 'a b'] as const);

  test('one missing clip of a hundred is left out and said', async () => {
    const evaluation = await evaluate(join(folder, 'echo'), manifest('one', [...hundred.slice(1), [undefined, 'a']]));
    expect(evaluation).toMatchObject({ utterances: 99, wer: 0 });
    expect(evaluation.skipped).toHaveLength(1);
    expect(evaluation.skipped[0]!.reason).toMatch(/one-99\.wav/u);
    expect(describeEvaluation(evaluation)).toMatch(/1 of the utterances could not be read/u);
  });

  test('two are an error that names the first', async () => {
    const data = manifest('two', [[undefined, 'a'], ...hundred.slice(2), [undefined, 'b']]);
    await expect(evaluate(join(folder, 'echo'), data)).rejects.toThrow(/2 of 100.*two-0\.wav/u);
  });

  test('the channel of an utterance is written where the manifest has one', async () => {
    const data = manifest('channel', [
      ['a', 'a'],
      ['b', 'b'],
    ]);
    const [first, second = ''] = readFileSync(data, 'utf8').split('\n');
    writeFileSync(data, `${first}\n${JSON.stringify({ ...(JSON.parse(second) as object), channel: 0 })}\n`);
    await writeEvaluation(join(folder, 'channel-out'), await evaluate(join(folder, 'echo'), data));
    const lines = readFileSync(join(folder, 'channel-out/hypotheses.jsonl'), 'utf8').trim().split('\n');
    const channels = lines.map((line) => (JSON.parse(line) as { channel?: number }).channel);
    expect(channels).toEqual([undefined, 0]);
  });

  test('compares with another model and writes everything for other tools', async () => {
    const data = manifest('versus', [
      ['a b', 'a b'],
      ['a', 'b'],
    ]);
    const evaluation = await evaluate(join(folder, 'echo'), data, { against: join(folder, 'echo') });
    expect(evaluation.comparison).toMatchObject({ verdict: 'undecided', mapsswe: { segments: 1 } });
    expect(describeEvaluation(evaluation)).toMatch(/No verdict.*Only 1 segment has/su);

    const out = join(folder, 'out/deep');
    await writeEvaluation(out, evaluation);
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    expect(read('ref.trn')).toBe('a b (versus-0.wav)\nb (versus-1.wav)\n');
    expect(read('hyp.trn')).toBe('a b (versus-0.wav)\na (versus-1.wav)\n');
    expect(read('against.trn')).toBe(read('hyp.trn'));
    expect(JSON.parse(read('hypotheses.jsonl').split('\n')[1]!)).toMatchObject({
      text: 'b',
      pred_text: 'a',
      errors: 1,
    });
    expect(JSON.parse(read('evaluation.json'))).toMatchObject({
      wer: evaluation.wer,
      comparison: { against: { words: 3 } },
    });
    expect(read('evaluation.json')).not.toContain('hypothesis');
  });

  test.each([
    [
      'a model without CTC logits',
      () => writeModel('class', echo({ outputs: [{ name: 'heard', type: 'float32', dims: ['b', 's'] }] })),
      /class.*CTC/u,
    ],
    ['a model that computes NaN', () => writeModel('broken', echo({ broken: true })), /broken.*NaN/u],
    [
      'a model narrower than the vocabulary, though it does not say so',
      () => writeModel('narrow', echo({ symbols: 2, outputs: [{ name: 'logits', type: 'float32', dims: undefined }] })),
      /narrow.*\[1, 8000, 2\].*5 or more/u,
    ],
    ['no tokenizer', () => writeModel('mute', echo(), false), /mute.*vocab\.json/u],
    ['no model', () => join(folder, 'absent'), /absent/u],
  ])('refuses %s in one sentence', async (_, model, message) => {
    const error = await evaluate(model(), manifest('refused', [['a', 'a']])).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
  });
});
