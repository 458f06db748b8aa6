/** SpecAugment in a real export: the loss and the gradients are those that transformers has with the same frames and features masked. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { float32, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import { buildTrainingGraph } from '../../src/step/trainingGraph.ts';
import { Session } from '../../src/runtime/session.ts';
import { firstBatch, shared } from './firstBatch.ts';

const folder = join(shared, 'reference/w2v2-tiny');
const utterances = 2;

/** Frames hidden of each utterance: first, and one behind the last. */
const hidden = [
  [[7, 17]],
  [
    [3, 13],
    [30, 45],
  ],
] as const;

/** Features hidden of each utterance, of 64. */
const hiddenFeatures = [
  [[3, 9]],
  [
    [0, 4],
    [59, 64],
  ],
] as const;

/**
 * `Wav2Vec2Model.forward(inputs, mask_time_indices=hidden)` of transformers 5.17.0, in training mode without dropout, with
 * `masked_spec_embed` zero, and the second time with `mask_feature_prob` above 0 and these features from `_compute_mask_indices`; then CTC as in
 * torch_reference.py, and the norm over the gradients of all parameters but that one.
 */
const cases = [
  { what: 'frames', features: false, expected: { loss: 14.985410690307617, norm: 8.392260551452637 } },
  { what: 'frames and features', features: true, expected: { loss: 15.023168563842773, norm: 7.9926018714904785 } },
] as const;
const files = ['model.onnx', 'model.legacy.onnx'] as const;

/** Ones, and zeros in the spans of each row. */
function maskOf(rows: readonly (readonly (readonly [number, number])[])[], width: number): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(rows.length * width).fill(1);
  rows.forEach((spans, row) => spans.forEach(([from, to]) => mask.fill(0, row * width + from, row * width + to)));
  return mask;
}

describe.skipIf(!existsSync(shared)).each(files)('w2v2-tiny, %s: loss and gradient norm within 1e-5', (name) => {
  test.each(cases)('with hidden $what', async ({ features, expected }) => {
    const { file, parameters } = exposeParameters(await loadModel(join(folder, name)));
    const batch = await firstBatch(folder, utterances);
    const [, samples = 0] = batch.audio.dims;
    const [, labels = 0] = batch.labels.dims;
    const { model, masks } = buildTrainingGraph({
      model: file.model,
      parameters: parameters.map(({ initializer, dims }) => ({ initializer, dims, trained: true })),
      shape: { rows: utterances, samples, labels },
      audioInput: 'input_values',
      logitsOutput: 'logits',
      blank: batch.blank,
      gates: 'fixed',
      accumulation: 'none',
      settings: {
        optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
        ...{ tau: 0.1, quadratic: 10, dropout: 0, accumulate: 1, tiles: false, masked: { time: true, features } },
      },
    });
    const ofFrames = masks!.time!.dims;
    const ofFeatures = masks!.features?.dims ?? [utterances, 1, 0];
    expect(ofFeatures).toEqual([utterances, 1, features ? 64 : 0]);
    const zeros = (dims: readonly number[]): Tensor => float32(new Float32Array(sizeOf(dims)), dims);
    const feeds: Record<string, Tensor> = {
      ...{ input_values: batch.audio, labels: batch.labels },
      ...{ label_lengths: batch.labelLengths, frame_lengths: batch.frameLengths },
      ...{ utterance_weights: float32([1, 1]), time_mask: float32(maskOf(hidden, ofFrames[1] ?? 0), ofFrames) },
      feature_mask: float32(maskOf(hiddenFeatures, ofFeatures[2] ?? 0), ofFeatures),
      ...Object.fromEntries(['decay', 'rate', 'epsilon'].map((key) => [`weights_${key}`, float32([0.5], [])])),
      ...Object.fromEntries(
        parameters.flatMap(({ initializer, dims }) => [
          [stateNames.weight(initializer), file.model.graph.initializers.get(initializer)!],
          [stateNames.mean(initializer), zeros(dims)],
          [stateNames.square(initializer), zeros(dims)],
        ]),
      ),
    };
    const session = await Session.create(model, { device: 'cpu' });
    const results = await session.run(Object.fromEntries(session.inputs.map((key) => [key, feeds[key]!])));
    const found = (key: string): number => Number(results[key]?.tensor.data[0]);
    expect(Math.abs(found('ctc_loss') / expected.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(found('gradient_norm') / expected.norm - 1)).toBeLessThan(1e-5);
    await session.dispose();
  });
});
