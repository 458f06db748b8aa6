/** What an imported checkpoint is made of, and what is said of one that cannot be imported. */

import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importModel, type ImportOptions } from '../../src/huggingface/importModel.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { writeSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import { float32, int64, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';
import { caseOf, tensorOf, tensorsOf, writeCheckpoint } from './writtenCheckpoint.ts';

const base = caseOf('Wav2Vec2ForCTC');
const query = 'wav2vec2.encoder.layers.1.attention.q_proj.weight';

async function imported(
  config: Record<string, unknown> = {},
  tensors: ReadonlyMap<string, Tensor> = tensorsOf(base),
  options: ImportOptions = {},
): Promise<{ folder: string; out: string }> {
  const folder = await writeCheckpoint({ ...base, config: { ...base.config, ...config } }, tensors);
  const out = join(folder, 'out');
  await importModel(folder, out, options);
  return { folder, out };
}

const initializersOf = async (out: string) => (await loadModel(out)).model.graph.initializers;

describe('an import', () => {
  test('stores matrices as a product reads them, all else as it is, under their own names', async () => {
    const { out } = await imported();
    const initializers = await initializersOf(out);
    const given = tensorOf(query, [16, 16]);
    const stored = initializers.get(query)!;
    expect(stored.data[3 * 16 + 5]).toBe(given.data[5 * 16 + 3]);
    const kernel = 'wav2vec2.feature_extractor.conv_layers.0.conv.weight';
    expect(initializers.get(kernel)).toEqual(tensorOf(kernel, [8, 1, 10]));
  });

  test('puts the processor’s files beside the model, also those that are read-only, and may be done twice', async () => {
    const { folder, out } = await imported();
    await chmod(join(folder, 'vocab.json'), 0o444);
    await importModel(folder, out);
    expect((await readdir(out)).sort()).toEqual([
      'config.json',
      'model.onnx',
      'model.onnx.data',
      'preprocessor_config.json',
      'tokenizer_config.json',
      'vocab.json',
    ]);
    expect((await readProcessor(out)).vocabulary.size).toBe(6);
  });

  test('reads 16-bit weights', async () => {
    const bits = Uint16Array.from({ length: 256 }, (_, i) => 0x3f80 + i);
    const tensors = tensorsOf(base).set(query, { type: 'bfloat16', dims: [16, 16], data: bits });
    const { out } = await imported({}, tensors);
    const stored = (await initializersOf(out)).get(query)!;
    expect([stored.type, stored.data[0], stored.data[16]]).toEqual(['float32', 1, 1 + 1 / 128]);
  });

  test('knows the names that weight normalization had before', async () => {
    const tensors = new Map(
      Array.from(tensorsOf(base), ([name, tensor]) => [
        name
          .replace('parametrizations.weight.original0', 'weight_g')
          .replace('parametrizations.weight.original1', 'weight_v'),
        tensor,
      ]),
    );
    const { out } = await imported({}, tensors);
    const names = [...(await initializersOf(out)).keys()];
    expect(names).toContain('wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0');
  });

  test('takes the mask’s input from the processor, else from the feature encoder’s norm', async () => {
    const inputs = async (change: (folder: string) => Promise<void>) => {
      const { folder, out } = await imported();
      await change(folder);
      await importModel(folder, out);
      return (await loadModel(out)).model.graph.inputs.map(({ name }) => name);
    };
    expect(await inputs(() => Promise.resolve())).toEqual(['input_values']);
    const both = ['input_values', 'attention_mask'];
    const file = 'preprocessor_config.json';
    expect(await inputs((folder) => writeFile(join(folder, file), '{"return_attention_mask": true}'))).toEqual(both);
    expect(await inputs((folder) => rm(join(folder, file)))).toEqual(['input_values']);
    const inside = async (folder: string): Promise<void> => {
      await rm(join(folder, file));
      const content = '{"feature_extractor": {"return_attention_mask": true}}';
      await writeFile(join(folder, 'processor_config.json'), content);
    };
    expect(await inputs(inside)).toEqual(both);
  });
});

describe('a language', () => {
  const many = { adapter_attn_dim: 4, do_stable_layer_norm: true };
  const adapters = (symbols: number, scale: number): Map<string, Tensor> =>
    new Map(
      [0, 1]
        .flatMap((layer): [string, number[]][] => {
          const at = `wav2vec2.encoder.layers.${layer}.adapter_layer`;
          return [
            ...['norm.weight', 'norm.bias', 'linear_2.bias'].map((part): [string, number[]] => [`${at}.${part}`, [16]]),
            [`${at}.linear_1.weight`, [4, 16]],
            [`${at}.linear_1.bias`, [4]],
            [`${at}.linear_2.weight`, [16, 4]],
          ];
        })
        .concat([
          ['lm_head.weight', [symbols, 16]],
          ['lm_head.bias', [symbols]],
        ])
        .map(([name, dims]) => [name, float32(new Float32Array(dims.reduce((a, b) => a * b)).fill(scale), dims)]),
    );

  test('brings its adapters, its head and its vocabulary', async () => {
    const folder = await writeCheckpoint(
      { ...base, config: { ...base.config, ...many } },
      new Map([...tensorsOf(base), ...adapters(6, 1)]),
    );
    await writeSafetensors(join(folder, 'adapter.xyz.safetensors'), { tensors: adapters(4, 2), metadata: {} });
    const words = { eng: { '<pad>': 0, A: 1, B: 2, C: 3, D: 4, '|': 5 }, xyz: { '<pad>': 0, Ä: 1, Ö: 2, '|': 3 } };
    await writeFile(join(folder, 'vocab.json'), JSON.stringify(words));
    const out = join(folder, 'out');
    await importModel(folder, out, { language: 'xyz' });
    const head = (await initializersOf(out)).get('lm_head.weight')!;
    expect([head.dims, head.data[0]]).toEqual([[16, 4], 2]);
    expect((await readProcessor(out)).vocabulary.tokens).toEqual(['<pad>', 'Ä', 'Ö', '|']);
    await expect(importModel(folder, out, { language: 'abc' })).rejects.toThrow('there are adapters of xyz');
    await expect(importModel(folder, out, { language: '../xyz' })).rejects.toThrow('there are adapters of xyz');
  });
});

describe('a new head', () => {
  const headless = (): Map<string, Tensor> => {
    const tensors = Array.from(tensorsOf(base)).filter(([name]) => !name.startsWith('lm_head'));
    return new Map(tensors.map(([name, tensor]) => [name.replace('wav2vec2.', ''), tensor]));
  };
  const head = { tokens: ['<pad>', '<s>', '</s>', '<unk>', '|', 'a', 'ü'], seed: 0 };
  const config = { architectures: ['Wav2Vec2Model'] };

  test('is made for a model that was only pretrained, with its vocabulary beside it', async () => {
    const { out } = await imported(config, headless(), { head });
    const weight = (await initializersOf(out)).get('lm_head.weight')!;
    const values = weight.data as Float32Array;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(weight.dims).toEqual([16, 7]);
    expect(deviation).toBeGreaterThan(0.015);
    expect(deviation).toBeLessThan(0.025);
    const { vocabulary, newHead } = { ...(await readProcessor(out)), newHead: await readdir(out) };
    expect([vocabulary.tokens, vocabulary.blank]).toEqual([head.tokens, 0]);
    expect(newHead).toContain('new_head.json');
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({
      architectures: ['Wav2Vec2ForCTC'],
      vocab_size: 7,
    });
  });

  test('depends on the seed alone', async () => {
    const weights = async (seed: number) => {
      const { out } = await imported(config, headless(), { head: { ...head, seed } });
      return (await initializersOf(out)).get('lm_head.weight')!.data;
    };
    const [first, second, third] = [await weights(0), await weights(0), await weights(1)];
    expect(first).toEqual(second);
    expect(first).not.toEqual(third);
  });

  test('is refused without a vocabulary, and for a model that has a head', async () => {
    await expect(imported(config, headless())).rejects.toThrow(
      'this is Wav2Vec2Model, which was only pretrained and has no CTC head',
    );
    await expect(imported({}, tensorsOf(base), { head })).rejects.toThrow('has a CTC head and a vocabulary already');
  });

  test('is needed by the tensors where config.json names no architecture', async () => {
    await expect(imported({ architectures: null }, headless())).rejects.toThrow('only pretrained');
    await imported({ architectures: null });
  });
});

describe('refused, in a sentence:', () => {
  const without = (name: string): Map<string, Tensor> => {
    const tensors = tensorsOf(base);
    tensors.delete(name);
    return tensors;
  };

  test.each([
    [
      'another model',
      { model_type: 'bert', architectures: ['BertModel'] },
      'this is BertModel, a model of type "bert", and Pinch imports Wav2Vec2ForCTC,',
    ],
    ['another task', { architectures: ['Wav2Vec2ForXVector'] }, 'this is Wav2Vec2ForXVector'],
    ['no type', { model_type: 7 }, '"model_type" must be text'],
    ['a size of text', { hidden_size: '16' }, '"hidden_size" must be a whole number above 0'],
    ['a size of zero', { num_attention_heads: 0 }, '"num_attention_heads" must be a whole number above 0'],
    ['a huge size', { num_hidden_layers: 1e15 }, '"num_hidden_layers" must be'],
    [
      'an activation that is a property of every object',
      { hidden_act: 'constructor' },
      '"hidden_act" must be one of gelu',
    ],
    ['lists of other lengths', { conv_kernel: [10] }, 'must have as many numbers each'],
    ['heads that do not divide', { num_attention_heads: 3 }, 'must be a multiple of "num_attention_heads"'],
    ['another shape', { intermediate_size: 25 }, 'has the shape [24, 16], but by config.json it is [25, 16]'],
    [
      'more layers than there are',
      { num_hidden_layers: 3 },
      'the checkpoint has no tensor "wav2vec2.encoder.layers.2.',
    ],
  ])('%s', async (_, config, message) => {
    await expect(imported(config)).rejects.toThrow(message);
  });

  test('a missing tensor', async () => {
    await expect(imported({}, without(query))).rejects.toThrow(`the checkpoint has no tensor "${query}"`);
  });

  test('weights of whole numbers', async () => {
    const name = 'wav2vec2.encoder.layer_norm.bias';
    const tensors = tensorsOf(base).set(name, int64(Array.from({ length: 16 }, () => 1)));
    await expect(imported({}, tensors)).rejects.toThrow(`the tensor "${name}" is of type int64`);
  });

  test('no configuration', async () => {
    const { folder, out } = await imported();
    await rm(join(folder, 'config.json'));
    await expect(importModel(folder, out)).rejects.toThrow(`${folder}: this is no checkpoint: there is no config.json`);
    const nowhere = join(folder, 'nowhere');
    await expect(importModel(nowhere, out)).rejects.toThrow(`${nowhere}: there is no such folder`);
  });
});
