/**
 * Steps of training on noise, in a process of its own so that its peak memory is the step's: the model's own shapes, the feature encoder
 * frozen. Arguments: model, `gated` or `ungated` with `-kept` behind it for a step that takes kept features, steps, utterances, seconds of
 * audio each, optionally a profile's prefix and a device. Prints one JSON object.
 */

import { readFileSync } from 'node:fs';
import { Random } from '../src/base/random.ts';
import type { Device } from '../src/runtime/session.ts';
import { openTrainable } from '../test/openTrainable.ts';

const [path = '', mode = 'ungated', steps = '5', count = '4', seconds = '5', profilePrefix, device = 'cpu'] =
  process.argv.slice(2);
const utterances = Number(count);

const { trainable, processor, features } = await openTrainable(
  path,
  device as Device,
  mode.startsWith('gated') ? 'gated' : 'ungated',
  profilePrefix,
  mode.endsWith('-kept'),
);

const samples = Math.round(Number(seconds) * processor.sampleRate);
const random = Random.seeded(0);
const width = Math.round(Number(seconds) * 12);
const label = (): bigint => BigInt(5 + random.below(processor.vocabulary.size - 5));
const labels = BigInt64Array.from({ length: utterances * width }, label);
const batch = {
  shape: { rows: utterances, samples, labels: width },
  audio: Float32Array.from({ length: utterances * samples }, () => random.normal()),
  features:
    features &&
    Array.from({ length: utterances }, () =>
      Float32Array.from({ length: Math.floor(features.perSample * samples) }, () => random.normal()),
    ),
  audioLengths: new Int32Array(utterances).fill(samples),
  labels,
  labelLengths: new BigInt64Array(utterances).fill(BigInt(width)),
  weights: new Float32Array(utterances).fill(1),
  failures: [],
};
const times: number[] = [];
const work: number[] = [];
for (let step = 1; step <= Number(steps) + 2; step++) {
  const start = performance.now();
  const before = process.cpuUsage();
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
  const { user, system } = process.cpuUsage(before);
  work.push((user + system) / 1e6);
}
await trainable.dispose();
// The first steps allocate and warm up, as in torch_reference.py bench.
const counted = times.slice(2).sort((a, b) => a - b);
const worked = work.slice(2).sort((a, b) => a - b);
const peak = Number(/VmHWM:\s+(\d+)/u.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
console.log(
  JSON.stringify({
    seconds_per_step: counted[Math.floor(counted.length / 2)],
    fastest: counted[0],
    // Of all threads: on a machine with other work it says more than the clock does.
    processor_seconds: worked[Math.floor(worked.length / 2)],
    peak_rss_mb: peak,
  }),
);
