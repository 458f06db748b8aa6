/**
 * Makes the untrained model that the sample's model is trained from: a small wav2vec2 (pre-norm, group-norm feature encoder) with
 * seeded random weights, with the node names and files that an export of such a model by Hugging Face transformers has.
 *
 *   node --import tsx scripts/sample/make-model.ts --out FOLDER
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { float, int, ints, type Graph } from '../../src/onnx/graph/graph.ts';
import { float32, sizeOf } from '../../src/onnx/graph/tensor.ts';
import { Random } from '../../src/base/random.ts';

const width = 96;
const heads = 4;
const inner = 384;
const layers = 4;
const channels = 48;
const kernels = [10, 3, 3, 3, 3, 2, 2];
const strides = [5, 2, 2, 2, 2, 2, 2];
const positionKernel = 32;
const positionGroups = 8;
const epsilon = 1e-5;
const tokens = ['<pad>', '<s>', '</s>', '<unk>', '|', ...Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ'")];

/** Weights as training wants them at the start: variance kept from layer to layer, and residual branches that start small. */
class Wav2Vec2 {
  private readonly b = new Builder();
  private readonly random = Random.seeded(1);
  private matrices = 0;

  graph(): Graph {
    const { b } = this;
    // The builder needs some shape; no node depends on this one.
    const audio = b.input('input_values', 'float32', [1, 16_000]);
    const features = this.featureEncoder(
      b.op('Unsqueeze', [audio, b.ints([1])], {}, named('wav2vec2.feature_extractor', 'Unsqueeze')),
    );
    let hidden = this.positions(this.projection(features));
    for (let i = 0; i < layers; i++) hidden = this.block(hidden, `wav2vec2.encoder.layers.${i}`);
    hidden = this.layerNorm(hidden, 'wav2vec2.encoder.layer_norm', width);
    b.output(this.linear(hidden, 'lm_head', width, tokens.length, 0.5), 'logits');
    const graph = b.graph('main_graph');
    return {
      ...graph,
      inputs: [{ name: 'input_values', type: 'float32', dims: ['batch', 'samples'] }],
      outputs: [{ name: 'logits', type: 'float32', dims: ['batch', 'frames', tokens.length] }],
    };
  }

  private featureEncoder(audio: Value): Value {
    let x = audio;
    kernels.forEach((kernel, i) => {
      const module = `wav2vec2.feature_extractor.conv_layers.${i}`;
      const from = i === 0 ? 1 : channels;
      const weight = this.normal(`${module}.conv.weight`, [channels, from, kernel], Math.sqrt(2 / (from * kernel)));
      const attributes = { kernel_shape: ints([kernel]), strides: ints([strides[i] ?? 1]) };
      x = this.b.op('Conv', [x, weight], attributes, named(`${module}.conv`, 'Conv'));
      if (i === 0) {
        const norm = `${module}.layer_norm`;
        const affine = [this.filled(`${norm}.weight`, channels, 1), this.filled(`${norm}.bias`, channels, 0)];
        x = this.b.op(
          'InstanceNormalization',
          [x, ...affine],
          { epsilon: float(epsilon) },
          named(norm, 'InstanceNormalization'),
        );
      }
      x = this.gelu(x, `${module}.activation`);
    });
    return this.b.op('Transpose', [x], { perm: ints([0, 2, 1]) }, named('wav2vec2', 'Transpose'));
  }

  private projection(features: Value): Value {
    const module = 'wav2vec2.feature_projection';
    const normed = this.layerNorm(features, `${module}.layer_norm`, channels);
    return this.linear(normed, `${module}.projection`, channels, width);
  }

  /** A wide grouped convolution tells where in the utterance a frame is; its even kernel gives one frame too many. */
  private positions(hidden: Value): Value {
    const { b } = this;
    const module = 'wav2vec2.encoder.pos_conv_embed';
    const from = width / positionGroups;
    const std = Math.sqrt(1 / (positionKernel * from));
    const weight = this.normal(`${module}.conv.weight`, [width, from, positionKernel], std);
    const bias = this.filled(`${module}.conv.bias`, width, 0);
    let x = b.op('Transpose', [hidden], { perm: ints([0, 2, 1]) }, named(module, 'Transpose'));
    const attributes = {
      kernel_shape: ints([positionKernel]),
      pads: ints([positionKernel / 2, positionKernel / 2]),
      group: int(positionGroups),
    };
    x = b.op('Conv', [x, weight, bias], attributes, named(`${module}.conv`, 'Conv'));
    x = b.op('Slice', [x, b.ints([0]), b.ints([-1]), b.ints([2])], {}, named(`${module}.padding`, 'Slice'));
    x = this.gelu(x, `${module}.activation`);
    x = b.op('Transpose', [x], { perm: ints([0, 2, 1]) }, named(module, 'Transpose_1'));
    return b.op('Add', [hidden, x], {}, named('wav2vec2.encoder', 'Add'));
  }

  private block(hidden: Value, module: string): Value {
    const { b } = this;
    // Each of the two branches of every block adds its part to the variance of the sum.
    const small = Math.sqrt(1 / (2 * layers));
    const attended = this.attention(
      this.layerNorm(hidden, `${module}.layer_norm`, width),
      `${module}.attention`,
      small,
    );
    const middle = b.op('Add', [hidden, attended], {}, named(module, 'Add'));
    let x = this.layerNorm(middle, `${module}.final_layer_norm`, width);
    x = this.linear(x, `${module}.feed_forward.intermediate_dense`, width, inner);
    x = this.gelu(x, `${module}.feed_forward.intermediate_act_fn`);
    x = this.linear(x, `${module}.feed_forward.output_dense`, inner, width, small);
    return b.op('Add', [middle, x], {}, named(module, 'Add_1'));
  }

  private attention(hidden: Value, module: string, scale: number): Value {
    const { b } = this;
    const size = width / heads;
    const project = (name: string, perm: readonly number[], i: number): Value => {
      const projected = this.linear(hidden, `${module}.${name}`, width, width);
      // Zeros keep the batch and the frames, whatever they are.
      const split = b.op('Reshape', [projected, b.ints([0, 0, heads, size])], {}, named(module, `Reshape_${i}`));
      return b.op('Transpose', [split], { perm: ints(perm) }, named(module, `Transpose_${i}`));
    };
    const query = project('q_proj', [0, 2, 1, 3], 0);
    const key = project('k_proj', [0, 2, 3, 1], 1);
    const value = project('v_proj', [0, 2, 1, 3], 2);
    const scaled = b.op('Mul', [query, b.scalar(1 / Math.sqrt(size))], {}, named(module, 'Mul'));
    const scores = b.op('MatMul', [scaled, key], {}, named(module, 'MatMul'));
    const shares = b.op('Softmax', [scores], { axis: int(-1) }, named(module, 'Softmax'));
    const mixed = b.op('MatMul', [shares, value], {}, named(module, 'MatMul_1'));
    const merged = b.op('Transpose', [mixed], { perm: ints([0, 2, 1, 3]) }, named(module, 'Transpose_3'));
    const flat = b.op('Reshape', [merged, b.ints([0, 0, width])], {}, named(module, 'Reshape_3'));
    return this.linear(flat, `${module}.out_proj`, width, width, scale);
  }

  /** As exports have it: a transposed matrix under a made-up name, and a bias under its own. */
  private linear(x: Value, module: string, from: number, to: number, scale = 1): Value {
    const weight = this.normal(`onnx::MatMul_${1000 + this.matrices++}`, [from, to], scale / Math.sqrt(from));
    const product = this.b.op('MatMul', [x, weight], {}, named(module, 'MatMul'));
    return this.b.op('Add', [this.filled(`${module}.bias`, to, 0), product], {}, named(module, 'Add'));
  }

  private layerNorm(x: Value, module: string, size: number): Value {
    const affine = [this.filled(`${module}.weight`, size, 1), this.filled(`${module}.bias`, size, 0)];
    const attributes = { axis: int(-1), epsilon: float(epsilon) };
    return this.b.op('LayerNormalization', [x, ...affine], attributes, named(module, 'LayerNormalization'));
  }

  private gelu(x: Value, module: string): Value {
    const { b } = this;
    const erf = b.op(
      'Erf',
      [b.op('Div', [x, b.scalar(Math.SQRT2)], {}, named(module, 'Div'))],
      {},
      named(module, 'Erf'),
    );
    const product = b.op(
      'Mul',
      [x, b.op('Add', [erf, b.scalar(1)], {}, named(module, 'Add'))],
      {},
      named(module, 'Mul'),
    );
    return b.op('Mul', [product, b.scalar(0.5)], {}, named(module, 'Mul_1'));
  }

  private normal(name: string, dims: readonly number[], std: number): Value {
    const data = Float32Array.from({ length: sizeOf(dims) }, () => std * this.random.normal());
    return this.b.constant(float32(data, dims), name);
  }

  private filled(name: string, size: number, value: number): Value {
    return this.b.constant(float32(new Float32Array(size).fill(value)), name);
  }
}

/** A node's name and its output's, as PyTorch's exporter makes them of the module's path. */
function named(module: string, operator: string): { name: string; outputNames: string[] } {
  const name = `/${module.replaceAll('.', '/').replace(/\/(\d+)(?=\/|$)/g, '.$1')}/${operator}`;
  return { name, outputNames: [`${name}_output_0`] };
}

const files = {
  'config.json': {
    architectures: ['Wav2Vec2ForCTC'],
    model_type: 'wav2vec2',
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: inner,
    conv_dim: kernels.map(() => channels),
    conv_kernel: kernels,
    conv_stride: strides,
    conv_bias: false,
    num_conv_pos_embeddings: positionKernel,
    num_conv_pos_embedding_groups: positionGroups,
    feat_extract_norm: 'group',
    do_stable_layer_norm: true,
    layer_norm_eps: epsilon,
    vocab_size: tokens.length,
    pad_token_id: 0,
    bos_token_id: 1,
    eos_token_id: 2,
  },
  'preprocessor_config.json': {
    feature_extractor_type: 'Wav2Vec2FeatureExtractor',
    feature_size: 1,
    sampling_rate: 16_000,
    padding_value: 0,
    do_normalize: true,
    return_attention_mask: false,
  },
  'tokenizer_config.json': {
    tokenizer_class: 'Wav2Vec2CTCTokenizer',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    pad_token: '<pad>',
    word_delimiter_token: '|',
    do_lower_case: false,
  },
  'vocab.json': Object.fromEntries(tokens.map((token, id) => [token, id])),
};

const { out } = parseArgs({ options: { out: { type: 'string' } } }).values;
if (out === undefined) throw new Error('--out FOLDER is needed');
await mkdir(out, { recursive: true });
const model = { graph: new Wav2Vec2().graph(), opsets: new Map([['', 17]]) };
await writeFile(join(out, 'model.onnx'), encodeModel(model));
for (const [name, content] of Object.entries(files)) {
  await writeFile(join(out, name), `${JSON.stringify(content, undefined, 2)}\n`);
}
