/** One process of `bench -- plan`: `planOnce.ts TREE MODEL` does to the training data what a run does before its first step, and prints how long each part took. */

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { AudioLoader } from '../src/speech/audio/audioLoader.ts';
import { planBatches } from '../src/speech/batches/batches.ts';
import { prepareUtterances } from '../src/speech/batches/prepare.ts';
import { Lengths } from '../src/speech/lengths/lengths.ts';
import { hashUtterances } from '../src/speech/manifest/hash.ts';
import { readManifest } from '../src/speech/manifest/read.ts';
import { readProcessor } from '../src/speech/text/processor.ts';

const [tree = '', model = ''] = process.argv.slice(2);
const seconds: Record<string, number> = {};
let before = performance.now();
function took(part: string): void {
  seconds[part] = Number(((performance.now() - before) / 1000).toFixed(2));
  before = performance.now();
}

const { sampleRate, normalise, vocabulary } = await readProcessor(model);
const loader = new AudioLoader({ sampleRate, normalise });
before = performance.now();
const utterances = await readManifest(tree, { repeats: true });
took('manifest');
hashUtterances(utterances);
took('checksum');
const lengths = await Lengths.read(tree, utterances, { loader });
took('lengths');
const { ready } = await prepareUtterances(utterances, {
  sampleRate,
  vocabulary,
  minSeconds: 0.1,
  maxSeconds: 20,
  frames: (samples) => Math.floor(samples / 320),
  seconds: (utterance) => lengths.of(utterance),
});
took('texts');
const { batchesPerEpoch } = planBatches(ready, { seconds: 30, utterances: null, shuffle: true }, 0, sampleRate);
took('batches');
await loader.close();
const all = Object.values(seconds).reduce((sum, part) => sum + part, 0);
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    utterances: utterances.length,
    batchesPerEpoch,
    seconds: Number(all.toFixed(2)),
    ...seconds,
    processorSeconds: (user + system) / 1e6,
    peakMegabytes: peakMegabytes(),
  }),
);

/** Linux's own count: what Node.js reports of a child begins with its parent's. */
function peakMegabytes(): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/u.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
