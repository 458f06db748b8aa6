/** Processors as Hugging Face writes them: the files' variants, the blank, and every mistake named with its file. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { framesOf, readProcessor } from '../../../src/speech/text/processor.ts';
import { ProcessorError } from '../../../src/speech/text/json.ts';
import { folderWith } from '../files.ts';

const json = (value: unknown): string => JSON.stringify(value);
const vocab = { '<pad>': 0, '<s>': 1, '</s>': 2, '<unk>': 3, '|': 4, A: 5, B: 6 };

describe('a model’s folder', () => {
  test('called onnx has its files one level up, as on the hub, unless it has some of its own', async () => {
    const config = (sampling_rate: number): string => json({ sampling_rate });
    const above = await folderWith({
      'vocab.json': json(vocab),
      'preprocessor_config.json': config(8000),
      'onnx/model.onnx': '',
      'x/model.onnx': '',
      'own/vocab.json': json(vocab),
      'own/onnx/vocab.json': json(vocab),
      'own/preprocessor_config.json': config(8000),
      'own/onnx/preprocessor_config.json': config(4000),
      'none/onnx/model.onnx': '',
    });
    expect((await readProcessor(join(above, 'onnx'))).sampleRate).toBe(8000);
    expect((await readProcessor(join(above, 'own/onnx'))).sampleRate).toBe(4000);
    // Of no other folder is the one above looked at.
    await expect(readProcessor(join(above, 'x'))).rejects.toThrow(/x: no vocab\.json/u);
    await expect(readProcessor(join(above, 'none/onnx'))).rejects.toThrow(/onnx: no vocab\.json/u);
  });

  test('as transformers writes a wav2vec2 model', async () => {
    const folder = await folderWith({
      'vocab.json': json(vocab),
      'config.json': json({
        pad_token_id: 0,
        vocab_size: 7,
        conv_kernel: [10, 3],
        conv_stride: [5, 2],
        model_type: 'wav2vec2',
      }),
      'preprocessor_config.json': json({
        sampling_rate: 8000,
        do_normalize: false,
        padding_value: 0.5,
        feature_size: 1,
      }),
      'tokenizer_config.json': json({
        word_delimiter_token: '|',
        pad_token: '<pad>',
        do_lower_case: false,
        bos_token: null,
      }),
    });
    const processor = await readProcessor(folder);
    expect(processor).toMatchObject({
      sampleRate: 8000,
      normalise: false,
      paddingValue: 0.5,
      modelType: 'wav2vec2',
      convolutions: [
        { kernel: 10, stride: 5 },
        { kernel: 3, stride: 2 },
      ],
    });
    expect(processor.vocabulary.blank).toBe(0);
    expect(processor.vocabulary.text([1, 5, 4, 6, 3, 2])).toBe('A B');
  });

  test('a vocabulary alone: wav2vec2’s defaults', async () => {
    const processor = await readProcessor(await folderWith({ 'vocab.json': json(vocab) }));
    expect(processor).toMatchObject({
      sampleRate: 16000,
      normalise: true,
      convolutions: undefined,
    });
    expect([...processor.vocabulary.spell('A B').labels]).toEqual([5, 4, 6]);
  });

  test('tokens as objects, other names, added tokens', async () => {
    const folder = await folderWith({
      'vocab.json': json({ a: 0, b: 1, _: 2, '[UNK]': 3, '[PAD]': 4 }),
      'tokenizer_config.json': json({
        pad_token: { content: '[PAD]', __type: 'AddedToken' },
        word_delimiter_token: '_',
        replace_word_delimiter_char: '-',
        added_tokens_decoder: { 7: { content: '<noise>', special: true }, 8: { content: 'ch', special: false } },
      }),
      'special_tokens_map.json': json({ unk_token: { content: '[UNK]' } }),
      'added_tokens.json': json({ '<s>': 5, '</s>': 6 }),
    });
    const { vocabulary } = await readProcessor(folder);
    expect(vocabulary.blank).toBe(4);
    expect(vocabulary.size).toBe(9);
    expect(vocabulary.text([5, 0, 3, 2, 7, 8, 1, 6])).toBe('a-chb');
    expect([...vocabulary.spell('a chb').labels]).toEqual([0, 2, 8, 1]);
  });

  test('the blank is the model’s padding token, not the tokenizer’s', async () => {
    const folder = await folderWith({ 'vocab.json': json(vocab), 'config.json': json({ pad_token_id: 6 }) });
    expect((await readProcessor(folder)).vocabulary.blank).toBe(6);
  });

  test('one vocabulary for each language', async () => {
    const nested = json({ deu: { '<pad>': 0, ü: 1 }, eng: { '<pad>': 0, w: 1 } });
    const chosen = await folderWith({ 'vocab.json': nested, 'tokenizer_config.json': json({ target_lang: 'eng' }) });
    expect((await readProcessor(chosen)).vocabulary.tokens).toEqual(['<pad>', 'w']);
    await expect(readProcessor(await folderWith({ 'vocab.json': nested }))).rejects.toThrow(
      /vocab\.json: it has one vocabulary for each language; set "target_lang" .* one of deu, eng/,
    );
  });

  test.each([
    ['a map', { '<pad>': 0, A: 1 }],
    [
      'pairs',
      [
        ['<pad>', 0],
        ['A', -1.5],
      ],
    ],
  ])('tokenizer.json in place of vocab.json, with %s', async (_, entries) => {
    const added = [{ id: 2, content: '<s>', special: true }];
    const folder = await folderWith({ 'tokenizer.json': json({ model: { vocab: entries }, added_tokens: added }) });
    const { vocabulary } = await readProcessor(folder);
    expect(vocabulary.tokens).toEqual(['<pad>', 'A', '<s>']);
    expect(vocabulary.text([2, 1])).toBe('A');
  });

  test('a feature extractor inside processor_config.json', async () => {
    const folder = await folderWith({
      'vocab.json': json(vocab),
      'processor_config.json': json({ feature_extractor: { sampling_rate: 24000, do_normalize: false } }),
    });
    expect(await readProcessor(folder)).toMatchObject({ sampleRate: 24000, normalise: false });
  });
});

test('a token may be called as fields of every object are, and null counts as absent', async () => {
  const words = { '<pad>': 0, constructor: 1, prototype: 2 };
  const files = { 'tokenizer_config.json': json({ pad_token: null, target_lang: null, added_tokens_decoder: null }) };
  const folder = await folderWith({ 'vocab.json': json(words), 'config.json': json({ vocab_size: null }), ...files });
  const { vocabulary } = await readProcessor(folder);
  expect(vocabulary.tokens).toEqual(Object.keys(words));
});

describe('mistakes', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    [
      'no tokenizer',
      { 'config.json': '{}' },
      /no vocab\.json \(or tokenizer\.json\); copy the model's tokenizer files beside it/,
    ],
    ['a vocabulary that is not JSON', { 'vocab.json': '{' }, /vocab\.json: this is not JSON/],
    ['a vocabulary that is a list', { 'vocab.json': '[]' }, /vocab\.json: expected a JSON object/],
    ['an empty vocabulary', { 'vocab.json': '{}' }, /vocab\.json: the vocabulary is empty/],
    [
      'an id that is none',
      { 'vocab.json': json({ a: -1 }) },
      /vocab\.json: the id of token "a" must be a whole number/,
    ],
    ['an id that would fill the memory', { 'vocab.json': json({ a: 1e9 }) }, /vocab\.json: the id of token "a"/],
    ['two tokens of one id', { 'vocab.json': json({ a: 1, b: 1 }) }, /tokens "a" and "b" have the same id 1/],
    ['no blank', { 'vocab.json': json({ a: 0 }) }, /vocab\.json: no padding token "<pad>", which is the CTC blank/],
    [
      'a blank beyond the vocabulary',
      { 'vocab.json': json(vocab), 'config.json': json({ pad_token_id: 50 }) },
      /config\.json: "pad_token_id" is 50/,
    ],
    [
      'a setting of the wrong type',
      { 'vocab.json': json(vocab), 'preprocessor_config.json': json({ sampling_rate: '16k' }) },
      /preprocessor_config\.json: "sampling_rate" must be a whole number/,
    ],
    [
      'a model of spectrograms',
      { 'vocab.json': json(vocab), 'preprocessor_config.json': json({ feature_size: 80 }) },
      /this model takes 80 features a frame/,
    ],
    [
      'a rate of 0, within another file',
      { 'vocab.json': json(vocab), 'processor_config.json': json({ feature_extractor: { sampling_rate: 0 } }) },
      /processor_config\.json: "feature_extractor\.sampling_rate" must not be 0/,
    ],
    [
      'a list for an object',
      { 'vocab.json': json(vocab), 'processor_config.json': json({ feature_extractor: [] }) },
      /processor_config\.json: "feature_extractor" must be an object/,
    ],
    [
      'an added token without text',
      { 'vocab.json': json(vocab), 'tokenizer_config.json': json({ added_tokens_decoder: { 9: { special: true } } }) },
      /tokenizer_config\.json: "added_tokens_decoder\.9" must be a token: its text, or an object/,
    ],
    [
      'a tokenizer without a model',
      { 'tokenizer.json': json({ added_tokens: [] }) },
      /tokenizer\.json: "model" must be there/,
    ],
    [
      'a tokenizer whose vocabulary is none',
      { 'tokenizer.json': json({ model: { vocab: [1, 2] } }) },
      /tokenizer\.json: "model\.vocab" must map tokens to ids/,
    ],
    [
      'a token without an id',
      { 'tokenizer.json': json({ model: { vocab: {} }, added_tokens: [{ content: 'a' }] }) },
      /tokenizer\.json: "added_tokens\.0\.id" must be there/,
    ],
    [
      'convolutions that do not fit',
      { 'vocab.json': json(vocab), 'config.json': json({ conv_kernel: [10], conv_stride: [5, 2] }) },
      /config\.json: "conv_kernel" and "conv_stride"/,
    ],
  ];
  test.each(cases)('%s', async (_, files, message) => {
    const failure = readProcessor(await folderWith(files));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(ProcessorError);
  });
});

describe('special tokens behind the last logit', () => {
  const own = { '<pad>': 0, '<unk>': 1, '|': 2, A: 3, B: 4 };
  const added = { '<s>': 5, '</s>': 6 };

  test('are left out, by config.json or by vocab.json', async () => {
    for (const config of [{ vocab_size: 5 }, {}]) {
      const folder = await folderWith({
        'vocab.json': json(own),
        'added_tokens.json': json(added),
        'config.json': json(config),
      });
      const { vocabulary } = await readProcessor(folder);
      expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', '|', 'A', 'B']);
    }
  });

  test('and a word delimiter there says nothing of the words: transformers adds "|" to every tokenizer', async () => {
    const folder = await folderWith({
      'vocab.json': json({ '<pad>': 0, '<unk>': 1, 你: 2, 好: 3 }),
      'tokenizer_config.json': json({
        word_delimiter_token: '|',
        added_tokens_decoder: { 4: { content: '|', special: true } },
      }),
      'config.json': json({ vocab_size: 4 }),
    });
    const { vocabulary } = await readProcessor(folder);
    expect([vocabulary.unit, vocabulary.size]).toEqual(['character', 4]);
    expect(vocabulary.spaced('你 好')).toBe('你好');
  });

  test('stay where the model has logits for them, and so do tokens that are text', async () => {
    const files = { 'vocab.json': json(own), 'config.json': json({ vocab_size: 7 }) };
    const all = await readProcessor(await folderWith({ ...files, 'added_tokens.json': json(added) }));
    expect(all.vocabulary.size).toBe(7);
    const text = await readProcessor(
      await folderWith({ 'vocab.json': json(own), 'added_tokens.json': json({ C: 5 }) }),
    );
    expect(text.vocabulary.spell('ABC').labels).toHaveLength(3);
  });
});

test('frames of wav2vec2’s feature encoder', () => {
  const kernels = [10, 3, 3, 3, 3, 2, 2];
  const strides = [5, 2, 2, 2, 2, 2, 2];
  const convolutions = kernels.map((kernel, i) => ({ kernel, stride: strides[i]! }));
  // As transformers' _get_feat_extract_output_lengths counts them.
  expect([16000, 400, 399, 37592, 0].map((samples) => framesOf(samples, convolutions))).toEqual([49, 1, 0, 117, 0]);
});
