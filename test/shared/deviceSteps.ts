/**
 * Five gated steps on noise on one device, the feature encoder frozen, in a process of its own because a driver may end it. Arguments:
 * model, device, a file for the final state, a prefix for onnxruntime's profile. Prints one JSON object, `DeviceSteps`.
 */

import { Random } from '../../src/base/random.ts';
import { openTrainable } from '../openTrainable.ts';
import { writeSafetensors } from '../../src/onnx/file/safetensors.ts';
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
const utterances = 4;
const samples = 16_000;

const { trainable, state, processor } = await openTrainable(path, device as Device, 'gated', profilePrefix);

// One shape for all steps, because every shape has its shaders compiled anew; utterances of different lengths in it.
const random = Random.seeded(0);
const samplesPerUtterance = [samples, samples - 1500, samples, samples - 4000];
const inputs = new Float32Array(utterances * samples);
samplesPerUtterance.forEach((length, i) => {
  for (let k = 0; k < length; k++) inputs[i * samples + k] = random.normal();
});
const labels = samplesPerUtterance.map((_, i) =>
  Array.from({ length: 12 - i }, () => 5 + random.below(processor.vocabulary.size - 5)),
);
const batch = { inputs, samples, samplesPerUtterance, labels, maxLabels: 12, weights: [1, 1, 1, 1] };

await trainable.compile({ utterances, samples, labels: batch.maxLabels });
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
console.log(JSON.stringify(result));
