/**
 * Makes trees with LibriSpeech's layout, names and counts, for tests at its size without its 30 GB: a few recordings, put together from those of a small
 * set, stand in it over and over as hard links.
 */

import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../src/base/random.ts';
import { decodeAudio } from '../../src/speech/audio/decode.ts';
import { readAudioFile } from '../../src/speech/audio/load.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { flacFile } from './flacFile.ts';

interface SetShape {
  readonly speakers: number;
  readonly chapters: number;
  readonly utterances: number;
  /** Seconds of utterances at the 0, 5, 25, 50, 75, 95 and 100 % quantiles, nearly as the set has them. */
  readonly seconds: readonly number[];
}

const short = [1.4, 2.2, 3.9, 6, 9.3, 17, 34];

/** LibriSpeech's sets that the paper's experiment has. Speakers, chapters and utterances are those of the published set. */
export const librispeechSets = {
  'train-clean-100': {
    speakers: 251,
    chapters: 585,
    utterances: 28_539,
    seconds: [1.4, 4, 11.5, 14, 15.3, 16.3, 24.5],
  },
  'dev-clean': { speakers: 40, chapters: 97, utterances: 2703, seconds: short },
  'dev-other': { speakers: 33, chapters: 91, utterances: 2864, seconds: short },
  'test-clean': { speakers: 40, chapters: 87, utterances: 2620, seconds: short },
  'test-other': { speakers: 33, chapters: 90, utterances: 2939, seconds: short },
} as const satisfies Record<string, SetShape>;

export type LibriSpeechSet = keyof typeof librispeechSets;

export interface LibriSpeechTreeOptions {
  /** Its recordings and texts are what the utterances are put together from. */
  readonly manifest: string;
  /** All by default. */
  readonly sets?: readonly LibriSpeechSet[];
  /** Different recordings in each set. */
  readonly recordings?: number;
  readonly seed?: number;
  /** How much of each set there is, for tests that recognise all of it; the whole by default. At least one utterance a chapter. */
  readonly share?: number;
  /** Of the lengths of the sets' recordings; 1 by default. */
  readonly length?: number;
}

interface Recording {
  readonly file: string;
  readonly text: string;
}

/**
 * Writes `LibriSpeech/<set>/<speaker>/<chapter>/<speaker>-<chapter>-<number>.flac` with `.trans.txt` files in capitals. The recordings
 * themselves stand in `recordings` beside it: 16 kHz, 16 bits, with the words of their texts.
 * @returns the folder of each set.
 */
export async function makeLibriSpeechTree(
  folder: string,
  {
    manifest,
    sets = Object.keys(librispeechSets) as LibriSpeechSet[],
    recordings = 64,
    seed = 0,
    share = 1,
    length = 1,
  }: LibriSpeechTreeOptions,
): Promise<Record<LibriSpeechSet, string>> {
  const random = Random.seeded(seed, 100);
  const clips = random.shuffled(await readClips(manifest));
  const root = join(folder, 'LibriSpeech');
  const speakers = random.shuffled(Array.from({ length: 8900 }, (_, i) => i + 19));
  const chapters = random.shuffled(Array.from({ length: 290_000 }, (_, i) => i + 100));
  const lines: { speakers: string[]; chapters: string[] } = { speakers: [], chapters: [] };
  await mkdir(join(folder, 'recordings'), { recursive: true });
  for (const set of sets) {
    const shape = partOf(librispeechSets[set], share, length);
    const pool = await writeRecordings(join(folder, 'recordings', set), clips, { shape, count: recordings });
    const own = speakers.splice(0, shape.speakers).sort((a, b) => a - b);
    for (const speaker of own) lines.speakers.push(`${speaker} | F | ${set} | 25.00 | Reader ${speaker}`);
    for (let i = 0; i < shape.chapters; i++) {
      const speaker = own[i % own.length] ?? 0;
      const chapter = chapters.pop() ?? 0;
      lines.chapters.push(`${chapter} | ${speaker} | 10.00 | ${set} | 1 | 1 | Chapter ${chapter} | Book`);
      const at = (chapter: number): number => Math.floor((chapter * shape.utterances) / shape.chapters);
      await writeChapter(join(root, set, String(speaker), String(chapter)), {
        name: `${speaker}-${chapter}`,
        recordings: Array.from({ length: at(i + 1) - at(i) }, () => pool[random.below(pool.length)]),
      });
    }
  }
  await writeFile(join(root, 'SPEAKERS.TXT'), `${lines.speakers.join('\n')}\n`);
  await writeFile(join(root, 'CHAPTERS.TXT'), `${lines.chapters.join('\n')}\n`);
  await writeFile(
    join(root, 'README.TXT'),
    'A tree for tests. It has the layout of LibriSpeech and none of its recordings.\n',
  );
  return Object.fromEntries(sets.map((set) => [set, join(root, set)])) as Record<LibriSpeechSet, string>;
}

function partOf(shape: SetShape, share: number, length: number): SetShape {
  const of = (count: number): number => Math.max(1, Math.round(share * count));
  return {
    speakers: of(shape.speakers),
    chapters: of(shape.chapters),
    utterances: of(shape.utterances),
    seconds: shape.seconds.map((seconds) => length * seconds),
  };
}

interface Clip {
  readonly samples: Int16Array;
  readonly text: string;
}

const sampleRate = 16_000;

async function readClips(manifest: string): Promise<Clip[]> {
  const clips: Clip[] = [];
  // A hundred are more than enough to put others together from.
  for (const { audio, text } of (await readManifest(manifest)).slice(0, 100)) {
    const samples = await decodeAudio(await readAudioFile(audio), { sampleRate, name: audio });
    const whole = samples.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(32_768 * sample))));
    clips.push({ samples: Int16Array.from(whole), text: text.toUpperCase() });
  }
  return clips;
}

/** Recordings whose lengths have the set's quantiles: clips one after another, as many as come next to it, at least one. */
async function writeRecordings(
  start: string,
  clips: readonly Clip[],
  { shape, count }: { readonly shape: SetShape; readonly count: number },
): Promise<Recording[]> {
  const written: Recording[] = [];
  for (let i = 0, next = 0; i < count; i++) {
    const longest = sampleRate * quantile(shape.seconds, (i + 0.5) / count);
    const parts: Clip[] = [];
    let length = 0;
    for (;;) {
      const clip = clips[next % clips.length];
      if (!clip || (parts.length > 0 && length + clip.samples.length / 2 > longest)) break;
      parts.push(clip);
      length += clip.samples.length;
      next++;
    }
    const samples = new Int16Array(length);
    let at = 0;
    for (const part of parts) {
      samples.set(part.samples, at);
      at += part.samples.length;
    }
    const file = `${start}-${String(i).padStart(3, '0')}.flac`;
    await writeFile(file, flacFile(samples));
    written.push({ file, text: parts.map(({ text }) => text).join(' ') });
  }
  return written;
}

async function writeChapter(
  folder: string,
  { name, recordings }: { readonly name: string; readonly recordings: readonly (Recording | undefined)[] },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = await Promise.all(
    recordings.map(async (recording, i) => {
      const id = `${name}-${String(i).padStart(4, '0')}`;
      if (recording) await link(recording.file, join(folder, `${id}.flac`));
      return `${id} ${recording?.text ?? ''}\n`;
    }),
  );
  await writeFile(join(folder, `${name}.trans.txt`), lines.join(''));
}

const shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

/** Straight lines between the quantiles that are given. */
function quantile(values: readonly number[], share: number): number {
  const above = Math.max(
    1,
    shares.findIndex((other) => other >= share),
  );
  const [from = 0, to = 1] = [shares[above - 1], shares[above]];
  const [low = 0, high = 0] = [values[above - 1], values[above]];
  return low + ((high - low) * (share - from)) / (to - from);
}
