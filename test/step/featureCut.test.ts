/** Where a model is cut in two, and that its two parts together are the model. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { beginAt } from '../../src/onnx/passes/beginAt.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import type { Model } from '../../src/onnx/graph/graph.ts';
import { loadModel, type ModelFile } from '../../src/onnx/file/load.ts';
import { float32, int64, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { Random } from '../../src/base/random.ts';
import { canAugment, findFeatureCut } from '../../src/step/featureCut.ts';
import { FeatureEncoder } from '../../src/train/features/encoder.ts';
import { paddedFeatures } from '../../src/step/paddedFeatures.ts';
import { Session } from '../../src/runtime/session.ts';
import { temporaryFolder } from '../onnx/smallFile.ts';
import { modelOf, node } from '../onnx/specialized.ts';
import { toyModel } from '../train/toy.ts';

const options = {
  audioInput: 'input_values',
  maskInput: undefined,
  logitsOutput: 'logits',
  sampleRate: 16_000,
  dropout: false,
  specAugment: false,
};

const folder = temporaryFolder();

async function fileOf(model: Model): Promise<ModelFile> {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, encodeModel(model));
  return loadModel(path);
}

/** The cut of the toy if all is trained but these. */
function cutOf(model: Model, frozen: readonly string[], changes: Partial<typeof options> = {}) {
  const parameters = [...model.graph.initializers].flatMap(([initializer, { type, dims }]) =>
    type === 'float32' ? [{ initializer, dims, trained: !frozen.includes(initializer) }] : [],
  );
  return findFeatureCut({ model, parameters, ...options, ...changes });
}

describe('the cut', () => {
  test('lies behind all that depends on the audio and frozen weights alone', () => {
    expect(cutOf(toyModel(), ['conv'])).toEqual({ name: 'frames', axis: 1, channels: 16, perSample: 0.1 });
    expect(cutOf(toyModel(), ['conv', 'dense0'])?.name).toBe('product0');
    expect(cutOf(toyModel(), ['conv', 'dense0', 'bias0'])?.name).toBe('active0');
  });

  test('is not there if the first layer is trained', () => {
    expect(cutOf(toyModel(), [])).toBeUndefined();
    expect(cutOf(toyModel(), ['dense0', 'head'])).toBeUndefined();
  });

  const withNodes = (change: (nodes: Model['graph']['nodes']) => Model['graph']['nodes'], tensors = {}): Model => {
    const { graph, opsets } = toyModel();
    const initializers = new Map([...graph.initializers, ...Object.entries<Tensor>(tensors)]);
    return { graph: { ...graph, nodes: change(graph.nodes), initializers }, opsets };
  };

  test('knows channels first, where nothing frozen turns them', () => {
    const model = withNodes(
      (nodes) =>
        nodes.flatMap((one) =>
          one.outputs[0] === 'energy' ? [{ ...one, outputs: ['e'] }, node('energy = Mul(e, gain)')] : [one],
        ),
      { gain: float32(new Float32Array(16).fill(2), [16, 1]) },
    );
    expect(cutOf(model, ['conv'])).toMatchObject({ name: 'e', axis: 2, channels: 16 });
  });

  test('lies in front of a branch that goes around it', () => {
    const model = withNodes(
      (nodes) =>
        nodes
          .flatMap((one) => (one.outputs[0] === 'product0' ? [{ ...one, inputs: ['both', 'dense0'] }] : [one]))
          .flatMap((one) =>
            one.outputs[0] === 'frames'
              ? [
                  one,
                  node('twice = Add(frames, frames)'),
                  node('scaled = Mul(frames, gain)'),
                  node('both = Add(twice, scaled)'),
                ]
              : [one],
          ),
      { gain: float32(new Float32Array(16).fill(2), [16]) },
    );
    expect(cutOf(model, ['conv'])?.name).toBe('frames');
  });

  test('does not mind shapes that are read around it', () => {
    const model = withNodes(
      (nodes) => [
        ...nodes.map((one) => (one.outputs[0] === 'logits' ? { ...one, outputs: ['scores'] } : one)),
        node('shape = Shape(input_values)'),
        node('batch = Gather(shape, first)'),
        node('sizes = Concat(batch, rest)', { axis: { type: 'int', value: 0 } }),
        node('logits = Reshape(scores, sizes)'),
      ],
      { first: int64([0]), rest: int64([-1, 5]) },
    );
    expect(cutOf(model, ['conv'])?.name).toBe('frames');
  });

  test('leaves what SpecAugment hides and dropout drops in the graph that is trained', () => {
    // A residual stream that begins behind a frozen layer: x + dense1(x).
    const model = withNodes((nodes) =>
      nodes
        .map((one) => (one.outputs[0] === 'logits' ? { ...one, inputs: ['stream', 'head'] } : one))
        .flatMap((one) => (one.outputs[0] === 'logits' ? [node('stream = Add(active0, active1)'), one] : [one])),
    );
    const frozen = ['conv', 'dense0', 'bias0', 'dense1', 'bias1'];
    expect(cutOf(model, frozen)?.name).toBe('stream');
    expect(cutOf(model, frozen, { specAugment: true })?.name).toBe('active0');
  });
});

test('frames and features can be hidden where a residual stream begins, and nowhere else', () => {
  const can = (model: Model): boolean => {
    const parameters = [...model.graph.initializers].flatMap(([initializer, { type, dims }]) =>
      type === 'float32' ? [{ initializer, dims, trained: true }] : [],
    );
    return canAugment({ model, parameters, ...options });
  };
  const { graph, opsets } = toyModel();
  expect(can({ graph, opsets })).toBe(false);
  const nodes = graph.nodes.flatMap((one) =>
    one.outputs[0] === 'active0' ? [{ ...one, outputs: ['a'] }, node('active0 = Add(a, product0)')] : [one],
  );
  expect(can({ graph: { ...graph, nodes }, opsets })).toBe(true);
});

describe('the parts of the toy', () => {
  const model = toyModel();
  const cut = cutOf(model, ['conv'])!;
  const random = Random.seeded(2);
  const audio = Float32Array.from({ length: 5000 }, () => random.normal());

  test('give together what the model gives', async () => {
    const whole = await Session.create(encodeModel(model), { device: 'cpu' });
    const expected = (await whole.run({ input_values: float32(audio, [1, audio.length]) }))['logits']!.tensor;
    const encoder = new FeatureEncoder({ model, cut, audioInput: 'input_values', device: 'cpu' });
    const features = await encoder.run(audio);
    const file = await fileOf(model);
    const rest = beginAt(file, { name: cut.name, rank: 3, input: 'input_values', output: 'logits' })!;
    expect([...rest.model.graph.initializers.keys()]).not.toContain('conv');
    const behind = await Session.create(encodeModel(rest.model), { device: 'cpu' });
    expect(behind.inputs).toEqual(['frames']);
    const logits = (await behind.run({ frames: float32(features, [1, features.length / 16, 16]) }))['logits']!.tensor;
    expect(logits).toEqual(expected);
    await Promise.all([whole.dispose(), behind.dispose(), encoder.dispose()]);
  });

  test('have a checksum that changes with the weights of the encoder alone', () => {
    const sum = (changed?: string): string => {
      const initializers = new Map(model.graph.initializers);
      const tensor = changed === undefined ? undefined : initializers.get(changed);
      if (changed !== undefined && tensor)
        initializers.set(changed, float32(new Float32Array(sizeOf(tensor.dims)), tensor.dims));
      const other: Model = { ...model, graph: { ...model.graph, initializers } };
      return new FeatureEncoder({ model: other, cut, audioInput: 'input_values', device: 'cpu' }).checksum;
    };
    expect(sum('dense0')).toBe(sum());
    expect(sum('conv')).not.toBe(sum());
  });

  test('cannot be had where the audio itself is read around the cut', async () => {
    const around = modelOf({
      nodes: [node('a = Relu(x)'), node('b = Neg(x)'), node('y = Add(a, b)')],
      inputs: { x: float32(audio, [1, audio.length]) },
    });
    expect(beginAt(await fileOf(around), { name: 'a', rank: 2, input: 'x', output: 'y' })).toBeUndefined();
  });
});

describe('padding', () => {
  const one = Float32Array.of(1, 2, 3, 4, 5, 6);
  test('repeats the last frame, whichever axis counts frames', () => {
    expect([...paddedFeatures([one], { axis: 1, channels: 2 }, [1, 5, 2]).data]).toEqual([
      1, 2, 3, 4, 5, 6, 5, 6, 5, 6,
    ]);
    expect([...paddedFeatures([one], { axis: 2, channels: 2 }, [1, 2, 5]).data]).toEqual([
      1, 2, 3, 3, 3, 4, 5, 6, 6, 6,
    ]);
  });
  test('leaves rows without an utterance at zero, and cuts what is too long', () => {
    const { data } = paddedFeatures([one, one.subarray(0, 2)], { axis: 1, channels: 2 }, [3, 2, 2]);
    expect([...data]).toEqual([1, 2, 3, 4, 1, 2, 1, 2, 0, 0, 0, 0]);
  });
});
