/** What is taken of a repository: weights once, in the form that is read best; what stands beside them; ONNX with its data; what is named. */

import { describe, expect, test } from 'vitest';
import { chooseFiles, type HubFile } from '../../../src/huggingface/pull/chooseFiles.ts';

/** Files whose size is their place in the list. */
const repository = (...paths: readonly string[]): HubFile[] =>
  paths.map((path, size) => ({ path, size, checksum: { algorithm: 'git', hex: '0'.repeat(40) } }));

const beside = [
  'config.json',
  'preprocessor_config.json',
  'vocab.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
];
const taken = (paths: readonly string[], wanted?: readonly string[]): string[] =>
  chooseFiles(repository(...paths), wanted).map(({ path }) => path);

describe('weights', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'once, as safetensors, with what stands beside them',
      [
        'README.md',
        '.gitattributes',
        ...beside,
        'model.safetensors',
        'pytorch_model.bin',
        'tf_model.h5',
        'runs/events.1',
      ],
      [...beside, 'model.safetensors'],
    ],
    [
      'as a pickle, if there is nothing else',
      [...beside, 'pytorch_model.bin', 'tf_model.h5'],
      [...beside, 'pytorch_model.bin'],
    ],
    [
      'in parts, without those of another form',
      [
        ...['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
        ...['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin', 'other-00001-of-00002.safetensors'],
      ],
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
    ],
    [
      'as ONNX in 32 bits, with the data beside it',
      [
        ...['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1', 'onnx/model_fp16.onnx'],
        ...[
          'onnx/model_fp16.onnx_data',
          'onnx/model_quantized.onnx',
          'onnx/model.onnx_datasheet.md',
          'model.onnx_data',
        ],
      ],
      ['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
    ],
    [
      'as ONNX with data as PyTorch names it',
      ['model.onnx', 'model.onnx.data', 'x.onnx'],
      ['model.onnx', 'model.onnx.data'],
    ],
    ['as the only ONNX model', ['onnx/ctc.onnx', 'vocab.json'], ['onnx/ctc.onnx', 'vocab.json']],
    ['as safetensors rather than ONNX', ['onnx/model.onnx', 'model.safetensors'], ['model.safetensors']],
  ])('%s', (_, paths, expected) => expect(taken(paths)).toEqual(expected));

  test('small files first', () => {
    const files = repository('a', 'b').map((file, i) => ({
      ...file,
      path: ['model.safetensors', 'vocab.json'][i]!,
      size: 9 - i,
    }));
    expect(chooseFiles(files).map(({ path }) => path)).toEqual(['vocab.json', 'model.safetensors']);
  });
});

test('an ONNX model that is named is taken instead of other weights; another file beside them', () => {
  const paths = [
    'config.json',
    'model.safetensors',
    'onnx/model.onnx',
    'onnx/model_int8.onnx',
    'onnx/model_int8.onnx_data',
  ];
  expect(taken(paths, ['onnx/model_int8.onnx'])).toEqual([
    'config.json',
    'onnx/model_int8.onnx',
    'onnx/model_int8.onnx_data',
  ]);
  expect(
    taken(['model.safetensors', 'adapter.deu.safetensors', 'adapter.eng.safetensors'], ['adapter.deu.safetensors']),
  ).toEqual(['model.safetensors', 'adapter.deu.safetensors']);
});

describe('one sentence for', () => {
  test.each<[string, readonly string[], readonly string[] | undefined, RegExp]>([
    [
      'no weights',
      ['README.md', 'model.gguf'],
      undefined,
      /no weights that Pinch reads .*it has README\.md, model\.gguf\.$/u,
    ],
    [
      'parts that are missing',
      ['model.safetensors.index.json', 'model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'],
      undefined,
      /model\.safetensors\.index\.json names, only 2 of 3 are there\.$/u,
    ],
    ['an empty repository', [], undefined, /; it is empty\.$/u],
    [
      'several models',
      ['onnx/encoder.onnx', 'onnx/decoder.onnx'],
      undefined,
      /name one with --file: onnx\/encoder\.onnx, onnx/u,
    ],
    ['a file that is not there', ['model.safetensors'], ['x.bin'], /no file "x\.bin"; it has model\.safetensors\.$/u],
    ['many files', Array.from({ length: 30 }, (_, i) => `${i}.txt`), undefined, /11\.txt and 18 more\.$/u],
  ])('%s', (_, paths, wanted, sentence) => expect(() => taken(paths, wanted)).toThrow(sentence));
});
