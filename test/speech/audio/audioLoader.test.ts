/** Audio on real worker threads: what comes back, files that fail, batches in order and ahead, and the end of it. */

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AudioError } from '../../../src/speech/audio/error.ts';
import type { AudioSource } from '../../../src/speech/audio/load.ts';
import { AudioLoader, type AudioLoaderOptions } from '../../../src/speech/audio/audioLoader.ts';
import { streamBatches, type Batch } from '../../../src/speech/batches/batchStream.ts';
import type { BatchPlan, PlannedBatch } from '../../../src/speech/batches/batches.ts';
import type { PreparedUtterance } from '../../../src/speech/batches/prepare.ts';
import { bundleAudioWorker } from '../audioWorkerFile.ts';
import { folderWith, toneWav, wavFile } from '../files.ts';

const worker = await bundleAudioWorker();

function open(options: Partial<AudioLoaderOptions> = {}): AudioLoader {
  const loader = new AudioLoader({ sampleRate: 16_000, normalise: false, worker, ...options });
  onTestFinished(() => loader.close());
  return loader;
}

test('loads whole files and parts of recordings', async () => {
  const values = Array.from({ length: 16_000 }, (_, i) => i);
  const clips = await folderWith({ 'ramp.wav': wavFile([values]) });
  const audio = join(clips, 'ramp.wav');
  const loader = open();
  // A whole file's duration may be rounded; one that is clearly shorter is the first part.
  const whole = Float32Array.from(values, (value) => value / 32768);
  expect(await loader.load({ audio, duration: 0.99 })).toEqual(whole);
  expect(await loader.load({ audio, duration: 2 })).toEqual(whole);
  expect(await loader.load({ audio, duration: 0.5 })).toEqual(whole.slice(0, 8000));
  await expect(loader.load({ audio, duration: 0 })).rejects.toThrow(/ramp\.wav: the manifest gives it 0 s/);
  const parts = await Promise.all([
    loader.load({ audio, offset: 0.25, duration: 0.5 }),
    loader.load({ audio, offset: 0.75 }),
  ]);
  expect(parts.map((part) => [part.length, part[0]! * 32768])).toEqual([
    [8000, 4000],
    [4000, 12_000],
  ]);
  await expect(loader.load({ audio, offset: 2 })).rejects.toThrow(/ramp\.wav: it ends before 2 s/);
});

test('takes one channel of a recording, from whole files and from parts', async () => {
  const channels = [1000, 3000].map((value) => Array.from({ length: 1600 }, () => value));
  const clips = await folderWith({ 'call.wav': wavFile(channels) });
  const stereo = join(new URL('../fixtures/', import.meta.url).pathname, 'stereo24.flac');
  const call = join(clips, 'call.wav');
  const loader = open();
  const first = async (source: AudioSource): Promise<number> => ((await loader.load(source))[5] ?? 0) * 32768;
  expect(await first({ audio: call })).toBe(2000);
  expect(await first({ audio: call, channel: 0 })).toBe(1000);
  expect(await first({ audio: call, channel: 1 })).toBe(3000);
  expect(await first({ audio: call, offset: 0.05, channel: 0 })).toBe(1000);
  expect(await first({ audio: call, offset: 0.05, channel: 1 })).toBe(3000);
  // The decoded recording that is kept is of one channel.
  const [left, right, both] = await Promise.all([
    loader.load({ audio: stereo, offset: 0.1, channel: 0 }),
    loader.load({ audio: stereo, offset: 0.1, channel: 1 }),
    loader.load({ audio: stereo, offset: 0.1 }),
  ]);
  expect(left).not.toEqual(right);
  expect(both).toEqual(left.map((value, i) => (value + (right[i] ?? 0)) / 2));
  await expect(loader.load({ audio: call, channel: 2 })).rejects.toThrow(
    /call\.wav: the manifest asks for channel 2, but it has 2 channels, counted from 0/,
  );
  const part = loader.load({ audio: call, offset: 0.01, channel: 2 });
  await expect(part).rejects.toThrow(/call\.wav: the manifest asks for channel 2/);
});

test('parts of recordings are the same read alone from WAV and cut from a decoded FLAC', async () => {
  const fixtures = new URL('../fixtures/', import.meta.url).pathname;
  const loader = open();
  const part = (name: string): Promise<Float32Array> =>
    loader.load({ audio: join(fixtures, name), offset: 0.1, duration: 0.05 });
  for (const name of ['tone', 'stereo24']) {
    const [wav, flac] = await Promise.all([part(`${name}.wav`), part(`${name}.flac`)]);
    expect(wav).toEqual(flac);
    expect(wav).toHaveLength(800);
  }
  const clips = await folderWith({
    'fast.wav': toneWav(0.5, 500, 48_000),
    'short.wav': toneWav(0.1, 500).subarray(0, 1000),
  });
  const resampled = await loader.load({ audio: join(clips, 'fast.wav'), offset: 0.2, duration: 0.1 });
  expect(resampled).toHaveLength(1600);
  for (let i = 100; i < 1500; i++)
    expect(resampled[i]).toBeCloseTo(0.5 * Math.sin((2 * Math.PI * 500 * i) / 16_000), 3);
  await expect(loader.load({ audio: join(clips, 'short.wav'), offset: 0.05 })).rejects.toThrow(
    /it ends before 0\.05 s/,
  );
  await expect(loader.load({ audio: join(clips, 'none.wav'), offset: 0 })).rejects.toThrow(/none\.wav: no such file/);
});

test('normalises to zero mean and unit variance over the utterance, and leaves silence alone', async () => {
  const clips = await folderWith({
    'a.wav': wavFile([Array.from({ length: 4000 }, (_, i) => 3000 + (i % 7) * 800)]),
    'silence.wav': wavFile([new Array<number>(400).fill(0)]),
  });
  const loader = open({ normalise: true });
  const samples = await loader.load({ audio: join(clips, 'a.wav') });
  const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
  const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples.length;
  expect(mean).toBeCloseTo(0, 6);
  expect(variance).toBeCloseTo(1, 4);
  expect(new Set(await loader.load({ audio: join(clips, 'silence.wav') }))).toEqual(new Set([0]));
});

test('a file that cannot be used is named, and the next is read', async () => {
  const clips = await folderWith({ 'good.wav': toneWav(0.1, 440), 'bad.flac': 'fLaC and then nothing' });
  const loader = open();
  const [missing, bad, directory, good] = await Promise.allSettled([
    loader.load({ audio: join(clips, 'missing.wav') }),
    loader.load({ audio: join(clips, 'bad.flac') }),
    loader.load({ audio: clips }),
    loader.load({ audio: join(clips, 'good.wav') }),
  ]);
  expect(missing).toMatchObject({
    status: 'rejected',
    reason: { message: `${join(clips, 'missing.wav')}: no such file` },
  });
  expect(missing).toHaveProperty('reason', expect.any(AudioError));
  expect(bad).toMatchObject({ reason: { message: `${join(clips, 'bad.flac')}: the FLAC file is cut off` } });
  expect(directory).toMatchObject({ reason: { message: `${clips}: it is not a file` } });
  expect(good.status).toBe('fulfilled');
});

test('lengths come from headers, or from decoding where the header does not say', async () => {
  const clips = await folderWith({
    'a.wav': toneWav(0.5, 440, 44_100),
    'streamed.wav': wavFile([new Array<number>(8000).fill(100)], { claimedBytes: 0xffffffff }),
    'cut.wav': toneWav(0.5, 440).subarray(0, 5000),
  });
  const fixtures = new URL('../fixtures/', import.meta.url).pathname;
  const encoded = ['tone.flac', 'tone.ogg', 'tone.mp3', 'tone.opus'].map((name) => join(fixtures, name));
  const paths = [...['a.wav', 'streamed.wav', 'none.wav'].map((name) => join(clips, name)), ...encoded];
  const unknown = new Float64Array(3 * paths.length).fill(NaN);
  const { values, problems } = await open().measure({ paths, before: unknown });
  const seconds = paths.map((_, i) => values[3 * i + 2]);
  expect(seconds).toEqual([0.5, 0.5, NaN, 0.3, 0.3, 0.3, 0.3]);
  expect([...problems]).toEqual([[2, expect.stringMatching(/none\.wav: no such file/)]]);
});

test('knows how long its threads have worked, waiting left out', async () => {
  const loader = open({ threads: 2 });
  const clips = await folderWith({ 'tone.wav': toneWav(60, 440) });
  await loader.load({ audio: join(clips, 'tone.wav') });
  const before = loader.secondsWorked;
  expect(before).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(loader.secondsWorked - before).toBeLessThan(0.2);
  await loader.load({ audio: join(clips, 'tone.wav') });
  expect(loader.secondsWorked).toBeGreaterThan(before);
});

test('several threads give the same', async () => {
  const clips = await folderWith(
    Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`${i}.wav`, toneWav(0.05 * (i + 1), 300, 8000)])),
  );
  const paths = Array.from({ length: 9 }, (_, i) => join(clips, `${i}.wav`));
  const [one, three] = [open(), open({ threads: 3 })];
  const load = (loader: AudioLoader): Promise<Float32Array[]> =>
    Promise.all(paths.map((audio) => loader.load({ audio })));
  const [alone, together] = await Promise.all([load(one), load(three)]);
  expect(together).toEqual(alone);
  expect(together.map((samples) => samples.length)).toEqual(paths.map((_, i) => 800 * (i + 1)));
});

test('closing rejects what is under way and what comes after', async () => {
  const clips = await folderWith({ 'a.wav': toneWav(0.1, 440) });
  const loader = open();
  const waiting = loader.load({ audio: join(clips, 'a.wav') });
  const rejected = expect(waiting).rejects.toThrow('the audio loader is closed');
  await loader.close();
  await rejected;
  await expect(loader.load({ audio: join(clips, 'a.wav') })).rejects.toThrow('no threads left');
});

test('a worker that is not there is an error of its own, not of every file', async () => {
  const loader = open({ worker: new URL('nowhere.mjs', worker) });
  const failure = loader.load({ audio: '/a.wav' });
  await expect(failure).rejects.toThrow(/the audio worker does not start/);
  await expect(failure).rejects.not.toBeInstanceOf(AudioError);
});

const planned = (members: number[], samples?: number): PlannedBatch => ({
  rows: 2,
  samples,
  labels: 4,
  members,
});
const ready = (audio: string, labels: number[]): PreparedUtterance => ({
  utterance: { id: audio.replace(/.*\//, ''), audio, text: '' },
  samples: 0,
  labels: Int32Array.from(labels),
});

const padding = { audio: 0, label: 0 };

async function take(count: number, batches: AsyncGenerator<Batch>): Promise<Batch[]> {
  const taken: Batch[] = [];
  while (taken.length < count) taken.push((await batches.next()).value as Batch);
  await batches.return(undefined);
  return taken;
}

test('batches come in the plan’s order with audio, labels, lengths and weights, from any position', async () => {
  const clips = await folderWith({
    'a.wav': wavFile([[8192, 8192]]),
    'b.wav': wavFile([[16384, 16384, 16384]]),
    'c.wav': wavFile([[-32768]]),
  });
  const utterances = [
    ready(join(clips, 'a.wav'), [1, 2]),
    ready(join(clips, 'b.wav'), [3]),
    ready(join(clips, 'c.wav'), [4, 5, 6]),
  ];
  const plan: BatchPlan = {
    shapes: [],
    batchesPerEpoch: 2,
    epoch: (epoch) => (epoch === 0 ? [planned([0, 1]), planned([2], 5)] : [planned([2, 0], 4), planned([1])]),
  };
  const loader = open();
  const [first, second, third, fourth] = await take(
    4,
    streamBatches({ utterances, plan, loader, padding: { audio: 9, label: 7 } }),
  );
  expect(first).toEqual({
    shape: { rows: 2, samples: 3, labels: 4 },
    audio: Float32Array.of(0.25, 0.25, 9, 0.5, 0.5, 0.5),
    audioLengths: Int32Array.of(2, 3),
    labels: BigInt64Array.of(1n, 2n, 7n, 7n, 3n, 7n, 7n, 7n),
    labelLengths: BigInt64Array.of(2n, 1n),
    weights: Float32Array.of(1, 1),
    failures: [],
  });
  expect(second).toMatchObject({
    shape: { rows: 2, samples: 5, labels: 4 },
    audio: Float32Array.of(-1, 9, 9, 9, 9, 9, 9, 9, 9, 9),
    audioLengths: Int32Array.of(1, 0),
    labels: BigInt64Array.of(4n, 5n, 6n, 7n, 7n, 7n, 7n, 7n),
    labelLengths: BigInt64Array.of(3n, 0n),
    weights: Float32Array.of(1, 0),
  });
  expect(third?.labels).toEqual(BigInt64Array.of(4n, 5n, 6n, 7n, 1n, 2n, 7n, 7n));
  expect(fourth?.labels).toEqual(BigInt64Array.of(3n, 7n, 7n, 7n, 7n, 7n, 7n, 7n));

  const resumed = streamBatches({
    utterances,
    plan,
    loader,
    padding: { audio: 9, label: 7 },
    from: { epoch: 0, batch: 1 },
  });
  expect(await take(3, resumed)).toEqual([second, third, fourth]);
});

test('files that fail, or are longer than planned, leave their batch and are reported', async () => {
  const clips = await folderWith({ 'ok.wav': wavFile([[1, 1]]), 'long.wav': wavFile([[1, 1, 1, 1, 1, 1]]) });
  const utterances = [
    ready(join(clips, 'gone.wav'), [1]),
    ready(join(clips, 'ok.wav'), [2]),
    ready(join(clips, 'long.wav'), [3]),
  ];
  const plan: BatchPlan = {
    shapes: [],
    batchesPerEpoch: 3,
    epoch: () => [planned([0, 1], 4), planned([2, 1], 4), planned([0], 4)],
  };
  const [missing, long, nothing] = await take(3, streamBatches({ utterances, plan, loader: open(), padding }));
  const ok = { labels: BigInt64Array.of(2n, 0n, 0n, 0n, 0n, 0n, 0n, 0n), weights: Float32Array.of(1, 0) };
  expect(missing).toMatchObject(ok);
  expect(missing?.failures).toEqual([{ id: 'gone.wav', problem: `${join(clips, 'gone.wav')}: no such file` }]);
  expect(long).toMatchObject(ok);
  expect(long?.failures).toMatchObject([
    { id: 'long.wav', problem: expect.stringContaining('longer than the manifest says') as string },
  ]);
  expect(nothing).toMatchObject({ weights: Float32Array.of(0, 0), labelLengths: BigInt64Array.of(0n, 0n) });
});

test('features are read ahead, computed when their batch is asked for, and take the place of audio', async () => {
  const done: string[] = [];
  const features = {
    load: ({ id }: { readonly id: string }) => {
      if (id === 'gone.wav') return Promise.reject(new AudioError('gone'));
      done.push(`read ${id}`);
      const compute = (): Promise<Float32Array> => {
        done.push(`computed ${id}`);
        return Promise.resolve(Float32Array.of(Number.parseInt(id)));
      };
      return Promise.resolve({ samples: 3, features: compute });
    },
  };
  const utterances = ['1.wav', 'gone.wav', '2.wav', '3.wav'].map((name) => ready(`/${name}`, [1]));
  const plan: BatchPlan = { shapes: [], batchesPerEpoch: 2, epoch: () => [planned([0, 1]), planned([2, 3])] };
  const loader = { load: () => Promise.reject(new Error('audio is not read')) };
  const batches = streamBatches({ utterances, plan, loader, features, padding, ahead: 1 });
  const [first, second] = await take(2, batches);
  expect(first).toMatchObject({
    features: [Float32Array.of(1)],
    audio: new Float32Array(),
    failures: [{ problem: 'gone' }],
  });
  expect(first).toMatchObject({
    shape: { samples: 3 },
    audioLengths: Int32Array.of(3, 0),
    weights: Float32Array.of(1, 0),
  });
  expect(second?.features).toEqual([Float32Array.of(2), Float32Array.of(3)]);
  expect(done.slice(0, 4)).toEqual(['read 1.wav', 'read 2.wav', 'read 3.wav', 'computed 1.wav']);
});

test('reads as far ahead as asked, and no further', async () => {
  const asked: string[] = [];
  const loader = {
    load: (source: { audio: string }) => {
      asked.push(source.audio);
      return Promise.resolve(new Float32Array(1));
    },
  };
  const utterances = Array.from({ length: 10 }, (_, i) => ready(`/${i}.wav`, [1]));
  const plan: BatchPlan = {
    shapes: [],
    batchesPerEpoch: 10,
    epoch: () => utterances.map((_, i) => planned([i])),
  };
  const batches = streamBatches({ utterances, plan, loader, padding, ahead: 3 });
  await batches.next();
  expect(asked).toHaveLength(4);
  await batches.next();
  expect(asked).toHaveLength(5);
  await batches.return(undefined as never);
});
