/**
 * Speaks the sample's clips: short commands in several voices, as a folder of WAV files with a manifest for each part.
 * The same call gives the same files. The bundled ones, and the larger set that the sample model was trained on:
 *
 *   node --import tsx scripts/sample/make-clips.ts --out media/sample --train 36 --dev 12 --test 36
 *   node --import tsx scripts/sample/make-clips.ts --out FOLDER --train 700 --dev 40 --test 60
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../src/base/random.ts';
import { speak, type Voice } from './speak.ts';
import { encodeWav } from './wav.ts';

const sampleRate = 16_000;

const verbs = ['open', 'close', 'start', 'stop'];
const colours = ['red', 'blue', 'green', 'small'];
const things = ['door', 'window', 'light', 'lamp'];
const endings = ['', ' now', ' please'];
const sentences = verbs.flatMap((verb) =>
  colours.flatMap((colour) => things.flatMap((thing) => endings.map((end) => `${verb} the ${colour} ${thing}${end}`))),
);

const voices = ['en-us', 'en-gb', 'en-us+f2', 'en-gb+f4', 'en-us+m3', 'en-gb-scotland+m5'];

/** No sentence is in two parts: the test is whether the model hears words, not whether it knows its sentences. */
const parts = { train: [0, 1, 2], dev: [3], test: [4] } as const;

type Part = keyof typeof parts;

interface Clip {
  readonly text: string;
  readonly voice: Voice;
}

/** The i-th clip of a part, whatever the number of clips. */
function clip(part: Part, i: number): Clip {
  const random = Random.seeded(2025, Object.keys(parts).indexOf(part), i);
  const own = sentences.filter((_, at) => (parts[part] as readonly number[]).includes((at * 7) % 5));
  const text = own[random.below(own.length)];
  const name = voices[i % voices.length];
  if (text === undefined || name === undefined) throw new Error('there are no sentences or voices');
  return { text, voice: { name, speed: 165 + random.below(36), pitch: 35 + random.below(31) } };
}

async function makePart(out: string, part: Part, count: number): Promise<void> {
  await mkdir(join(out, 'clips'), { recursive: true });
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const { text, voice } = clip(part, i);
    const samples = await speak(text, voice, sampleRate);
    const path = `clips/${part}-${String(i).padStart(4, '0')}.wav`;
    await writeFile(join(out, path), encodeWav(samples, sampleRate));
    const duration = Number((samples.length / sampleRate).toFixed(4));
    lines.push(JSON.stringify({ audio_filepath: path, duration, text, voice: voice.name }));
  }
  if (count > 0) await writeFile(join(out, `${part}.jsonl`), `${lines.join('\n')}\n`);
}

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    train: { type: 'string', default: '0' },
    dev: { type: 'string', default: '0' },
    test: { type: 'string', default: '0' },
  },
});
if (values.out === undefined) throw new Error('--out FOLDER is needed');
for (const part of Object.keys(parts) as Part[]) await makePart(values.out, part, Number(values[part]));
