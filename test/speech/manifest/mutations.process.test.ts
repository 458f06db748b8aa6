/** Manifests of every kind with bytes changed, cut or doubled at random: each is read, or refused with a sentence that names a file. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { ManifestError } from '../../../src/speech/manifest/utterance.ts';
import { folderWith } from '../files.ts';

const cuts = [1, 2].map((n) => ({
  id: `c${n}`,
  start: n,
  duration: 2,
  channel: 1,
  supervisions: [{ id: `s${n}`, recording_id: 'r', start: 0, duration: 2, channel: 1, text: 'one' }],
  recording: {
    id: 'r',
    sources: [{ type: 'file', channels: [0, 1], source: 'a.wav' }],
    sampling_rate: 8000,
    num_samples: 80_000,
    duration: 10,
  },
  type: 'MonoCut',
}));
const supervisions = cuts.map((cut) => cut.supervisions[0] ?? {});
const lines = (values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const records = [
  { audio_filepath: 'a.wav', offset: 0.5, duration: 1, text: 'one' },
  { key: 'k', wav: 'b.wav', txt: 'two', start: 1, end: 2 },
];

/** Each kind: the files that it has, and those that are changed. */
const kinds: Readonly<Record<string, { readonly files: Record<string, string>; readonly changed: readonly string[] }>> =
  {
    'Lhotse cuts': { files: { 'cuts.jsonl': lines(cuts) }, changed: ['cuts.jsonl'] },
    'Lhotse supervisions': {
      files: { 'supervisions.jsonl': lines(supervisions), 'recordings.jsonl': lines([cuts[0]?.recording ?? {}]) },
      changed: ['supervisions.jsonl', 'recordings.jsonl'],
    },
    'JSON lines': { files: { list: lines(records) }, changed: ['list'] },
    'a JSON array': { files: { list: JSON.stringify(records, null, 1) }, changed: ['list'] },
    SpeechBrain: {
      files: {
        list: JSON.stringify({ u1: { wav: '{data_root}/a.wav', words: 'one' }, u2: { wav: 'b.wav', words: 'two' } }),
      },
      changed: ['list'],
    },
    fairseq: {
      files: { 'train.tsv': '..\na.wav\t5\nb.wav\t6\n', 'train.ltr': 'O N E |\nT W O |\n' },
      changed: ['train.tsv', 'train.ltr'],
    },
    'a table': {
      files: { list: 'ID,duration,start,stop,wav,wrd\nu,2,8,16,a.wav,"one, two"\nv,1,8,16,b.wav,x\n' },
      changed: ['list'],
    },
    LJSpeech: { files: { 'metadata.csv': 'LJ1|one|two\nLJ2|one|two\n' }, changed: ['metadata.csv'] },
    'no header': { files: { list: 'a.wav;one\nb.wav;two\n' }, changed: ['list'] },
    Kaldi: {
      files: {
        'wav.scp': 'r sph2pipe -f wav -c 1 a.sph |\nq b.wav\n',
        segments: 'u r 0 1.5 0\nv q 2 -1 B\n',
        text: 'u ONE\nv TWO\n',
      },
      changed: ['wav.scp', 'segments', 'text'],
    },
  };

const each = 500;

test.each(Object.entries(kinds))('%s', async (kind, { files, changed }) => {
  const folder = await folderWith(files);
  const random = Random.seeded(13, kind.length, kind.charCodeAt(0));
  const [first = ''] = changed;
  const whole = ['Kaldi', 'LJSpeech'].includes(kind) ? folder : join(folder, first);
  const seen = { read: 0, refused: 0 };
  expect((await readManifest(whole)).length).toBe(2);
  for (let i = 0; i < each; i++) {
    const name = changed[i % changed.length] ?? first;
    const bytes = Buffer.from(files[name] ?? '');
    const zipped = i % 10 === 9;
    const broken = mutate(zipped ? gzipSync(bytes) : bytes, random);
    await writeFile(join(folder, name), broken);
    try {
      const utterances = await readManifest(whole, { repeats: true });
      for (const { id, audio, text, offset = 0, duration = 0, channel = 0 } of utterances) {
        expect([typeof id, typeof text]).toEqual(['string', 'string']);
        expect(audio).toMatch(/^\/[^\0]*$/);
        expect([offset, duration, channel].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      }
      seen.read++;
    } catch (error) {
      if (!(error instanceof ManifestError))
        throw new Error(`change ${i}: ${JSON.stringify(broken.toString())}`, { cause: error });
      expect(error.message.startsWith(folder)).toBe(true);
      expect(error.message.length).toBeGreaterThan(folder.length + 10);
      seen.refused++;
    }
    await writeFile(join(folder, name), bytes);
  }
  expect(seen.refused).toBeGreaterThan(each / 20);
});

const odd = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\n',
  '\t',
  '|',
  ';',
  '-',
  '9',
  '\0',
  '\uFEFF',
  'null',
  '1e999',
  '\x80',
  ' ',
];

function mutate(bytes: Buffer, random: Random): Buffer {
  let out = bytes;
  const changes = 1 + random.below(3);
  for (let i = 0; i < changes; i++) {
    const at = random.below(out.length + 1);
    const length = random.below(12);
    const insert = Buffer.from(odd[random.below(odd.length)] ?? '', 'latin1');
    const kinds = [
      () => [out.subarray(0, at), insert, out.subarray(at + 1)],
      () => [out.subarray(0, at), insert, out.subarray(at)],
      () => [out.subarray(0, at), out.subarray(at + length)],
      () => [out.subarray(0, at), out.subarray(Math.max(0, at - length))],
      () => [out.subarray(0, at)],
    ];
    out = Buffer.concat(kinds[random.below(i === 0 ? kinds.length : 4)]?.() ?? []);
  }
  return out;
}
