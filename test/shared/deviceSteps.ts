/**
 * Five gated steps on noise on one device, the feature encoder frozen, in a process of its own because a driver may end it. Arguments:
 * model, device, a file for the final state, a prefix for onnxruntime's profile. Prints one JSON object, `DeviceSteps`.
 */

import { Random } from '../../src/base/random.ts';
import { openTrainable } from '../openTrainable.ts';
import { writeSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import type { Device } from '../../src/runtime/session.ts';
import type { StepResult } from '../../src/step/stepResult.ts';

export interface DeviceSteps {
  readonly steps: readonly StepResult[];
  readonly seconds: readonly number[];
  /** State tensors that the device holds after the steps, by name. */
  readonly onDevice: readonly string[];
  /** State tensors whose copy on the host the steps changed. */
  readonly changedOnHost: readonly string[];
}

const [path = '', device = '', stateFile = '', profilePrefix = ''] = process.argv.slice(2);
const samples = 16_000;

const { trainable, state, processor } = await openTrainable(path, device as Device, 'gated', profilePrefix);

// One shape for all steps, because every shape has its shaders compiled anew; utterances of different lengths in it.
const random = Random.seeded(0);
const audioLengths = Int32Array.of(samples, samples - 1500, samples, samples - 4000);
const batch = {
  shape: { rows: 4, samples, labels: 12 },
  audio: new Float32Array(4 * samples),
  audioLengths,
  labels: new BigInt64Array(4 * 12).fill(BigInt(processor.vocabulary.blank)),
  labelLengths: BigInt64Array.of(12n, 11n, 10n, 9n),
  weights: Float32Array.of(1, 1, 1, 1),
  failures: [],
};
for (const [row, length] of audioLengths.entries()) {
  for (let k = 0; k < length; k++) batch.audio[row * samples + k] = random.normal();
}
for (const [row, length] of batch.labelLengths.entries()) {
  for (let k = 0; k < length; k++) batch.labels[row * 12 + k] = BigInt(5 + random.below(processor.vocabulary.size - 5));
}

await trainable.compile(batch.shape);
const before = new Map([...state].map(([name, { data }]) => [name, data.slice()]));
const steps: StepResult[] = [];
const seconds: number[] = [];
for (let step = 1; step <= 5; step++) {
  const start = performance.now();
  steps.push(
    await trainable.step(batch, {
      step,
      part: 1,
      learningRate: 1e-3,
      gateLearningRate: 1e-2,
      temperature: 1,
      sparsityTarget: 0.65,
      multiplier: 0,
      update: true,
    }),
  );
  seconds.push((performance.now() - start) / 1000);
}
const changedOnHost = [...state].flatMap(([name, { data }]) =>
  data.every((value, i) => value === before.get(name)?.[i]) ? [] : [name],
);
const onDevice = [...trainable['device'].values()].flatMap(({ tensor, members }) => (tensor.onDevice ? members : []));
await writeSafetensors(stateFile, { tensors: await trainable.readState(), metadata: {} });
await trainable.dispose();
const result: DeviceSteps = { steps, seconds, onDevice, changedOnHost };
// JSON has no typed arrays.
console.log(JSON.stringify(result, (_, value: unknown) => (value instanceof Float32Array ? [...value] : value)));
