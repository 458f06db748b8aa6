/** Manifests: every kind recognised by content, paths resolved, and every mistake named with its file and line. */

import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ManifestError } from '../../../src/speech/manifest/utterance.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { folderWith } from '../files.ts';

describe('kinds', () => {
  test('JSON lines, with the duration and the part of a recording', async () => {
    const folder = await folderWith({
      'train.list':
        '\uFEFF{"audio_filepath": "a/1.flac", "text": "one two", "duration": 1.5, "speaker": "x"}\r\n' +
        '\n{"audio_filepath": "/data/2.wav", "text": "", "offset": 2.5, "duration": "3", "id": 7}\n',
    });
    expect(await readManifest(join(folder, 'train.list'))).toEqual([
      { id: 'a/1.flac', audio: join(folder, 'a/1.flac'), text: 'one two', duration: 1.5 },
      { id: '7', audio: '/data/2.wav', text: '', offset: 2.5, duration: 3 },
    ]);
  });

  test('Common Voice: tabs, stray quotes, clips beside', async () => {
    const folder = await folderWith({
      'dev.tsv':
        'client_id\tpath\tsentence\tage\n' +
        'x\tcv_1.mp3\tHe said "no.\t\n' +
        'y\tcv_2.mp3\t"""Yes"", she said."\ttwenties\n',
      'clips/cv_1.mp3': '',
    });
    expect(await readManifest(join(folder, 'dev.tsv'))).toEqual([
      { id: 'cv_1.mp3', audio: join(folder, 'clips/cv_1.mp3'), text: 'He said "no.' },
      { id: 'cv_2.mp3', audio: join(folder, 'clips/cv_2.mp3'), text: '"Yes", she said.' },
    ]);
  });

  test('CSV with quoted commas and line ends', async () => {
    const folder = await folderWith({
      list: 'id,audio,transcription,duration\nu1,1.wav,"one, two",0.5\nu2,2.wav,"three\nfour",\n',
    });
    expect(await readManifest(join(folder, 'list'))).toEqual([
      { id: 'u1', audio: join(folder, '1.wav'), text: 'one, two', duration: 0.5 },
      { id: 'u2', audio: join(folder, '2.wav'), text: 'three\nfour' },
    ]);
  });

  test.each([
    ['metadata.csv', 'file_name,transcription\ndata/1.wav,hello\n'],
    ['metadata.jsonl', '{"file_name": "data/1.wav", "transcription": "hello"}\n'],
  ])('a Hugging Face audio folder with %s', async (name, content) => {
    const folder = await folderWith({ [name]: content, 'data/1.wav': '' });
    expect(await readManifest(folder)).toEqual([
      { id: 'data/1.wav', audio: join(folder, 'data/1.wav'), text: 'hello' },
    ]);
  });

  test('a Kaldi folder', async () => {
    const folder = await folderWith({
      'wav.scp': 'u2  audio/two words.flac\nu1 /data/1.flac\n',
      text: 'u1 HELLO  WORLD\nu2\n',
    });
    expect(await readManifest(folder)).toEqual([
      { id: 'u1', audio: '/data/1.flac', text: 'HELLO  WORLD' },
      { id: 'u2', audio: join(folder, 'audio/two words.flac'), text: '' },
    ]);
  });

  test('a Kaldi folder with segments', async () => {
    const folder = await folderWith({
      'wav.scp': 'rec a.flac\n',
      segments: 'u1 rec 0.5 2.1\nu2 rec 2.1 3\n',
      text: 'u2 B\nu1 A\n',
    });
    expect(await readManifest(folder)).toEqual([
      { id: 'u2', audio: join(folder, 'a.flac'), text: 'B', offset: 2.1, duration: 0.9 },
      { id: 'u1', audio: join(folder, 'a.flac'), text: 'A', offset: 0.5, duration: 1.6 },
    ]);
  });

  test('a LibriSpeech tree', async () => {
    const folder = await folderWith({
      '84/121/84-121.trans.txt': '84-121-0000 GO DO YOU HEAR\n',
      '84/121/84-121-0000.flac': '',
      '26/95/26-95.trans.txt': '26-95-0000 AT THIS\n26-95-0001 WELL\n',
      '26/95/26-95-0000.flac': '',
      '26/95/26-95-0001.flac': '',
      'SPEAKERS.TXT': ';',
    });
    expect(await readManifest(folder)).toEqual([
      { id: '26-95-0000', audio: join(folder, '26/95/26-95-0000.flac'), text: 'AT THIS' },
      { id: '26-95-0001', audio: join(folder, '26/95/26-95-0001.flac'), text: 'WELL' },
      { id: '84-121-0000', audio: join(folder, '84/121/84-121-0000.flac'), text: 'GO DO YOU HEAR' },
    ]);
  });
});

describe('mistakes', () => {
  const line = '{"audio_filepath": "1.wav", "text": "one"}\n';
  const cases: [string, string | Uint8Array, RegExp][] = [
    ['an empty file', ' \n', /list: this manifest is empty/],
    ['a header alone', 'path,text\n', /list: this manifest has no utterances/],
    ['a line that is not JSON', `${line}\n{"audio_filepath": \n`, /list:3: this line is not JSON/],
    ['a line that is no object', `${line}[1]\n`, /list:2: this line is not a JSON object/],
    ['a line without audio', `${line}{"text": "two"}\n`, /list:2: no audio file: expected one of "audio_filepath"/],
    ['a line without text', `${line}{"audio_filepath": "2.wav"}\n`, /list:2: no text: expected one of "text"/],
    ['a text that is none', '{"audio_filepath": "2.wav", "text": 5}\n', /list:1: "text" must be text/],
    ['a path that is none', '{"audio_filepath": "", "text": "a"}\n', /list:1: "audio_filepath" must be the path/],
    [
      'a path with a zero byte',
      '{"audio_filepath": "a\\u0000b", "text": "a"}\n',
      /list:1: "audio_filepath" must be the path/,
    ],
    [
      'a negative duration',
      '{"audio_filepath": "a", "text": "a", "duration": -1}\n',
      /list:1: "duration" must be a number/,
    ],
    [
      'an offset that is none',
      '{"audio_filepath": "a", "text": "a", "offset": "x"}\n',
      /list:1: "offset" must be a number/,
    ],
    ['the same utterance twice', `${line}\n${line}`, /list:3: utterance 1\.wav is already on line 1/],
    [
      'a table without the columns',
      'client,speech\na,b\n',
      /list:1: the header needs a column with the audio file \(audio_filepath/,
    ],
    ['a table with a short row', 'path,text\na,b\nc\n', /list:3: this is not a well-formed CSV table/],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe), /list: this is not UTF-8 text/],
  ];
  test.each(cases)('%s', async (_, content, message) => {
    const folder = await folderWith({ list: content });
    const failure = readManifest(join(folder, 'list'));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(ManifestError);
  });

  const folders: [string, Record<string, string>, RegExp][] = [
    ['a folder of no known kind', { 'readme.txt': 'hello' }, /this folder has no wav\.scp/],
    [
      'a command in wav.scp',
      { 'wav.scp': 'a 1.wav\nb rm -rf / |\n', text: 'a A\n' },
      /wav\.scp:2: this is a command, and commands are not run/,
    ],
    ['a command before its name', { 'wav.scp': 'b | cat x\n', text: 'b A\n' }, /wav\.scp:1: this is a command/],
    ['a recording without a path', { 'wav.scp': 'a\n', text: 'a A\n' }, /wav\.scp:1: no path/],
    ['a Kaldi folder without text', { 'wav.scp': 'a 1.wav\n' }, /text: no such file/],
    [
      'a text without a recording',
      { 'wav.scp': 'a 1.wav\n', text: 'a A\nb B\n' },
      /text:2: recording b is not in .*wav\.scp/,
    ],
    [
      'a text without a segment',
      { 'wav.scp': 'r 1.wav\n', segments: 'a r 0 1\n', text: 'b B\n' },
      /text:1: utterance b is not in .*segments/,
    ],
    [
      'a segment that ends before it starts',
      { 'wav.scp': 'r 1.wav\n', segments: 'a r 2 1\n', text: 'a A\n' },
      /segments:1: expected/,
    ],
    [
      'the same Kaldi utterance twice',
      { 'wav.scp': 'a 1.wav\n', text: 'a A\na B\n' },
      /text:2: a is already on line 1/,
    ],
    [
      'a LibriSpeech text without audio',
      { '1/2/1-2.trans.txt': '1-2-0 A\n' },
      /1-2\.trans\.txt:1: there is no audio file 1-2-0/,
    ],
  ];
  test.each(folders)('%s', async (_, files, message) => {
    const failure = readManifest(await folderWith(files));
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toBeInstanceOf(ManifestError);
  });

  test('a path that does not exist', async () => {
    await expect(readManifest('/nowhere/train.jsonl')).rejects.toThrow('/nowhere/train.jsonl: no such file or folder');
  });
});
