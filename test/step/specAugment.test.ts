/** SpecAugment: where it goes, what a mask does to a step, and the masks themselves. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { float32, int64, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import type { ValueEdit } from '../../src/onnx/passes/specialize.ts';
import type { Value } from '../../src/onnx/graph/value.ts';
import { specAugmentEdit, SpecAugmentMasks, type MaskInputs } from '../../src/step/specAugment.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import { buildTrainingGraph, type TrainingGraph } from '../../src/step/trainingGraph.ts';
import { Session } from '../../src/runtime/session.ts';
import { importModel } from '../../src/huggingface/importModel.ts';
import { familyCases, tensorsOf, writeCheckpoint } from '../huggingface/writtenCheckpoint.ts';

describe('in the sample model', () => {
  const samples = 8000;
  let plain: TrainingGraph;
  let masking: TrainingGraph;
  let feeds: Record<string, Tensor>;
  const sessions = new Map<TrainingGraph, Session>();

  beforeAll(async () => {
    const { file, parameters } = exposeParameters(await loadModel('media/sample/model'));
    const build = (masking: boolean): TrainingGraph =>
      buildTrainingGraph({
        model: file.model,
        parameters: parameters.map(({ initializer, dims }) => ({ initializer, dims, trained: true })),
        shape: { rows: 2, samples, labels: 3 },
        audioInput: 'input_values',
        logitsOutput: 'logits',
        blank: 0,
        gates: 'fixed',
        accumulation: 'none',
        settings: {
          optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
          tau: 0.1,
          quadratic: 10,
          dropout: 0,
          accumulate: 1,
          tiles: false,
          masked: masking ? { time: true, features: true } : undefined,
        },
      });
    plain = build(false);
    masking = build(true);
    for (const graph of [plain, masking]) sessions.set(graph, await Session.create(graph.model, { device: 'cpu' }));
    feeds = {
      input_values: float32(
        Float32Array.from({ length: 2 * samples }, (_, i) => Math.sin(i / 7)),
        [2, samples],
      ),
      labels: int64([3, 4, 5, 6, 7, 8], [2, 3]),
      label_lengths: int64([3, 2]),
      frame_lengths: int64([24, 20]),
      ...Object.fromEntries(
        parameters.flatMap(({ initializer, dims }) => [
          [stateNames.weight(initializer), file.model.graph.initializers.get(initializer)!],
          [stateNames.mean(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
          [stateNames.square(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
        ]),
      ),
      ...Object.fromEntries(['decay', 'rate', 'epsilon'].map((name) => [`weights_${name}`, float32([0.5], [])])),
    };
  });

  afterAll(async () => {
    for (const session of sessions.values()) await session.dispose();
  });

  /** @param only the utterance whose loss counts. @param masked which frames, or features, of which utterance are hidden. */
  async function lossOf(
    graph: TrainingGraph,
    only: number,
    masked: { [axis in keyof MaskInputs]?: (utterance: number, at: number) => boolean } = {},
  ): Promise<{ loss: number; norm: number }> {
    const session = sessions.get(graph)!;
    const all: Record<string, Tensor> = {
      ...feeds,
      utterance_weights: float32([Number(only === 0), Number(only === 1)]),
    };
    for (const axis of ['time', 'features'] as const) {
      const input = graph.masks?.[axis];
      if (!input) continue;
      const width = sizeOf(input.dims) / 2;
      const data = Float32Array.from({ length: 2 * width }, (_, i) =>
        masked[axis]?.(Math.floor(i / width), i % width) ? 0 : 1,
      );
      all[input.name] = float32(data, input.dims);
    }
    const results = await session.run(Object.fromEntries(session.inputs.map((name) => [name, all[name]!])));
    const number = (name: string): number => Number(results[name]?.tensor.data[0]);
    return { loss: number('ctc_loss'), norm: number('gradient_norm') };
  }

  test('it hides what the feature projection writes, by a number for each frame and one for each feature', () => {
    expect(plain.masks).toBeUndefined();
    expect(masking.masks).toEqual({
      time: { name: 'time_mask', dims: [2, masking.frames, 1] },
      features: { name: 'feature_mask', dims: [2, 1, 96] },
    });
    const reads = masking.model.graph.nodes.find(({ inputs }) => inputs.includes('time_mask'));
    expect(reads?.inputs).toEqual(['/wav2vec2/feature_projection/projection/Add_output_0', 'time_mask']);
  });

  test('a mask of ones leaves loss and gradients as they are', async () => {
    const [without, ones] = [await lossOf(plain, 0), await lossOf(masking, 0)];
    expect(ones.loss).toBeCloseTo(without.loss, 5);
    expect(ones.norm / without.norm).toBeCloseTo(1, 5);
  });

  test.each(['time', 'features'] as const)('hidden %s change the loss of their own utterance alone', async (axis) => {
    const hide = { [axis]: (utterance: number, at: number) => utterance === 1 && at >= 5 && at < 15 };
    for (const only of [0, 1]) {
      const [whole, hidden] = [await lossOf(masking, only), await lossOf(masking, only, hide)];
      if (only === 0) expect(hidden.loss).toBeCloseTo(whole.loss, 5);
      else expect(Math.abs(hidden.loss / whole.loss - 1)).toBeGreaterThan(0.001);
    }
  });
});

/**
 * `SEWModel.forward(inputs, mask_time_indices=hidden)` of transformers 5.17.0 with the weights of fixtures/make.py, in training mode without
 * dropout, with `masked_spec_embed` zero; then CTC as in torch_reference.py, and the norm over the gradients of all parameters but that one.
 */
const sew = [
  { name: 'that pools two frames', whole: [10.8957367, 12.9919977], hidden: [10.9080429, 13.2068929] },
  { name: 'that pools three, with a mask', whole: [11.612669, 12.971016], hidden: [11.6368275, 12.3030033] },
] as const;

describe.each(sew.map((each, at) => ({ ...each, at })))('in an SEW model $name', ({ at, whole, hidden }) => {
  const [samples, labels] = [460, 3];
  let folder: string;
  let graph: TrainingGraph;
  let session: Session;
  let feeds: Record<string, Tensor>;

  beforeAll(async () => {
    const written = familyCases.filter(({ config }) => config.architectures[0] === 'SEWForCTC')[at]!;
    folder = await writeCheckpoint(written, tensorsOf(written));
    const { file, parameters } = exposeParameters(
      await loadModel((await importModel(folder, join(folder, 'onnx'))).model),
    );
    const mask = file.model.graph.inputs.find(({ name }) => name === 'attention_mask');
    graph = buildTrainingGraph({
      model: file.model,
      parameters: parameters.map(({ initializer, dims }) => ({ initializer, dims, trained: true })),
      shape: { rows: 2, samples, labels },
      audioInput: 'input_values',
      maskInput: mask && { name: mask.name, type: 'int64' },
      logitsOutput: 'logits',
      blank: 0,
      gates: 'fixed',
      accumulation: 'none',
      settings: {
        optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
        ...{
          tau: 0.1,
          quadratic: 10,
          dropout: 0,
          accumulate: 1,
          tiles: false,
          masked: { time: true, features: false },
        },
      },
    });
    session = await Session.create(graph.model, { device: 'cpu' });
    const { frames } = graph;
    feeds = {
      input_values: float32(
        Float32Array.from({ length: 2 * samples }, (_, i) => Math.sin(0.05 * (i % samples) * (i < samples ? 1 : 2))),
        [2, samples],
      ),
      attention_mask: { type: 'int64', dims: [2, samples], data: new BigInt64Array(2 * samples).fill(1n) },
      labels: int64([2, 3, 4, 5, 3, 0], [2, labels]),
      label_lengths: int64([3, 2]),
      frame_lengths: int64([frames, frames - 3]),
      utterance_weights: float32([1, 1]),
      ...Object.fromEntries(
        parameters.flatMap(({ initializer, dims }) => [
          [stateNames.weight(initializer), file.model.graph.initializers.get(initializer)!],
          [stateNames.mean(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
          [stateNames.square(initializer), float32(new Float32Array(sizeOf(dims)), dims)],
        ]),
      ),
      ...Object.fromEntries(['decay', 'rate', 'epsilon'].map((name) => [`weights_${name}`, float32([0.5], [])])),
    };
  });
  afterAll(async () => {
    await session.dispose();
    await rm(folder, { recursive: true });
  });

  test.each([
    ['nothing', [], whole],
    [
      'frames',
      [
        [3, 8],
        [32, 37],
        [42, 44],
      ],
      hidden,
    ],
  ] as const)('with %s hidden, loss and gradients are those of transformers', async (_, spans, [loss, norm]) => {
    expect(graph.masks?.time?.dims).toEqual([2, graph.frames, 1]);
    expect(graph.frames).toBe(22);
    const shown = new Float32Array(2 * graph.frames).fill(1);
    for (const [from, to] of spans) shown.fill(0, from, to);
    const all: Record<string, Tensor> = { ...feeds, time_mask: float32(shown, [2, graph.frames, 1]) };
    const results = await session.run(Object.fromEntries(session.inputs.map((name) => [name, all[name]!])));
    const number = (name: string): number => Number(results[name]?.tensor.data[0]);
    expect(number('ctc_loss') / loss).toBeCloseTo(1, 4);
    expect(number('gradient_norm') / norm).toBeCloseTo(1, 4);
  });
});

const both = { time: true, features: true };

describe('the residual stream', () => {
  /** What is chosen in a graph whose logits are 2 × 10 × 3. */
  function chosenIn(build: (b: Builder) => Value): { stream: Value | undefined; inputs: MaskInputs | undefined } {
    const b = new Builder();
    const logits = b.op('MatMul', [build(b), b.input('head', 'float32', [4, 3])]);
    let inputs: MaskInputs | undefined;
    const edits = specAugmentEdit(b.operands, logits.dims, both, (made) => (inputs = made));
    const [found] = edits;
    found?.[1](b, found[0]);
    return { stream: found?.[0], inputs };
  }

  test('begins with the first sum of a value and what is computed from it', () => {
    let stream: Value | undefined;
    const { stream: chosen, inputs } = chosenIn((b) => {
      // A GELU by hand, over other frames, and a sum with positions, which no audio is in.
      const early = b.input('early', 'float32', [2, 20, 4]);
      const cubed = b.op('Mul', [early, b.op('Mul', [early, early])]);
      const curved = b.op('Transpose', [b.op('Add', [early, cubed])]);
      const frames = b.op('Reshape', [
        b.op('Slice', [curved, b.ints([0]), b.ints([10]), b.ints([1])]),
        b.ints([2, 10, 4]),
      ]);
      stream = b.op('Add', [frames, b.input('positions', 'float32', [2, 10, 4])]);
      const added = b.op('Add', [b.op('Relu', [stream]), stream]);
      return b.op('Add', [added, b.op('Relu', [added])]);
    });
    expect(chosen).toBe(stream);
    expect(inputs).toEqual({
      time: { name: 'time_mask', dims: [2, 10, 1] },
      features: { name: 'feature_mask', dims: [2, 1, 4] },
    });
  });

  test.each([
    ['the vector of hidden frames', new Float32Array([1, 2, 3, 4]), [1, 2, 3, 4]],
    ['zeros, where the vector has another width', new Float32Array([1, 2, 3]), [0, 0, 0, 0]],
    ['zeros, where there is none', undefined, [0, 0, 0, 0]],
  ] as const)('has in hidden frames %s, and zeros in hidden features', async (_, embed, expected) => {
    const b = new Builder();
    const stream = b.input('stream', 'float32', [1, 3, 4]);
    const sum = b.op('Add', [stream, b.op('Relu', [stream])]);
    const logits = b.op('MatMul', [sum, b.input('head', 'float32', [4, 2])]);
    const [[value, edit]] = [...specAugmentEdit(b.operands, logits.dims, both, () => undefined, embed)] as [
      [Value, ValueEdit],
    ];
    b.output(edit(b, value), 'edited');
    const session = await Session.create({ graph: b.graph('hidden'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
    const shown = [5, 6, 7, 8];
    const all: Record<string, Tensor> = {
      stream: float32(new Float32Array([...shown, 9, 9, 9, 9, ...shown]), [1, 3, 4]),
      time_mask: float32(new Float32Array([1, 0, 1]), [1, 3, 1]),
      feature_mask: float32(new Float32Array([1, 1, 1, 0]), [1, 1, 4]),
      head: float32(new Float32Array(8), [4, 2]),
    };
    const results = await session.run(Object.fromEntries(session.inputs.map((name) => [name, all[name]!])));
    const rows = [shown, expected, shown].map((row) => [...row.slice(0, 3), 0]);
    expect([...(results['edited']?.tensor.data as Float32Array)]).toEqual(rows.flat());
    await session.dispose();
  });

  test('is missing in a model without sums', () => {
    expect(chosenIn((b) => b.op('Relu', [b.input('frames', 'float32', [2, 10, 4])])).stream).toBeUndefined();
  });
});

describe('masks', () => {
  const settings = {
    ...{ maskTimeProb: 0.1, maskTimeLength: 10, maskTimeMinMasks: 2 },
    ...{ maskFeatureProb: 0.3, maskFeatureLength: null, maskFeatureMinMasks: 0 },
  };
  const masks = new SpecAugmentMasks(settings, 7);
  /** Begin and length of each run of hidden frames in a row. */
  const runs = (row: Float32Array): [number, number][] => {
    const found: [number, number][] = [];
    row.forEach((value, at) => {
      if (value === 1) return;
      if (row[at - 1] === 0) found.at(-1)![1] += 1;
      else found.push([at, 1]);
    });
    return found;
  };

  test('hide whole spans, inside the utterance', () => {
    const frames = 300;
    for (let step = 1; step <= 200; step++) {
      const mask = masks.time([300, 60, 10, 9], frames, step, 1);
      const rows = [0, 1, 2, 3].map((row) => mask.subarray(row * frames, (row + 1) * frames));
      for (const [begin, length] of rows.flatMap(runs)) {
        expect(length).toBeGreaterThanOrEqual(settings.maskTimeLength);
        expect(begin + length).toBeLessThanOrEqual(frames);
      }
      expect(runs(rows[1]!).every(([begin, length]) => begin + length <= 60)).toBe(true);
      expect(runs(rows[2]!)).toEqual([[0, 10]]);
      expect(runs(rows[3]!)).toEqual([]);
    }
  });

  test('hide their share of a long utterance, and at least two spans of a short one', () => {
    const share = (length: number): number => {
      let hidden = 0;
      for (let step = 1; step <= 2000; step++) {
        hidden += masks.time([length], length, step, 1).filter((value) => value === 0).length;
      }
      return hidden / (2000 * length);
    };
    // Spans that overlap hide less than their lengths together: 1 − (1 − 10/1000)¹⁰ of 1000 frames.
    expect(share(1000)).toBeCloseTo(0.0956, 2);
    expect(share(100)).toBeCloseTo(0.19, 1);
  });

  test('of features cover their share of the width on average, in spans of a twelfth of it', () => {
    const steps = 2000;
    let hidden = 0;
    for (let step = 1; step <= steps; step++) {
      const row = masks.features(2, 96, step, 1).subarray(96);
      for (const [, length] of runs(row)) expect(length).toBeGreaterThanOrEqual(8);
      hidden += row.filter((value) => value === 0).length / 96;
    }
    // 3.6 spans of 8 of 89 places each: 1 − (1 − 8/89)^3.6, a little less at the ends.
    expect(hidden / steps).toBeCloseTo(0.27, 1.5);
    expect(masks.features(2, 96, 3, 1)).not.toEqual(masks.features(2, 96, 4, 1));
    expect(new SpecAugmentMasks(settings, 7).features(2, 96, 3, 1)).toEqual(masks.features(2, 96, 3, 1));
    const long = new SpecAugmentMasks(
      { ...settings, maskFeatureLength: 10, maskFeatureProb: 1, maskFeatureMinMasks: 1 },
      7,
    );
    expect(long.features(2, 19, 1, 1)).toEqual(new Float32Array(38).fill(1));
    expect(long.features(2, 20, 1, 1)).toContain(0);
  });

  test('differ from step to step, batch to batch, and seed to seed, and come again after a resume', () => {
    const first = masks.time([500], 500, 3, 1);
    expect(new SpecAugmentMasks(settings, 7).time([500], 500, 3, 1)).toEqual(first);
    for (const other of [
      masks.time([500], 500, 4, 1),
      masks.time([500], 500, 3, 2),
      new SpecAugmentMasks(settings, 8).time([500], 500, 3, 1),
    ]) {
      expect(other).not.toEqual(first);
    }
  });
});
