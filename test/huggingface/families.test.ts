/** Every family, imported from a checkpoint that the test writes, gives what transformers gives (fixtures/make.py); the graph is sound. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { families } from '../../src/huggingface/families/families.ts';
import { importModel } from '../../src/huggingface/importModel.ts';
import { checkpointModelTypes } from '../../src/protocol/modelTypes.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { chooseGates } from '../../src/prune/chooseGates.ts';
import { findLayers } from '../../src/prune/channels/layers.ts';
import { familyCases, tensorsOf, writeCheckpoint, type FamilyCase } from './writtenCheckpoint.ts';

const lengths = [460, 333];

/** The largest difference from transformers' logits, padding left out. */
async function difference(model: string, { masked, frames, shapes, logits }: FamilyCase): Promise<number> {
  const session = await InferenceSession.create(model);
  expect(session.inputNames).toEqual(masked ? ['input_values', 'attention_mask'] : ['input_values']);
  const samples = Math.max(...lengths);
  let most = 0;
  for (const [i, shape] of shapes.entries()) {
    const [batch = 0, length = 0, symbols = 0] = shape;
    const values = new Float32Array(batch * samples);
    const mask = new BigInt64Array(batch * samples);
    for (let row = 0; row < batch; row++) {
      for (let j = 0; j < lengths[row]!; j++) values[row * samples + j] = Math.sin(0.05 * j * (row + 1));
      mask.fill(1n, row * samples, row * samples + lengths[row]!);
    }
    const feeds: Record<string, Tensor> = { input_values: new Tensor(values, [batch, samples]) };
    if (masked) feeds['attention_mask'] = new Tensor('int64', mask, [batch, samples]);
    const made = (await session.run(feeds))['logits']!;
    expect(made.dims).toEqual(shape);
    for (let row = 0; row < batch; row++) {
      const start = row * length * symbols;
      for (let at = start; at < start + frames[row]! * symbols; at++)
        most = Math.max(most, Math.abs((made.data as Float32Array)[at]! - logits[i]![at]!));
    }
  }
  await session.release();
  return most;
}

const titled = familyCases.map((each, i) => [`${each.config.architectures[0]}, case ${i}`, each] as const);

describe('a written checkpoint', () => {
  test.each(titled)('%s: the logits of transformers', async (_, each) => {
    const folder = await writeCheckpoint(each, tensorsOf(each));
    const { model, architecture } = await importModel(folder, join(folder, 'onnx'));
    expect(architecture).toBe(each.config.architectures[0]);
    const loaded = await loadModel(model);
    expect(checkModel(loaded.model)).toEqual([]);
    expect(await difference(model, each)).toBeLessThan(5e-5);
    await rm(folder, { recursive: true });
  });

  test.each(titled)('%s: parameters have their names, and units and heads are found', async (_, each) => {
    const folder = await writeCheckpoint(each, tensorsOf(each));
    const { model } = await importModel(folder, join(folder, 'onnx'));
    const { file, parameters } = exposeParameters(await loadModel(model));
    const names = parameters.map(({ name }) => name);
    const unknown = names.filter((name) => !(name in each.tensors));
    expect(unknown).toEqual([]);
    // Nothing is trained that transformers does not train, and all of it but what the graph does not read.
    const left = Object.keys(each.tensors).filter((name) => !names.includes(name));
    expect(left.filter((name) => !/running_|masked_spec_embed|encoder\.pos_conv_embed/u.test(name))).toEqual([]);
    const gated = chooseGates(parameters, undefined, 1).flatMap((choice) =>
      choice.gated ? [choice.parameter.initializer] : [],
    );
    const { layers } = findLayers(file.model, new Set(gated));
    const kinds = layers.map(({ layer }) => layer.kind);
    expect(kinds.filter((kind) => kind === 'units').length).toBeGreaterThanOrEqual(2);
    expect(kinds.filter((kind) => kind === 'heads').length).toBeGreaterThanOrEqual(
      // WavLM's gates of positions take the hidden channels apart, a part for each head.
      each.config.architectures[0] === 'WavLMForCTC' ? 0 : 2,
    );
    await rm(folder, { recursive: true });
  });

  test('the editor offers every family', () => {
    expect(checkpointModelTypes).toEqual(families.map(({ modelType }) => modelType));
  });

  test('there is a case of every family', () => {
    const tried = new Set(familyCases.map(({ config }) => config.architectures[0]));
    expect(families.map(({ forCTC }) => forCTC).filter((name) => !tried.has(name))).toEqual([]);
  });
});
