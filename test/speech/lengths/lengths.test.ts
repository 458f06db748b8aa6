/** Lengths of recordings: measured once, known again, measured again when a file changed, and kept files that are broken, many, or made by two at once. */

import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AudioLoader } from '../../../src/speech/audio/audioLoader.ts';
import type { FilesToMeasure, MeasuredFiles } from '../../../src/speech/audio/length.ts';
import { keepLengths, keptLengthsFile, lengthKey, readKeptLengths } from '../../../src/speech/lengths/keptLengths.ts';
import { Lengths } from '../../../src/speech/lengths/lengths.ts';
import type { Utterance } from '../../../src/speech/manifest/utterance.ts';
import { bundleAudioWorker } from '../audioWorkerFile.ts';
import { folderWith, toneWav } from '../files.ts';

const worker = await bundleAudioWorker();

/** Counts the files that are not known to be as they were. */
class Counting extends AudioLoader {
  opened = 0;

  override async measure(files: FilesToMeasure): Promise<MeasuredFiles> {
    const measured = await super.measure(files);
    for (let at = 0; at < files.before.length; at += 3) {
      if (!(files.before[at] === measured.values[at] && files.before[at + 1] === measured.values[at + 1]))
        this.opened++;
    }
    return measured;
  }
}

function open(): Counting {
  const loader = new Counting({ sampleRate: 16_000, normalise: false, worker });
  onTestFinished(() => loader.close());
  return loader;
}

async function clips(count = 4): Promise<{ folder: string; utterances: Utterance[]; manifest: string; kept: string }> {
  const names = Array.from({ length: count }, (_, i) => `${i}.wav`);
  const folder = await folderWith(
    Object.fromEntries(names.map((name, i) => [name, toneWav(0.1 * Math.min(i + 1, 5), 300)])),
  );
  const utterances = names.map((name) => ({ id: name, audio: join(folder, name), text: 'a' }));
  return { folder, utterances, manifest: join(folder, 'list.jsonl'), kept: join(folder, 'kept') };
}

test('a recording is measured once, and again when it has changed', async () => {
  const { folder, utterances, manifest, kept } = await clips();
  const loader = open();
  const seconds = async (): Promise<number[]> => {
    loader.opened = 0;
    const lengths = await Lengths.read(manifest, utterances, { loader, folder: kept, keepFrom: 2 });
    return utterances.map((utterance) => lengths.of(utterance));
  };
  expect(await seconds()).toEqual([0.1, 0.2, 0.3, 0.4]);
  expect(loader.opened).toBe(4);
  expect(await seconds()).toEqual([0.1, 0.2, 0.3, 0.4]);
  expect(loader.opened).toBe(0);
  await writeFile(join(folder, '1.wav'), toneWav(0.7, 300));
  // The same length in bytes, and another time.
  await writeFile(join(folder, '2.wav'), toneWav(0.6, 300, 8000));
  await utimes(join(folder, '2.wav'), 1, 1);
  expect(await seconds()).toEqual([0.1, 0.7, 0.6, 0.4]);
  expect(loader.opened).toBe(2);
});

test('utterances are parts of recordings, known durations are taken, and what cannot be read is said when it is asked for', async () => {
  const { utterances, manifest, kept } = await clips(2);
  const [first = utterances[0]!, second = utterances[1]!] = utterances;
  const gone = { id: 'gone', audio: '/nowhere/gone.wav', text: 'a' };
  const part = { ...second, offset: 0.15 };
  const known = { ...gone, duration: 5 };
  const all = [first, part, known, gone];
  const lengths = await Lengths.read(manifest, all, { loader: open(), folder: kept });
  expect([first, known].map((utterance) => lengths.of(utterance))).toEqual([0.1, 5]);
  expect(lengths.of(part)).toBeCloseTo(0.05, 9);
  expect(() => lengths.of(gone)).toThrow(/^\/nowhere\/gone\.wav: no such file/);
  expect(lengths.extent(all).longest).toBe(5);
  expect(lengths.extent(all).total).toBeCloseTo(5.15, 9);
  // So few leave nothing behind.
  await expect(readdir(kept)).rejects.toThrow('ENOENT');
});

test('what was measured is kept when the work is broken off', async () => {
  const { utterances, manifest, kept } = await clips(200);
  const loader = open();
  let told = 0;
  const measure = loader.measure.bind(loader);
  // Slow enough for progress to be told.
  loader.measure = async (files) => {
    await new Promise((resolve) => setTimeout(resolve, files.paths.length > 100 ? 260 : 500));
    return measure(files);
  };
  const onProgress = (done: number, total: number): void => {
    told++;
    expect([128, 200]).toContain(done);
    expect(total).toBe(200);
    throw new Error('enough');
  };
  const options = { loader, folder: kept, keepFrom: 2, onProgress };
  await expect(Lengths.read(manifest, utterances, options)).rejects.toThrow('enough');
  expect(told).toBeGreaterThan(0);
  expect((await readKeptLengths(keptLengthsFile(kept, manifest))).size).toBeGreaterThanOrEqual(128);
});

test.each([
  ['empty', () => Buffer.alloc(0)],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, -7)],
  [
    'of one changed bit',
    (bytes: Buffer) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 4 : byte))),
  ],
  ['of something else', () => Buffer.from('{"lengths": []}'.repeat(50))],
])('a kept file that is %s counts as not there, and is made anew', async (_, change) => {
  const { utterances, manifest, kept } = await clips(2);
  const loader = open();
  const options = { loader, folder: kept, keepFrom: 2 };
  await Lengths.read(manifest, utterances, options);
  const file = keptLengthsFile(kept, manifest);
  const before = await readFile(file);
  await writeFile(file, change(before));
  loader.opened = 0;
  const lengths = await Lengths.read(manifest, utterances, options);
  expect(utterances.map((utterance) => lengths.of(utterance))).toEqual([0.1, 0.2]);
  expect(loader.opened).toBe(2);
  expect(await readFile(file)).toEqual(before);
});

test('two that keep lengths at once lose nothing of what was there, and leave a whole file', async () => {
  const folder = await folderWith({});
  const file = keptLengthsFile(folder, 'list');
  const some = (from: number): Map<string, { size: number; modified: number; seconds: number }> =>
    new Map(Array.from({ length: 50 }, (_, i) => [lengthKey(String(from + i)), { size: i, modified: 1, seconds: i }]));
  await keepLengths(folder, file, some(0));
  await Promise.all([keepLengths(folder, file, some(100)), keepLengths(folder, file, some(200))]);
  const kept = await readKeptLengths(file);
  expect(kept.size).toBeGreaterThanOrEqual(100);
  for (const [key, value] of some(0)) expect(kept.get(key)).toEqual(value);
  expect(await readdir(folder)).toEqual([file.slice(folder.length + 1)]);
});

test('numbers that no recording has are not believed', async () => {
  const folder = await folderWith({});
  const file = keptLengthsFile(folder, 'list');
  const lengths = new Map(
    [-1, NaN, Infinity, 2].map((seconds, i) => [lengthKey(String(i)), { size: 1, modified: 1, seconds }]),
  );
  await keepLengths(folder, file, lengths);
  expect([...(await readKeptLengths(file)).values()]).toEqual([{ size: 1, modified: 1, seconds: 2 }]);
});

test('the folder keeps the files that were used last', async () => {
  const folder = await folderWith({});
  const old = join(folder, 'old.lengths');
  const newer = join(folder, 'newer.lengths');
  // Sparse: their size is all that counts.
  for (const [path, time] of [
    [old, 1000],
    [newer, 2000],
  ] as const) {
    await writeFile(path, '');
    await truncate(path, 150e6);
    await utimes(path, time, time);
  }
  const file = keptLengthsFile(folder, 'list');
  await keepLengths(folder, file, new Map([[lengthKey('a'), { size: 1, modified: 1, seconds: 1 }]]));
  await expect(stat(old)).rejects.toThrow('ENOENT');
  expect((await stat(newer)).size).toBe(150e6);
});
