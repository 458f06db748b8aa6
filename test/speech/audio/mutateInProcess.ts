/** A process that reads thousands of damaged recordings, data sets and manifests, and prints what came of them and the memory that it took. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../../src/base/random.ts';
import { decodeAudio } from '../../../src/speech/audio/decode.ts';
import { AudioError } from '../../../src/speech/audio/error.ts';
import { loadAudio } from '../../../src/speech/audio/load.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { ManifestError } from '../../../src/speech/manifest/utterance.ts';
import { wavFile } from '../files.ts';
import { aiffFile, auFile, bytes16, id3, lawWav, rf64File, sphereFile } from './recordings.ts';

const [kind = 'recordings', count = '5000', folder = ''] = process.argv.slice(2);
const fixture = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));
const random = Random.seeded(13);
const sound = Array.from({ length: 400 }, (_, i) => Math.round(9000 * Math.sin(i / 5)));
const stereo = bytes16([sound, sound], true);
const codes = Buffer.from(sound.map((value) => value & 255));

const cut = {
  id: 'c',
  start: 0.5,
  duration: 1,
  channel: 0,
  supervisions: [{ id: 's', recording_id: 'r', start: 0, duration: 1, channel: 0, text: 'one' }],
  recording: {
    id: 'r',
    sources: [{ type: 'file', channels: [0], source: 'a.wav' }],
    sampling_rate: 8000,
    num_samples: 80_000,
    duration: 10,
  },
  type: 'MonoCut',
};

/** The tables of an MP4 file before its frames, where damage meets them more often. */
function endFirst(bytes: Buffer): Buffer {
  const movie = bytes.lastIndexOf('moov') - 4;
  return Buffer.concat([bytes.subarray(0, 28), bytes.subarray(movie), bytes.subarray(28, movie)]);
}

/** What is damaged, and how many of its bytes from the start or the end hold the numbers that matter. */
const originals: Readonly<
  Record<string, { readonly files: readonly Buffer[]; readonly start?: number; readonly end?: number }>
> = {
  recordings: {
    files: [
      sphereFile(stereo, 400, { channel_count: '-i 2' }),
      sphereFile(codes, 400, { sample_coding: '-s4 ulaw', sample_n_bytes: '-i 1' }),
      aiffFile(stereo, { samples: 400, channels: 2 }),
      aiffFile(Buffer.alloc(1600), { samples: 400, bits: 32, kind: 'fl32' }),
      auFile(stereo, { code: 3 }),
      lawWav(codes, 7),
      rf64File(wavFile([sound])),
      fixture('adpcm-ima.wav'),
      fixture('adpcm-ms-stereo.wav'),
      Buffer.concat([id3(20), fixture('tone.flac')]),
      ...['tone.m4a', 'fragments.mp4', 'stereo.aac', 'tone.webm'].map((name) => fixture(`frames/${name}`)),
      endFirst(fixture('frames/tone.m4a')),
    ].map((bytes) => Buffer.from(bytes)),
    start: 200,
  },
  parquet: {
    files: [
      'speech.parquet',
      'parquet/snappy.parquet',
      'parquet/snappy-dictionary.parquet',
      'parquet/zstd-v2.parquet',
    ].map(fixture),
    start: 120,
    end: 2500,
  },
  lhotse: { files: [Buffer.from(`${JSON.stringify(cut)}\n${JSON.stringify({ ...cut, id: 'd' })}\n`)] },
};

async function read(bytes: Buffer): Promise<void> {
  if (kind === 'recordings') {
    await decodeAudio(bytes, { sampleRate: 16_000, name: 'clip' });
    return;
  }
  const path = join(folder, kind === 'parquet' ? 'a.parquet' : 'cuts.jsonl');
  writeFileSync(path, bytes);
  const utterances = await readManifest(path, { repeats: true });
  if (kind === 'parquet')
    for (const { audio } of utterances.slice(0, 8))
      await loadAudio({ audio }, { sampleRate: 16_000, normalise: false });
}

function damage(
  original: Buffer,
  { start = Infinity, end = 0 }: { readonly start?: number; readonly end?: number },
): Buffer {
  const bytes = Buffer.from(original);
  for (let n = random.below(4); n >= 0; n--) {
    const isAnywhere = random.below(5) === 0;
    const reach = Math.min(bytes.length, isAnywhere ? bytes.length : end > 0 && random.below(2) === 0 ? end : start);
    const at = reach === end ? bytes.length - 1 - random.below(reach) : random.below(reach);
    bytes[at] = random.below(256);
  }
  return random.below(5) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
}

function peakMegabytes(): number {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/u.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) / 1e3;
}

const chosen = originals[kind] ?? { files: [] };
// What the program and its decoders take is not counted.
for (const file of chosen.files) await read(file).catch(() => undefined);
const before = peakMegabytes();
let refused = 0;
let slowest = 0;
const wrong: string[] = [];
for (let i = 0; i < Number(count); i++) {
  const bytes = damage(chosen.files[i % chosen.files.length] ?? Buffer.alloc(1), chosen);
  const began = process.cpuUsage();
  try {
    await read(bytes);
  } catch (error) {
    refused++;
    const message = error instanceof Error ? error.message : String(error);
    const isClear =
      (error instanceof AudioError || error instanceof ManifestError) &&
      /^\S+: .{10,}/u.test(message.replace(/^[^:]*:/u, 'x:'));
    if (!isClear || /undefined|\[object|\n/u.test(message)) wrong.push(`${i}: ${message}`);
  }
  const { user, system } = process.cpuUsage(began);
  slowest = Math.max(slowest, (user + system) / 1e6);
}
console.log(JSON.stringify({ refused, wrong: wrong.slice(0, 5), megabytes: peakMegabytes() - before, slowest }));
