/**
 * Five gated steps on noise on one device, the feature encoder frozen, in a process of its own because a driver may end it. Arguments:
 * model, device, a file for the final state, a prefix for onnxruntime's profile. Prints one JSON object, `DeviceSteps`.
 */

import { loadModel } from '../../src/onnx/load.ts';
import { exposeParameters } from '../../src/onnx/parameters.ts';
import { chooseGates, defaultGateRules } from '../../src/prune/chooseGates.ts';
import { readProcessor } from '../../src/speech/processor.ts';
import { Random } from '../../src/speech/random.ts';
import { frameCounter } from '../../src/train/frames.ts';
import type { Parameter } from '../../src/train/graph/trainingGraph.ts';
import { initialState } from '../../src/train/initialState.ts';
import { findPorts } from '../../src/train/ports.ts';
import { writeSafetensors } from '../../src/train/safetensors.ts';
import type { Device } from '../../src/train/session.ts';
import type { StepResult } from '../../src/train/stepResult.ts';
import { Trainable } from '../../src/train/trainable.ts';

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

const { file, parameters: found } = exposeParameters(await loadModel(path));
const processor = await readProcessor(file.folder);
const ports = findPorts(file.model.graph, file.path, processor.vocabulary.size);
const layers: string[] = [];
const parameters = chooseGates(found, defaultGateRules).map(({ parameter, gated }): Parameter => {
  const { initializer, dims, layer, name } = parameter;
  const gate = gated ? { gate: layers.push(layer) - 1 } : {};
  return { initializer, dims, trained: !name.includes('feature_extractor'), ...gate };
});
const weights = new Map(
  parameters.flatMap(({ initializer }) => {
    const tensor = file.model.graph.initializers.get(initializer);
    return tensor ? [[initializer, { ...tensor, data: tensor.data.slice() }] as const] : [];
  }),
);
const state = initialState(parameters, weights, 0.1);
const trainable = new Trainable(
  {
    model: file.model,
    parameters,
    layers,
    audioInput: ports.audio.name,
    maskInput: ports.mask,
    logitsOutput: ports.logits.name,
    blank: processor.vocabulary.blank,
    frames: frameCounter(file.model, ports, processor),
    device: device as Device,
    threads: undefined,
    settings: {
      optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
      tau: 0.1,
      quadratic: 10,
      dropout: 0,
      accumulate: 1,
    },
    seed: 0,
    gates: 'learning',
    profilePrefix,
  },
  state,
);

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
const onDevice = [...trainable['device']].flatMap(([name, { onDevice }]) => (onDevice ? [name] : []));
await writeSafetensors(stateFile, { tensors: await trainable.readState(), metadata: {} });
await trainable.dispose();
const result: DeviceSteps = { steps, seconds, onDevice, changedOnHost };
console.log(JSON.stringify(result));
