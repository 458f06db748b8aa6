/** Recognising, measuring and ranking manifests; what is recognised is held against what the engine reads. */

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recogniseManifest } from '../../../src/host/data/manifestHead.ts';
import { measureKaldi, measureLibriSpeech, measureTable } from '../../../src/host/data/measureManifest.ts';
import { rankManifests, roleOf } from '../../../src/host/data/rankManifests.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-manifests-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files below the test's folder and gives the path of the first. */
function files(entries: Readonly<Record<string, string>>): string {
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
    expect(recogniseManifest(text)).toBe(kind);
    const read = readManifest(files({ [`recognised/${name}`]: text }));
    if (kind === undefined) await expect(read).rejects.toThrow();
    else expect(await read).toHaveLength(1);
  });
});

describe('measured without reading audio', () => {
  test('JSON lines, blank ones aside, without an end to the last line', async () => {
    const path = files({ 'm/train.jsonl': '{"audio":"a.wav","text":"a"}\n\n{"audio":"b.wav","text":"b"}' });
    expect(await measureTable(path)).toEqual({ path, kind: 'JSON lines', utterances: 2, bytes: 58 });
  });

  test('a table, without its header', async () => {
    const path = files({ 'm/dev.csv': 'path,text\r\na.wav,yes\r\nb.wav,no\r\n' });
    expect(await measureTable(path)).toMatchObject({ path, kind: 'CSV', utterances: 2 });
  });

  test('an audio folder stands for its metadata', async () => {
    const path = files({ 'hf/train/metadata.csv': 'file_name,transcription\na.wav,yes\n' });
    expect(await measureTable(path)).toMatchObject({
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
    expect(await measureTable(files({ 'm/notes.csv': 'a,b\n1,2\n' }))).toBeUndefined());
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
