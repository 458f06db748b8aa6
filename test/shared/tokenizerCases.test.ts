/** Tokenizers of other kinds with a model that is nearly perfect: the error rate of what they write, named for it, and the texts' own form. */

import { cpSync, linkSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const cases = join(shared, 'cases/tokenizers');
const folder = mkdtempSync(join(tmpdir(), 'pinch-tokenizers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The case's tokenizer beside the digits' model. */
function modelOf(name: string): string {
  const own = join(folder, name);
  cpSync(join(cases, name), own, { recursive: true });
  const [from, to] = [join(shared, 'models/w2v2-digits/model.onnx'), join(own, 'model.onnx')];
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
  return own;
}

test.each([
  ['phonemes', 'phone', '0.54'],
  ['sentencepiece-underline', undefined, '2.58'],
  ['added-tokens-beyond-logits', undefined, '2.58'],
])('%s', async (name, unit, rate) => {
  const model = modelOf(name);
  const evaluation = await evaluate(model, join(cases, name, 'test.jsonl'));
  expect(evaluation.unit).toBe(unit);
  expect((100 * evaluation.wer).toFixed(2)).toBe(rate);
  expect([evaluation.unwritable, evaluation.warning]).toEqual([undefined, undefined]);
  const { vocabulary } = await readProcessor(model);
  const [first] = evaluation.hypotheses;
  // Labels of the training write the same text.
  const { labels, missing } = vocabulary.spell(first?.reference ?? '');
  expect(missing).toEqual([]);
  expect(vocabulary.text([...labels])).toBe(first?.reference);
});

test('a model of phones with texts in plain spelling is warned about, and refused with do_phonemize', async () => {
  const model = modelOf('phonemes');
  const words = join(shared, 'data/digits/test.jsonl');
  const manifest = join(folder, 'words.jsonl');
  const lines = readFileSync(words, 'utf8').trim().split('\n').slice(0, 3);
  const absolute = lines.map((line) => {
    const entry = JSON.parse(line) as { audio_filepath: string };
    return JSON.stringify({ ...entry, audio_filepath: resolve(dirname(words), entry.audio_filepath) });
  });
  writeFileSync(manifest, absolute.join('\n'));
  const { warning, unwritable } = await evaluate(model, manifest);
  expect(warning).toMatch(/no phone of the vocabulary/u);
  expect(unwritable?.length).toBeGreaterThan(2);
  const settings = join(model, 'tokenizer_config.json');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('"do_phonemize": false', '"do_phonemize": true'));
  await expect(evaluate(model, manifest)).rejects.toThrow(/plain spelling/u);
});
