/**
 * Recordings in the forms that collections ship: NIST SPHERE, AIFF, AU, G.711, ADPCM, headers of pipes, RF64, ID3 before FLAC. Samples of ADPCM are those
 * of libsndfile 1.2.2, which wrote the fixtures; codes of G.711 those of the standard's tables. Broken files give a sentence.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AudioError } from '../../../src/speech/audio/error.ts';
import { decodeAudio } from '../../../src/speech/audio/decode.ts';
import { audioSeconds } from '../../../src/speech/audio/length.ts';
import { loadAudio } from '../../../src/speech/audio/load.ts';
import { fixtures, folderWith, wavFile } from '../files.ts';
import { aiffFile, auFile, bytes16, id3, lawWav, rf64File, sphereFile } from './recordings.ts';

const decode = async (bytes: Uint8Array): Promise<number[]> => [
  ...(await decodeAudio(bytes, { sampleRate: 16_000, name: 'clip' })),
];
const fixture = (name: string): Promise<Buffer> => readFile(new URL(name, fixtures));
const sound = [16384, -8192, 1, -32768];
const heard = sound.map((value) => value / 32768);
const stereo = [sound, [0, 8192, 1, -32768]];
const mean = [0.25, 0, 1 / 32768, -1];
/** 24 bits with the first byte first, of the same sound. */
const bytes24 = Buffer.concat(sound.map((value) => Buffer.from([(value >> 8) & 255, value & 255, 0])));
const floats = Buffer.alloc(4 * heard.length);
heard.forEach((value, i) => floats.writeFloatBE(value, 4 * i));
/** The loudest, the softest and the silent codes, and what they stand for. */
const muCodes = Buffer.from([0x00, 0x80, 0xff, 0x7f, 0xfe, 0x7e]);
const muSound = [-32124, 32124, 0, 0, 8, -8].map((value) => value / 32768 + 0);
const aCodes = Buffer.from([0xd5, 0x55, 0xaa, 0x2a, 0xd4]);
const aSound = [8, -8, 32256, -32256, 24].map((value) => value / 32768);
const positive = (values: readonly number[]): number[] => values.map((value) => value + 0);

describe('samples one by one', () => {
  const little = bytes16([sound], false);
  const big = bytes16([sound], true);
  const cases: [string, Uint8Array, number[]][] = [
    ['SPHERE', sphereFile(little, 4), heard],
    ['SPHERE, first byte first', sphereFile(big, 4, { sample_byte_format: '-s2 10' }), heard],
    ['SPHERE of two channels', sphereFile(bytes16(stereo, false), 4, { channel_count: '-i 2' }), mean],
    ['SPHERE with a rate that has a fraction', sphereFile(little, 4, { sample_rate: '-r 16000.0000' }), heard],
    ['SPHERE that does not say how many samples', sphereFile(little, 4, { sample_count: undefined }), heard],
    ['SPHERE with µ-law', sphereFile(muCodes, 6, { sample_coding: '-s4 ulaw', sample_n_bytes: '-i 1' }), muSound],
    ['SPHERE with mu-law', sphereFile(muCodes, 6, { sample_coding: '-s6 mu-law', sample_n_bytes: '-i 1' }), muSound],
    ['SPHERE with A-law', sphereFile(aCodes, 5, { sample_coding: '-s4 alaw', sample_n_bytes: '-i 1' }), aSound],
    ['AIFF', aiffFile(big, { samples: 4 }), heard],
    ['AIFF of two channels', aiffFile(bytes16(stereo, true), { samples: 4, channels: 2 }), mean],
    ['AIFF of 8 bits, which have a sign', aiffFile(Buffer.from([64, 0x80]), { samples: 2, bits: 8 }), [0.5, -1]],
    ['AIFF of 24 bits', aiffFile(bytes24, { samples: 4, bits: 24 }), heard],
    ['AIFF of a pipe', aiffFile(big, { samples: 0x7f000000 }), heard],
    ['AIFF-C, last byte first', aiffFile(little, { samples: 4, kind: 'sowt' }), heard],
    ['AIFF-C of floats', aiffFile(floats, { samples: 4, bits: 32, kind: 'fl32' }), heard],
    ['AIFF-C with µ-law', aiffFile(muCodes, { samples: 6, kind: 'ulaw' }), muSound],
    ['AU', auFile(big, { code: 3 }), heard],
    ['AU of floats', auFile(floats, { code: 6 }), heard],
    ['AU with µ-law, of a pipe', auFile(muCodes, { code: 1, size: 0xffffffff }), muSound],
    ['AU with A-law', auFile(aCodes, { code: 27 }), aSound],
    ['WAV with µ-law', lawWav(muCodes, 7), muSound],
    ['WAV with µ-law that says 16 bits', lawWav(muCodes, 7, 16), muSound],
    ['WAV with A-law', lawWav(aCodes, 6), aSound],
    ['WAV of a sox pipe', wavFile([sound], { claimedBytes: 0x7ffff000 }), heard],
    ['WAV of a pipe, the largest signed number', wavFile([sound], { claimedBytes: 0x7fffffff }), heard],
    ['RF64', rf64File(wavFile([sound])), heard],
    ['RF64 with more behind the data', Buffer.concat([rf64File(wavFile([sound])), Buffer.from('LIST\0\0\0\0')]), heard],
    ['BW64', rf64File(wavFile([sound]), 'BW64'), heard],
  ];
  test.each(cases)('%s', async (_, bytes, expected) => {
    expect(positive(await decode(bytes))).toEqual(expected.map((value) => Math.fround(value)));
    // The same from the header, and of a part.
    const file = join(await folderWith({ clip: bytes }), 'clip');
    expect(await audioSeconds(file)).toBeCloseTo(expected.length / 16_000, 9);
    const part = await loadAudio(
      { audio: file, offset: 1 / 16_000, duration: 1 / 16_000 },
      { sampleRate: 16_000, normalise: false },
    );
    expect(positive([...part])).toEqual([Math.fround(expected[1] ?? NaN)]);
  });
});

describe('ADPCM', () => {
  /** Six samples of the mean of the channels, in halves of 16-bit steps: at 0, 1, 2, 100, 1000 and 1010. */
  const at = [0, 1, 2, 100, 1000, 1010];
  test.each<[string, number, number[], number]>([
    // The decoder multiplies where libsndfile adds up shifted steps.
    ['adpcm-ima.wav', 2034, [-2628, -2650, -2590, -6316, -26_156, -10_484], 64],
    ['adpcm-ima-stereo.wav', 2034, [-4515, -4537, -4537, -3977, -12_744, -6075], 64],
    ['adpcm-ms.wav', 1300, [-2628, -3952, -198, -5766, -23_470, -7434], 0],
    ['adpcm-ms-stereo.wav', 1300, [-4515, -5578, -4698, -3628, -11_258, -4248], 0],
  ])('%s', async (name, length, expected, tolerance) => {
    const samples = await decode(await fixture(name));
    expect(samples).toHaveLength(length);
    at.forEach((i, k) =>
      expect(Math.abs(65_536 * (samples[i] ?? NaN) - (expected[k] ?? NaN))).toBeLessThanOrEqual(tolerance),
    );
  });
});

describe('ID3 before FLAC', () => {
  test.each([0, 200, 6000])('a tag of %i bytes', async (size) => {
    const flac = await fixture('tone.flac');
    const tagged = Buffer.concat([id3(size), flac]);
    expect(await decode(tagged)).toEqual(await decode(flac));
    const file = join(await folderWith({ clip: tagged }), 'clip');
    expect(await audioSeconds(file)).toBe(4800 / 16_000);
  });

  test('two tags', async () => {
    const flac = await fixture('tone.flac');
    expect(await decode(Buffer.concat([id3(40), id3(300), flac]))).toEqual(await decode(flac));
  });
});

describe('what cannot be read is named', () => {
  const data = bytes16([sound], false);
  const cases: [string, Uint8Array, RegExp][] = [
    [
      'shorten in SPHERE',
      sphereFile(data, 4, { sample_coding: '-s26 pcm,embedded-shorten-v2.00' }),
      /compressed with shorten; convert it with "sph2pipe/u,
    ],
    ['another coding in SPHERE', sphereFile(data, 4, { sample_coding: '-s5 aware' }), /compressed with aware/u],
    ['a SPHERE file cut off', sphereFile(data, 40), /the SPHERE file is cut off: 4 of 40 samples/u],
    ['a SPHERE header cut off', sphereFile(data, 4).subarray(0, 100), /cut off in its header/u],
    [
      'a SPHERE header without end',
      sphereFile(data, 4, { end: '-s1 x' }).map((byte, i) => (i > 100 && i < 1024 ? 32 : byte)),
      /header without end/u,
    ],
    [
      'a SPHERE file of three-byte µ-law',
      sphereFile(data, 4, { sample_coding: '-s4 ulaw', sample_n_bytes: '-i 3' }),
      /SPHERE file has a broken header/u,
    ],
    [
      'compressed AIFF-C',
      aiffFile(data, { samples: 4, kind: 'ima4' }),
      /AIFF-C audio of kind "ima4" is not supported; convert it/u,
    ],
    ['an AIFF file cut off', aiffFile(data, { samples: 40 }), /the AIFF file is cut off: 4 of 40/u],
    ['G.721 in AU', auFile(data, { code: 23 }), /AU audio of encoding 23 is not supported; convert it/u],
    ['an AU file cut off', auFile(data, { code: 3, size: 80 }), /the AU file is cut off: 4 of 40/u],
  ];
  test.each(cases)('%s', async (_, bytes, says) => {
    const failure = decode(bytes);
    await expect(failure).rejects.toThrow(says);
    await expect(failure).rejects.toBeInstanceOf(AudioError);
  });
});
