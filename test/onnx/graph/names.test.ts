import { expect, test } from 'vitest';
import {
  isParameterName,
  modelPrefix,
  moduleOf,
  moduleOfParameter,
  parameterOfCall,
  parseSignature,
  saysTrained,
} from '../../../src/onnx/graph/names.ts';
import type { Node } from '../../../src/onnx/graph/graph.ts';

const named = (name: string, scopes?: string): Node => ({
  opType: 'MatMul',
  domain: '',
  name,
  inputs: [],
  outputs: [],
  attributes: {},
  ...(scopes === undefined ? {} : { metadata: { 'pkg.torch.onnx.name_scopes': scopes } }),
});

test.each([
  [
    'node_MatMul_1',
    "['', 'wav2vec2', 'wav2vec2.encoder', 'wav2vec2.encoder.layers.0', 'linear_1']",
    'wav2vec2.encoder.layers.0',
  ],
  ['node_MatMul_1', "['', 'lm_head', 'linear_13']", 'lm_head'],
  ['node_add', "['', 'add_3']", ''],
  ['again', "['', 'encoder', 'encoder.layer@1', 'encoder.layer@1.dense', 'linear_2']", 'encoder.layer.dense'],
  ['node_Shape_0', "['_empty_nn_module_stack_from_metadata_hook', 'sym_size_int']", ''],
  ['/wav2vec2/encoder/layers.0/attention/q_proj/MatMul', undefined, 'wav2vec2.encoder.layers.0.attention.q_proj'],
  ['/lm_head/MatMul/MatMulAddFusion', undefined, 'lm_head'],
  ['/Transpose', undefined, ''],
  ['MatMul_12', undefined, undefined],
  ['', undefined, undefined],
])('the module of the node "%s" with the metadata %s', (name, scopes, module) => {
  expect(moduleOf(named(name, scopes))).toBe(module);
});

test('own names, and names that exporters make up', () => {
  for (const name of ['lm_head.bias', 'a.b.0.weight', 'conv.parametrizations.weight.original0'])
    expect(isParameterName(name)).toBe(true);
  for (const name of ['val_163', 'onnx::MatMul_414', '/encoder/Constant_output_0', 'logits', ''])
    expect(isParameterName(name)).toBe(false);
});

test('names that say that they are trained', () => {
  const yes = [
    'a.weight',
    'a.bias',
    'a.weight_g',
    'a.weight_ih_l0',
    'a.in_proj_weight',
    'a.in_proj_bias',
    'c.parametrizations.weight.original1',
  ];
  for (const name of yes) expect([name, saysTrained(name)]).toEqual([name, true]);
  for (const name of ['a.inv_freq', 'a.running_mean', 'a.weightless', 'val_1', 'weight'])
    expect([name, saysTrained(name)]).toEqual([name, false]);
});

test('the module of a parameter', () => {
  expect(moduleOfParameter('encoder.q_proj.weight')).toBe('encoder.q_proj');
  expect(moduleOfParameter('pos.conv.parametrizations.weight.original0')).toBe('pos.conv');
});

test('what stands before all inner modules', () => {
  expect(modelPrefix(['lm_head.weight', 'wav2vec2.encoder.layers.0.weight'])).toBe('wav2vec2.');
  expect(modelPrefix(['model.hubert.encoder.weight'])).toBe('model.hubert.');
  expect(modelPrefix(['encoder.layers.0.weight', 'ctc.weight'])).toBe('');
});

test('PyTorch’s list of parameters and buffers', () => {
  const text =
    "\n# inputs\np_a: PARAMETER target='a.weight'\nb_b: BUFFER target='b.mask' persistent=True\nx: USER_INPUT\n\n# outputs\ny: USER_OUTPUT\n";
  const { kinds, placeholders } = parseSignature(text);
  expect([...kinds]).toEqual([
    ['a.weight', 'PARAMETER'],
    ['b.mask', 'BUFFER'],
  ]);
  expect(placeholders.get('p_a')).toBe('a.weight');
});

test('the parameter that a call was made with, if there is only one of its role', () => {
  const list = [
    "p_q: PARAMETER target='attention.q_proj.weight'",
    "p_q_bias: PARAMETER target='attention.q_proj.bias'",
    "p_k: PARAMETER target='attention.k_proj.weight'",
    "b_mask: BUFFER target='attention.mask'",
  ];
  const signature = parseSignature(list.join('\n'));
  const called = (...args: string[]): Node => ({
    ...named('node_MatMul'),
    metadata: {
      'pkg.torch.onnx.fx_node': `%linear : [num_users=1] = call_function[target=linear](args = (${args.join(', ')}))`,
    },
  });
  const linear = called('%x', '%p_q', '%p_q_bias', '%b_mask');
  expect(parameterOfCall(linear, 'weight', signature)).toBe('attention.q_proj.weight');
  expect(parameterOfCall(linear, 'bias', signature)).toBe('attention.q_proj.bias');
  expect(parameterOfCall(called('%x', '%p_q', '%p_k'), 'weight', signature)).toBeUndefined();
  expect(parameterOfCall(called('%x', '%b_mask'), 'weight', signature)).toBeUndefined();
  expect(parameterOfCall(named('/q/MatMul'), 'weight', signature)).toBeUndefined();
});
