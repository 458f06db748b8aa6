/**
 * Decoding: every WAV encoding, FLAC bit for bit as soundfile, Ogg Vorbis, Ogg Opus, MP3; mono; resampling; broken files.
 * The fixtures were written by libsndfile 1.2.2 through soundfile, which also gave the samples expected of them.
 */

import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { AudioError } from '../../../src/speech/audio/error.ts';
import { decodeAudio } from '../../../src/speech/audio/decode.ts';
import { flacFile } from '../flacFile.ts';
import { fixtures, toneWav, wavFile, type WavOptions } from '../files.ts';

const decode = (bytes: Uint8Array, sampleRate = 16_000): Promise<Float32Array> =>
  decodeAudio(bytes, { sampleRate, name: 'clip' });
const fixture = (name: string): Promise<Uint8Array> => readFile(new URL(name, fixtures));

describe('WAV', () => {
  const integers: [WavOptions['bits'], number[]][] = [
    [8, [-128, 127, 0, 1, -1]],
    [16, [-32768, 32767, 0, 1, -12345]],
    [24, [-8388608, 8388607, 0, 1, -1234567]],
    [32, [-2147483648, 2147483647, 0, 65536, -1234567890]],
  ];
  test.each(integers)('%i-bit integers are divided by half their range', async (bits, values) => {
    const samples = await decode(wavFile([values], bits === undefined ? {} : { bits }));
    expect([...samples]).toEqual(values.map((value) => Math.fround(value / 2 ** ((bits ?? 16) - 1))));
  });

  test.each([32, 64] as const)('%i-bit floats are taken as they are', async (bits) => {
    const values = [0.5, -0.25, 1.5, -2];
    expect([...(await decode(wavFile([values], { bits, float: true })))]).toEqual(values);
  });

  test('an extensible header and chunks before the data', async () => {
    const samples = await decode(wavFile([[16384, -8192]], { extensible: true, extraChunk: true }));
    expect([...samples]).toEqual([0.5, -0.25]);
  });

  test.each([0, 0xffffffff])(
    'a length of %i, as streaming writers leave it, means to the end',
    async (claimedBytes) => {
      expect([...(await decode(wavFile([[16384, -8192]], { claimedBytes })))]).toEqual([0.5, -0.25]);
    },
  );

  test('channels are averaged', async () => {
    const samples = await decode(
      wavFile([
        [16384, 0, -32768],
        [0, 8192, -32768],
      ]),
    );
    expect([...samples]).toEqual([0.25, 0.125, -1]);
  });
});

describe('compressed', () => {
  test('FLAC gives exactly the samples of soundfile', async () => {
    const [flac, wav] = await Promise.all([decode(await fixture('tone.flac')), decode(await fixture('tone.wav'))]);
    expect(flac).toEqual(wav);
    expect([...flac.slice(0, 6)]).toEqual([
      -1, 0.999969482421875, 0.344573974609375, 0.3475341796875, 0.32464599609375, 0.27972412109375,
    ]);
    expect(flac.reduce((sum, sample) => sum + sample, 0)).toBe(-1.582427978515625);
  });

  // -8 and -7 are ff f8 and ff f9, as every frame begins.
  test.each([1, 5, 20, 106, 4096, 4097, 8192, 9000])(
    'a FLAC file of %i samples that look like the starts of frames is read to its end',
    async (length) => {
      for (let turn = 0; turn < 12; turn++) {
        const samples = Int16Array.from(
          { length },
          (_, i) => [-8, -7, 3, 0, -8, 1][(7 * i + turn + (i >> 3)) % 6] ?? 0,
        );
        expect(await decode(flacFile(samples))).toEqual(Float32Array.from(samples, (sample) => sample / 32_768));
      }
    },
  );

  test('24-bit stereo FLAC, too', async () => {
    const flac = await decode(await fixture('stereo24.flac'));
    expect(flac).toEqual(await decode(await fixture('stereo24.wav')));
    expect(flac[1]).toBe(Math.fround((0.9999899864196777 + 0.08143210411071777) / 2));
  });

  test.each([
    ['tone.ogg', 0.999],
    ['tone.opus', 0.98],
    ['tone.mp3', 0.999],
  ])('%s sounds like the original, at the same time', async (name, least) => {
    const original = await decode(await fixture('tone.wav'));
    const decoded = await decode(await fixture(name));
    expect(decoded).toHaveLength(original.length);
    expect(correlation(original.subarray(500, 4000), decoded.subarray(500, 4000))).toBeGreaterThan(least);
  });

  test('a decoder that has met a broken file still decodes the next', async () => {
    for (const name of ['tone.flac', 'tone.ogg', 'tone.mp3', 'tone.opus']) {
      const bytes = await fixture(name);
      const before = await decode(bytes);
      const broken = Uint8Array.from(bytes);
      broken.fill(0x55, bytes.length >> 2);
      await decode(broken).catch(() => undefined);
      expect(await decode(bytes)).toEqual(before);
    }
  });
});

test('another sample rate is converted to the model’s', async () => {
  const samples = await decode(toneWav(1, 1000, 44_100));
  expect(samples).toHaveLength(16_000);
  const expected = Float32Array.from(samples, (_, i) => 0.5 * Math.sin((2 * Math.PI * 1000 * i) / 16_000));
  for (let i = 200; i < 15_800; i++) expect(Math.abs(samples[i]! - expected[i]!)).toBeLessThan(1e-3);
});

describe('files that cannot be used are named, with the reason', () => {
  const cut = async (name: string, share: number): Promise<Uint8Array> => {
    const bytes = await fixture(name);
    return bytes.subarray(0, Math.floor(bytes.length * share));
  };
  const cases: [string, () => Uint8Array | Promise<Uint8Array>, RegExp][] = [
    ['an empty file', () => new Uint8Array(0), /clip: the file is empty/],
    [
      'text',
      () => Buffer.from('once upon a time there was a file'),
      /clip: this is not WAV, FLAC, Ogg, MP3, M4A, AAC, WebM, NIST SPHERE, AIFF or AU audio/,
    ],
    ['a WAV cut off', () => cut('tone.wav', 0.5), /clip: .*cut off: 2389 of 4800 samples/],
    ['a FLAC cut off', () => cut('tone.flac', 0.5), /clip: .*cut off/],
    ['a FLAC cut off in its header', () => cut('tone.flac', 0.005), /clip: the FLAC file is cut off/],
    ['a WAV without sound', () => wavFile([[]]), /clip: it holds no sound/],
    ['a WAV without data', () => wavFile([[1, 2]]).subarray(0, 36), /clip: the WAV file has no data/],
    [
      'a WAV in another encoding',
      () => withByte(wavFile([[1, 2]]), 20, 49),
      /clip: WAV format 49 with 16 bits is not supported/,
    ],
    ['a WAV of no channels', () => withByte(wavFile([[1, 2]]), 22, 0), /clip: the WAV file has a broken header/],
    [
      'a float WAV with a sample that is no number',
      () => wavFile([[0, NaN, 0]], { bits: 32, float: true }),
      /clip: it holds samples that are not numbers/,
    ],
    ['a sample rate of 1', () => wavFile([[1, 2]], { sampleRate: 1 }), /clip: a sample rate of 1 Hz/],
    [
      'a FLAC that claims a week',
      async () => withByte(await fixture('tone.flac'), 21, 0xf3),
      /clip: it is longer than 4 hours/,
    ],
  ];
  test.each(cases)('%s', async (_, make, message) => {
    const failure = decode(await make());
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(AudioError);
  });

  test('damage in the middle of a FLAC file does not pass as sound', async () => {
    const bytes = Uint8Array.from(await fixture('tone.flac'));
    bytes.fill(0, 3000, 3200);
    await expect(decode(bytes)).rejects.toBeInstanceOf(AudioError);
  });
});

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = value;
  return changed;
}

function correlation(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, i) => {
    ab += x * b[i]!;
    aa += x * x;
    bb += b[i]! ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}
