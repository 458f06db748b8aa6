/** Recognising, measuring and ranking manifests; what is recognised is held against what the engine reads. */

import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recogniseManifest } from '../../../src/host/data/manifestHead.ts';
import {
  measureFile,
  measureKaldi,
  measureLibriSpeech,
  measureParquet,
} from '../../../src/host/data/measureManifest.ts';
import { rankManifests, roleOf } from '../../../src/host/data/rankManifests.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-manifests-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files below the test's folder and gives the path of the first. */
function files(entries: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, text] of Object.entries(entries)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, Object.keys(entries)[0] ?? '');
}

describe('recognised by content, as the engine does', () => {
  test.each([
    ['NeMo', '{"audio_filepath": "a.wav", "duration": 1.5, "text": "yes"}\n', 'JSON lines'],
    ['metadata.jsonl of Hugging Face', '\n{"file_name": "a.wav", "transcription": "yes"}\n', 'JSON lines'],
    ['a byte-order mark', '\uFEFF{"audio": "a.wav", "text": "yes"}\n', 'JSON lines'],
    ['Common Voice', 'client_id\tpath\tsentence\n1\ta.mp3\tyes\n', 'TSV'],
    ['DeepSpeech', 'wav_filename,wav_filesize,transcript\na.wav,12,yes\n', 'CSV'],
    ['quoted names and lines of Windows', '"path","text"\r\n"a.wav","yes"\r\n', 'CSV'],
    ['a table without text', 'path,duration\na.wav,3\n', undefined],
    ['a file of settings', '{\n  "epochs": 3\n}\n', undefined],
    ['settings on one line', '{"epochs": 3}\n', undefined],
    ['prose', 'Read this text, and that file.\n', undefined],
    ['nothing', '\n\n', undefined],
  ])('%s', async (name, text, kind) => {
    expect(recogniseManifest(text)?.label).toBe(kind);
    const read = readManifest(files({ [`recognised/${name}`]: text }));
    if (kind === undefined) await expect(read).rejects.toThrow();
    else expect(await read).toHaveLength(1);
  });
});

const recording = {
  id: 'r',
  sources: [{ type: 'file', channels: [0], source: 'a.wav' }],
  sampling_rate: 8000,
  duration: 9,
};
const supervision = { id: 's', recording_id: 'r', start: 0, duration: 2, channel: 0, text: 'yes' };
const cut = { id: 'c', start: 0, duration: 2, channel: 0, supervisions: [supervision], recording, type: 'MonoCut' };
/** Its first line is longer than what is read of a file. */
const longCut = JSON.stringify({
  ...cut,
  supervisions: Array.from({ length: 300 }, (_, i) => ({ ...supervision, id: `s${i}` })),
});
const speechBrain = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`u${i}`, { wav: `{data_root}/${i}.wav`, length: 1.5, words: 'yes' }]),
);
const wenet = '{"key": "u", "wav": "a.wav", "txt": "yes"}\n';

describe('a file of each kind that the engine reads is offered, plain and gzipped', () => {
  test.each<[label: string, name: string, text: string, beside?: Readonly<Record<string, string>>]>([
    ['Lhotse cuts', 'cuts.jsonl', `${JSON.stringify(cut)}\n`],
    ['Lhotse cuts', 'long.jsonl', `${longCut}\n`],
    [
      'Lhotse supervisions',
      'supervisions.jsonl',
      JSON.stringify(supervision),
      { 'recordings.jsonl': JSON.stringify(recording) },
    ],
    ['JSON lines', 'data.list', wenet],
    ['JSON', 'array.json', '[\n  {\n    "path": "a.wav",\n    "text": "a \\"b\\", c]"\n  }\n]\n'],
    ['JSON', 'named.json', '{"version": 1, "data": [{"path": "a.wav", "text": "yes"}]}'],
    ['JSON', 'brain.json', JSON.stringify(speechBrain)],
    ['JSON', 'pretty.json', JSON.stringify(speechBrain, null, 2)],
    ['fairseq', 'train.tsv', '/audio\n1.wav\t16000\n', { 'train.ltr': 'A |\n' }],
    ['LJSpeech', 'lj.csv', 'LJ1|In 1465|In fourteen\n', { 'wavs/LJ1.wav': '' }],
    ['CSV', 'semicolons.csv', 'path;sentence\na.wav;one, two\n'],
    ['list', 'bars.csv', 'audio_file|text|speaker_name\na.wav|one, two|x\n'],
    ['TSV', 'two.tsv', 'a.wav\tone, two\n'],
    ['CSV', 'two.csv', '"one, ""two""",a.wav\n'],
    ['list', 'vits.txt', 'a.wav|17|one, two\n'],
    ['list', 'spaces.txt', 'a.wav  one, two\n'],
  ])('%s: %s', async (label, name, text, beside = {}) => {
    for (const [own, content] of [
      [name, text],
      [`${name}.gz`, gzipSync(text)],
    ] as const) {
      const path = files({ [`kinds/${own.replaceAll('.', '-')}/${own}`]: content });
      files(
        Object.fromEntries(
          Object.entries(beside).map(([other, value]) => [join(path.slice(folder.length), '..', other), value]),
        ),
      );
      const found = await measureFile(path);
      expect(found).toMatchObject({ path, kind: label });
      const { length } = await readManifest(path);
      if (found?.utterances !== undefined && name !== 'long.jsonl') expect(found.utterances).toBe(length);
    }
  });

  test('LJSpeech, whose table stands for the folder', async () => {
    const path = files({ 'lj/metadata.csv': 'LJ1|one|one\nLJ2|two|two\n', 'lj/wavs/LJ1.wav': '' });
    expect(await measureFile(path)).toMatchObject({ path: join(folder, 'lj'), kind: 'LJSpeech', utterances: 2 });
  });

  test('the splits of parquet files, as the engine takes them', async () => {
    const bytes = readFileSync(new URL('../../speech/fixtures/speech.parquet', import.meta.url));
    const names = ['train-00000-of-00002', 'train-00001-of-00002', 'test-00000-of-00001'].map(
      (name) => `${name}.parquet`,
    );
    files(Object.fromEntries(names.map((name) => [`parquet/${name}`, bytes])));
    const found = await measureParquet(join(folder, 'parquet'), names);
    expect(found.map(({ path, utterances }) => [basename(path), utterances])).toEqual([
      ['test-00000-of-00001.parquet', 5],
      ['train-*.parquet', 10],
    ]);
    for (const { path, utterances } of found) expect(await readManifest(path)).toHaveLength(utterances ?? -1);
    files({ 'other/x.parquet': 'PAR1' });
    expect(await measureParquet(join(folder, 'other'), ['x.parquet'])).toEqual([]);
  });

  test('a gzipped text of Kaldi is not counted', async () => {
    files({ 'kaldi-gz/wav.scp.gz': gzipSync('u a.wav\n'), 'kaldi-gz/text.gz': gzipSync('u yes\n') });
    expect(await measureKaldi(join(folder, 'kaldi-gz'))).toMatchObject({ kind: 'Kaldi', utterances: undefined });
  });
});

describe('what is no manifest is not offered', () => {
  test.each<[string, string | Uint8Array]>([
    ['package.json', '{\n  "name": "x",\n  "files": ["dist"],\n  "scripts": {"test": "vitest"}\n}\n'],
    ['tsconfig.json', '{\n  // Comment.\n  "compilerOptions": {"strict": true}\n}\n'],
    ['vocab.json', '{"path": 0, "text": 1, "audio": 2}'],
    ['settings.json', '{"editor": {"path": "/bin/sh"}, "other": {"text": "x"}}'],
    ['documents.jsonl', '{"path": "src/main.ts", "text": "import"}\n'],
    ['numbers.json', '[1, 2, 3]'],
    ['pipes.csv', 'name|age\nann|7\n'],
    ['people.csv', 'name,age\nann,7\n'],
    ['pages.csv', 'path,text\nindex.html,hello\n'],
    ['list.tsv', '/audio\n1.wav\t16000\n'],
    ['supervisions.jsonl', JSON.stringify(supervision)],
    ['recordings.jsonl', JSON.stringify(recording)],
    ['broken.jsonl.gz', new Uint8Array([0x1f, 0x8b, 8])],
    ['binary.txt', new Uint8Array([0, 255, 254, 10, 0])],
    ['notes.txt', 'Read this | and that.\n'],
  ])('%s', async (name, content) => {
    const path = files({ [`none/${basename(name, '.gz')}/${name}`]: content });
    expect(await measureFile(path).catch(() => undefined)).toBeUndefined();
  });
});

describe('measured without reading audio', () => {
  test('JSON lines, blank ones aside, without an end to the last line', async () => {
    const path = files({ 'm/train.jsonl': '{"audio":"a.wav","text":"a"}\n\n{"audio":"b.wav","text":"b"}' });
    expect(await measureFile(path)).toEqual({ path, kind: 'JSON lines', utterances: 2, bytes: 58 });
  });

  test('a table, without its header', async () => {
    const path = files({ 'm/dev.csv': 'path,text\r\na.wav,yes\r\nb.wav,no\r\n' });
    expect(await measureFile(path)).toMatchObject({ path, kind: 'CSV', utterances: 2 });
  });

  test('an audio folder stands for its metadata', async () => {
    const path = files({ 'hf/train/metadata.csv': 'file_name,transcription\na.wav,yes\n' });
    expect(await measureFile(path)).toMatchObject({
      path: join(folder, 'hf/train'),
      kind: 'audio folder',
      utterances: 1,
    });
  });

  test('a Kaldi folder', async () => {
    files({ 'kaldi/wav.scp': 'u1 a.wav\nu2 b.wav\n', 'kaldi/text': 'u1 yes\nu2 no\n' });
    expect(await measureKaldi(join(folder, 'kaldi'))).toMatchObject({ kind: 'Kaldi', utterances: 2 });
  });

  test('recordings without text are no Kaldi folder', async () => {
    files({ 'scp/wav.scp': 'u1 a.wav\n' });
    expect(await measureKaldi(join(folder, 'scp'))).toBeUndefined();
  });

  test('a LibriSpeech tree counts all its transcripts', async () => {
    const path = files({
      'dev-clean/1/2/1-2.trans.txt': '1-2-0 YES\n1-2-1 NO\n',
      'dev-clean/1/3/1-3.trans.txt': '1-3-0 NO\n',
    });
    const found = await measureLibriSpeech(join(folder, 'dev-clean'), [
      path,
      join(folder, 'dev-clean/1/3/1-3.trans.txt'),
    ]);
    expect(found).toMatchObject({ kind: 'LibriSpeech', utterances: 3 });
  });

  test('what is no manifest', async () =>
    expect(await measureFile(files({ 'm/notes.csv': 'a,b\n1,2\n' }))).toBeUndefined());
});

describe('ranked by name', () => {
  test.each([
    ['/data/train.jsonl', 'train'],
    ['/data/train-clean-100', 'train'],
    ['/data/valid_set.csv', 'dev'],
    ['/data/Validation/metadata.csv', 'dev'],
    ['/cv/validated.tsv', undefined],
    ['/cv/dev.tsv', 'dev'],
    ['/data/test/metadata.csv', 'test'],
    ['/latest/all.csv', undefined],
    ['/train/test.jsonl', 'test'],
  ])('the name %s says %s', (path, role) => expect(roleOf(path)).toBe(role));

  const all = ['/w/test.jsonl', '/w/dev.jsonl', '/w/all.jsonl', '/w/train.jsonl'];
  test.each([
    ['train', ['train', 'all', 'dev', 'test']],
    ['dev', ['dev', 'all', 'test', 'train']],
    ['test', ['test', 'dev', 'all', 'train']],
  ] as const)('for %s', (role, names) =>
    expect(rankManifests(role, all)).toEqual(names.map((name) => `/w/${name}.jsonl`)),
  );

  test('nearer ones first among equals', () =>
    expect(rankManifests('dev', ['/w/a/dev.jsonl', '/w/b/dev.jsonl'], ['/w/b/train.jsonl', '/w/a/model'])).toEqual([
      '/w/b/dev.jsonl',
      '/w/a/dev.jsonl',
    ]));

  test('the alphabet decides last, and counts', () =>
    expect(rankManifests('train', ['/w/train10.csv', '/w/train9.csv'])).toEqual(['/w/train9.csv', '/w/train10.csv']));
});
