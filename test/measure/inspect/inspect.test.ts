/** Counts of parameters and zeros, and whose choice of gated layers they go by. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema } from 'onnx-buf';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import type { Model, Node, ValueInfo } from '../../../src/onnx/graph/graph.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { withFields } from '../../../src/onnx/file/protoCopy.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';
import { describeInspection, inspect } from '../../../src/measure/inspect/inspect.ts';
import { withRecord } from '../../../src/state/pruningRecord.ts';

let folder = '';
let model = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-inspect-'));
  model = join(folder, 'model.onnx');
  writeFileSync(model, encodeModel(twoLayers()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two linear layers of a block, 20 x 20 each, as PyTorch's older exporter names them; a quarter of the first one's weights are zero. */
function twoLayers(): Model {
  const weights = (zeros: number) =>
    float32(
      Float32Array.from({ length: 400 }, (_, i) => (i < zeros ? 0 : 1 + i)),
      [20, 20],
    );
  const value = (name: string): ValueInfo => ({ name, type: 'float32', dims: ['batch', 20] });
  const node = (module: string, opType: string, inputs: string[], output: string): Node => {
    const name = `/wav2vec2/encoder/layers.0/${module}/${opType}`;
    return { opType, domain: '', name, inputs, outputs: [output], attributes: {} };
  };
  return {
    graph: {
      name: 'layers',
      nodes: [
        node('attention/q_proj', 'MatMul', ['x', 'onnx::MatMul_1'], 'a'),
        node('attention/q_proj', 'Add', ['a', 'wav2vec2.encoder.layers.0.attention.q_proj.bias'], 'b'),
        node('feed_forward/output_dense', 'MatMul', ['b', 'onnx::MatMul_2'], 'y'),
      ],
      inputs: [value('x')],
      outputs: [value('y')],
      initializers: new Map([
        ['onnx::MatMul_1', weights(100)],
        ['onnx::MatMul_2', weights(0)],
        ['wav2vec2.encoder.layers.0.attention.q_proj.bias', float32(Array.from({ length: 20 }, (_, i) => i + 1))],
      ]),
    },
    opsets: new Map([['', 17]]),
  };
}

describe('inspect', () => {
  test('counts zeros by tensor, over everything and over the gated weights', async () => {
    const { tensors, totals, opsets } = await inspect(model);
    expect(opsets).toEqual({ 'ai.onnx': 17 });
    expect(tensors.map(({ layer, parameters, zeros, gated }) => [layer, parameters, zeros, gated])).toEqual([
      ['encoder.layers.0.attention.q_proj', 400, 100, true],
      ['encoder.layers.0.attention.q_proj', 20, 0, false],
      ['encoder.layers.0.feed_forward.output_dense', 400, 0, true],
    ]);
    expect(totals).toEqual({
      parameters: 820,
      nonZeroParameters: 720,
      removed: null,
      sparsity: 100 / 820,
      gated: { by: 'default', parameters: 800, nonZeroParameters: 700, removed: null, sparsity: 100 / 800 },
    });
  });

  test('says it in a table', async () => {
    const text = describeInspection(await inspect(model));
    expect(text).toMatch(/^encoder\.layers\.0\.attention\.q_proj +MatMul +float32 +20 x 20 +400 +25\.00 % +- +yes/mu);
    expect(text).toMatch(/1 vectors .* 20 parameters/u);
    expect(text).toMatch(/Gated weights by default: 800, 700 not zero, sparsity 12\.50 %/u);
    expect(text).toMatch(/no record of removed units and heads/u);
  });

  test('goes by the record in the file: what was gated, and what is gone', async () => {
    const named = 'wav2vec2.encoder.layers.0.';
    const record = {
      by: 'run',
      gated: new Set([`${named}attention.q_proj.weight`, `${named}attention.v_proj.weight`]),
      sizes: new Map([
        [`${named}attention.q_proj.weight`, 500],
        [`${named}attention.v_proj.weight`, 300],
        [`${named}attention.q_proj.bias`, 25],
      ]),
    } as const;
    const recorded = join(folder, 'recorded.onnx');
    await saveModel(withRecord(await loadModel(model), record), recorded);
    const inspection = await inspect(recorded);
    expect(inspection.totals).toEqual({
      parameters: 820,
      nonZeroParameters: 720,
      removed: 405,
      sparsity: 505 / 1225,
      gated: { by: 'run', parameters: 400, nonZeroParameters: 300, removed: 400, sparsity: 500 / 800 },
    });
    expect(inspection.tensors.map(({ gated, removed }) => [gated, removed])).toEqual([
      [true, 100],
      [false, 5],
      [false, 0],
    ]);
    expect(describeInspection(inspection)).toMatch(/of its run: 400, 300 not zero, 400 removed, sparsity 62\.50 %/u);
  });

  test.each([
    ['no JSON', '{'],
    ['of another version', '{"version":2}'],
    ['with a size that is none', '{"version":1,"by":"run","gated":[],"sizes":[["a",-1]]}'],
  ])('a record that is %s is none', async (name, value) => {
    const file = await loadModel(model);
    const entry = create(StringStringEntryProtoSchema, { key: 'pinch.pruning', value });
    const path = join(folder, `${name}.onnx`);
    await saveModel({ ...file, proto: withFields(file.proto, { metadataProps: [entry] }) }, path);
    expect((await inspect(path)).totals).toEqual((await inspect(model)).totals);
  });

  test('a checkpoint goes by the gates of its run', async () => {
    const checkpoint = join(folder, 'run/checkpoints/step-000010');
    mkdirSync(checkpoint, { recursive: true });
    writeFileSync(join(checkpoint, 'model.onnx'), encodeModel(twoLayers()));
    const settings = { model: 'm', train: 't', gates: { ignore: ['output_dense'] } };
    writeFileSync(join(folder, 'run/run.json'), JSON.stringify({ settings }));
    const { totals } = await inspect(checkpoint);
    expect(totals.gated).toMatchObject({ by: 'run', parameters: 400, nonZeroParameters: 300, sparsity: 0.25 });

    writeFileSync(join(folder, 'run/run.json'), '{"settings": 3}');
    expect((await inspect(checkpoint)).totals.gated).toMatchObject({ by: 'default', parameters: 800 });
  });

  test('a file that is no model is refused in one sentence', async () => {
    const path = join(folder, 'text.onnx');
    writeFileSync(path, 'this is not a model');
    await expect(inspect(path)).rejects.toThrow(/text\.onnx: [^\n]+$/u);
  });
});
