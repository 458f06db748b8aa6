/**
 * M4A, AAC and WebM against ffmpeg 5.1, which wrote the fixtures in `fixtures/frames`: `tone.m4a` and `tone.webm` from `tone.wav` (-af volume=0.5 -c:a aac -aac_pns 0 -b:a 32k;
 * -c:a libopus -b:a 16k), `fragments.mp4` from the first of them (-c copy -movflags +frag_keyframe+empty_moov), `stereo.aac` from bursts and a tone at 22,050 Hz.
 * The FLAC files are what ffmpeg decodes from the files of the same names, and `tone.opus` has the packets of `tone.webm`.
 */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CosineTransform } from '../../../src/speech/audio/aac/cosine.ts';
import { decodeAudio } from '../../../src/speech/audio/decode.ts';
import { audioSeconds } from '../../../src/speech/audio/length.ts';
import { unlace } from '../../../src/speech/audio/webm/lacing.ts';
import { fixtures } from '../files.ts';

const place = (name: string): URL => new URL(`frames/${name}`, fixtures);
const fixture = (name: string): Promise<Buffer> => readFile(place(name));
const decode = async (bytes: Uint8Array, sampleRate = 16_000, channel?: number): Promise<Float32Array> =>
  decodeAudio(bytes, { sampleRate, name: 'clip', channel });

/** Decibels of the signal over the difference. */
function agreement(signal: Float32Array, other: Float32Array): number {
  let power = 0;
  let error = 0;
  signal.forEach((value, i) => {
    power += value ** 2;
    error += (value - (other[i] ?? 0)) ** 2;
  });
  return 10 * Math.log10(power / error);
}

describe('AAC as ffmpeg decodes it', () => {
  test.each([0, 1])('two channels with long and short windows: channel %i', async (channel) => {
    const [ours, theirs] = await Promise.all([
      decode(await fixture('stereo.aac'), 22_050, channel),
      decode(await fixture('stereo.flac'), 22_050, channel),
    ]);
    expect(ours).toHaveLength(theirs.length);
    expect(agreement(theirs, ours)).toBeGreaterThan(60);
  });

  test('M4A without the encoder’s delay, and as long as the recording', async () => {
    const ours = await decode(await fixture('tone.m4a'));
    const theirs = await decode(await fixture('tone.flac'));
    expect(ours).toHaveLength(4800);
    // This ffmpeg leaves the end of the last frame on.
    expect(agreement(ours, theirs)).toBeGreaterThan(60);
  });

  test('fragments have the same frames', async () => {
    const whole = await decode(await fixture('tone.m4a'));
    const fragments = await decode(await fixture('fragments.mp4'));
    // They begin with the encoder's delay, which nothing in the file tells.
    expect(fragments.subarray(1024, 1024 + whole.length)).toEqual(whole);
  });
});

test('Opus is the same from WebM as from Ogg', async () => {
  const [webm, ogg] = await Promise.all([decode(await fixture('tone.webm')), decode(await fixture('tone.opus'))]);
  expect(webm).toHaveLength(4800);
  // The Ogg file does not say that the end of its last packet is padding, which reaches into the resampled samples before.
  expect(agreement(webm.subarray(0, 4700), ogg)).toBeGreaterThan(100);
});

test.each(['tone.m4a', 'fragments.mp4', 'stereo.aac', 'tone.webm'])(
  '%s: its length without decoding it',
  async (name) => {
    const rate = name === 'stereo.aac' ? 22_050 : 16_000;
    const samples = await decode(await fixture(name), rate);
    expect(await audioSeconds(fileURLToPath(place(name)))).toBeCloseTo(samples.length / rate, 9);
  },
);

test('the cosine transform is the sum that defines it', () => {
  const size = 16;
  const input = Float32Array.from({ length: size }, (_, i) => Math.sin(i * i));
  const out = new Float64Array(size);
  new CosineTransform(size).run(input, 0, out);
  out.forEach((value, n) => {
    const sum = input.reduce((total, x, k) => total + x * Math.cos((Math.PI / size) * (n + 0.5) * (k + 0.5)), 0);
    expect(value).toBeCloseTo(sum, 10);
  });
});

test.each([
  ['one frame', [0x81, 0, 0, 0x80, 1, 2, 3], [[1, 2, 3]]],
  ['Xiph', [0x81, 0, 0, 0x82, 2, 1, 2, 9, 8, 8, 7], [[9], [8, 8], [7]]],
  [
    'fixed',
    [0x81, 0, 0, 0x84, 1, 1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  // 0xbe: one less than the size before.
  ['EBML', [0x81, 0, 0, 0x86, 2, 0x82, 0xbe, 1, 1, 2, 3], [[1, 1], [2], [3]]],
])('lacing: %s', (_, block, frames) => {
  expect(unlace(Uint8Array.from(block)).map((frame) => [...frame])).toEqual(frames);
});

describe('what cannot be read is named', () => {
  test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    [
      'alac.m4a',
      (bytes) => bytes,
      /^clip: the MP4 file holds Apple Lossless \(ALAC\), which is not read; convert it with "ffmpeg/u,
    ],
    ['stereo.aac', (bytes) => bytes.subarray(0, 1000), /^clip: the AAC file is cut off in frame \d/u],
    ['tone.m4a', (bytes) => bytes.subarray(0, 900), /^clip: the MP4 file is broken or cut off: it has no box "moov"/u],
    ['tone.webm', (bytes) => bytes.subarray(0, 1000), /^clip: the WebM file is cut off/u],
    [
      'tone.webm',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('A_OPUS', 'A_AAC!'), 'latin1'),
      /holds A_AAC!, which is not read; convert it/u,
    ],
  ])('%s', async (name, change, says) => {
    await expect(decode(change(await fixture(name)))).rejects.toThrow(says);
  });
});
