/**
 * Steps of training on noise, in a process of its own so that its peak memory is the step's: the model's own shapes, the feature encoder
 * frozen. Arguments: model, `gated` or `ungated`, steps, utterances, seconds of audio each, optionally a profile's prefix. Prints one
 * JSON object.
 */

import { readFileSync } from 'node:fs';
import { loadModel } from '../../src/onnx/load.ts';
import { exposeParameters } from '../../src/onnx/parameters.ts';
import { chooseGates, defaultGateRules } from '../../src/prune/chooseGates.ts';
import { readProcessor } from '../../src/speech/processor.ts';
import { Random } from '../../src/speech/random.ts';
import { frameCounter } from '../../src/train/frames.ts';
import type { Parameter } from '../../src/train/graph/trainingGraph.ts';
import { initialState } from '../../src/train/initialState.ts';
import { findPorts } from '../../src/train/ports.ts';
import { Trainable } from '../../src/train/trainable.ts';

const [path = '', mode = 'ungated', steps = '5', count = '4', seconds = '5', profilePrefix] = process.argv.slice(2);
const utterances = Number(count);

const { file, parameters: found } = exposeParameters(await loadModel(path));
const processor = await readProcessor(file.folder);
const ports = findPorts(file.model.graph, file.path, processor.vocabulary.size);
const layers: string[] = [];
const parameters = chooseGates(found, defaultGateRules).map(({ parameter, gated }): Parameter => {
  const { initializer, dims, layer, name } = parameter;
  const gate = gated && mode === 'gated' ? { gate: layers.push(layer) - 1 } : {};
  return { initializer, dims, trained: !name.includes('feature_extractor'), ...gate };
});
const { initializers } = file.model.graph;
const weights = new Map(
  parameters.flatMap(({ initializer }) => {
    const tensor = initializers.get(initializer);
    return tensor ? [[initializer, { ...tensor, data: tensor.data.slice() }] as const] : [];
  }),
);
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
    device: 'cpu',
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
    ...(profilePrefix === undefined ? {} : { profilePrefix }),
  },
  initialState(parameters, weights, 0.1),
);

const samples = Math.round(Number(seconds) * processor.sampleRate);
const random = Random.seeded(0);
const labels = Array.from({ length: utterances }, () =>
  Array.from({ length: Math.round(Number(seconds) * 12) }, () => 5 + random.below(processor.vocabulary.size - 5)),
);
const batch = {
  inputs: Float32Array.from({ length: utterances * samples }, () => random.normal()),
  samples,
  samplesPerUtterance: Array<number>(utterances).fill(samples),
  labels,
  maxLabels: labels[0]?.length ?? 0,
  weights: Array<number>(utterances).fill(1),
};
const times: number[] = [];
for (let step = 1; step <= Number(steps) + 2; step++) {
  const start = performance.now();
  await trainable.step(batch, {
    step,
    part: 1,
    learningRate: 1e-3,
    gateLearningRate: 1e-2,
    temperature: 1,
    sparsityTarget: 0.65,
    multiplier: 0,
    update: true,
  });
  times.push((performance.now() - start) / 1000);
}
await trainable.dispose();
// The first steps allocate and warm up, as in torch_reference.py bench.
const counted = times.slice(2).sort((a, b) => a - b);
const peak = Number(/VmHWM:\s+(\d+)/u.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
console.log(
  JSON.stringify({ seconds_per_step: counted[Math.floor(counted.length / 2)], fastest: counted[0], peak_rss_mb: peak }),
);
