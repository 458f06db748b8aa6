/** What people see when onnxruntime fails: a sentence of ours, and its own words only where they are asked for. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { int64 } from '../../src/onnx/graph/tensor.ts';
import { OnnxruntimeError } from '../../src/runtime/onnxruntimeError.ts';
import { pinch, readJson, toyModel, writeToyModel, writeToySpeech } from '../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-onnxruntime-'));
  writeToySpeech(join(folder, 'speech'), 4);
  writeToyModel(join(folder, 'whole'));
  writeToyModel(join(folder, 'model'));
  // A channel that there is not: the model can be loaded, but not run.
  const model = toyModel();
  const { graph } = model;
  const broken = graph.nodes.map((node) =>
    node.name === '/toy/Transpose' ? { ...node, outputs: ['unordered'] } : node,
  );
  const at = broken.findIndex(({ outputs }) => outputs.includes('unordered'));
  broken.splice(at + 1, 0, {
    opType: 'Gather',
    domain: '',
    name: '/toy/TooFar',
    inputs: ['unordered', 'far'],
    outputs: ['frames'],
    attributes: { axis: { type: 'int', value: 2 } },
  });
  const nodes = {
    ...graph,
    nodes: broken,
    initializers: new Map([...graph.initializers, ['far', int64([...Array(15).keys(), 1_000_000])]]),
  };
  writeFileSync(join(folder, 'model', 'model.onnx'), encodeModel({ ...model, graph: nodes }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluated = ['evaluate', 'model', '--data', 'speech/manifest.jsonl'];

test('a command says where onnxruntime stopped and why, and nothing of it reaches the terminal raw', async () => {
  const { code, err } = await pinch(evaluated, folder).ended;
  expect(code).toBe(1);
  expect(err).toMatch(/^\S*model\.onnx: onnxruntime stopped at the node "\/toy\/TooFar" \(Gather\): .+[^.]\.$/mu);
  expect(err).not.toMatch(/\u001b|\[E:onnxruntime|Non-zero status/u);
});

test('its own words come with PINCH_DEBUG=1', async () => {
  const { err } = await pinch(evaluated, folder, { ...process.env, PINCH_DEBUG: '1' }).ended;
  expect(err).toContain('Non-zero status code returned while running Gather node');
});

test('a run keeps them in its log, and its state has the sentence', async () => {
  const flags = ['--train', 'speech/manifest.jsonl', '--device', 'cpu', '--steps', '1', '--run', 'run'];
  const { code, err } = await pinch(['prune', '--model', 'model', ...flags], folder).ended;
  expect(code).toBe(1);
  expect(err).not.toMatch(/\u001b|\[E:onnxruntime|Non-zero status/u);
  expect(readFileSync(join(folder, 'run', 'trainer.log'), 'utf8')).toMatch(
    /own words: Non-zero status code .* Gather/u,
  );
  const { message } = readJson(join(folder, 'run', 'state.json')) as { message: string };
  expect(message).toMatch(/^Pinch's graph "training_step": onnxruntime stopped at the node ".*TooFar" \(Gather\): /u);
});

test.each([
  [
    'a file and a function in front',
    "Non-zero status code returned while running Conv node. Name:'n' Status Message: conv.cc:261 Compute Conv : bias must be a 1D tensor of size output_channels (64)",
    'onnxruntime stopped at the node "n" (Conv): bias must be a 1D tensor of size output_channels (64).',
  ],
  [
    'a condition that failed',
    "Non-zero status code returned while running Add node. Name:'a' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:540 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 64 by 65\n",
    'onnxruntime stopped at the node "a" (Add): Attempting to broadcast an axis by a dimension other than 1. 64 by 65.',
  ],
  [
    'colours',
    "\u001b[1;31mNon-zero status code returned while running Mul node. Name:'m' Status Message: no\u001b[m",
    'onnxruntime stopped at the node "m" (Mul): no.',
  ],
  [
    'too little memory',
    "Non-zero status code returned while running MatMul node. Name:'m' Status Message: /o/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 2400000000\n",
    'there is not enough memory to run it; 2.40 GB more were needed at the node "m" (MatMul).',
  ],
  ['no node', 'std::bad_alloc', 'there is not enough memory to run it.'],
])('%s', (_, raw, sentence) => {
  expect(new OnnxruntimeError('model.onnx', 'run', new Error(raw)).message).toBe(`model.onnx: ${sentence}`);
});
