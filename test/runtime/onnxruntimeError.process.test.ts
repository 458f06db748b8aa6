/** Commands and runs in which onnxruntime fails: they print one sentence of ours, and its own words only on request. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { int64 } from '../../src/onnx/graph/tensor.ts';
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
