/**
 * Manifests as toolkits write them, each form after the toolkit's own documentation: fairseq, Lhotse, SpeechBrain, WeNet, ESPnet, LJSpeech,
 * NeMo, tables without a header, and any of them gzipped.
 */

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { hashManifest } from '../../../src/speech/manifest/hash.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { folderWith } from '../files.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** What a manifest in such a folder lists, its audio relative to the folder. */
async function read(files: Files, name: string, options = {}): Promise<object[]> {
  const folder = await folderWith(files);
  const utterances = await readManifest(join(folder, name), options);
  return utterances.map((utterance) => ({ ...utterance, audio: utterance.audio.replace(`${folder}/`, '') }));
}

function jsonLines(...values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

describe('fairseq', () => {
  const list = '../audio\na/1.flac\t16000\nb.flac\t8000\n';

  test.each<[string, Files]>([
    ['words', { 'data/train.wrd': 'ONE TWO\nTHREE\n', 'data/train.ltr': 'X |\nX |\n' }],
    ['letters', { 'data/train.ltr': 'O N E | T W O |\nT H R E E |\n' }],
    ['letters, gzipped', { 'data/train.ltr.gz': gzipSync('O N E | T W O |\nT H R E E |\n') }],
  ])('the texts of %s', async (_, texts) => {
    expect(await read({ 'data/train.tsv': list, ...texts }, 'data/train.tsv')).toEqual([
      { id: 'a/1.flac', audio: 'audio/a/1.flac', text: 'ONE TWO' },
      { id: 'b.flac', audio: 'audio/b.flac', text: 'THREE' },
    ]);
  });

  test('phones, where there is nothing else, and an empty text', async () => {
    expect(await read({ 'x.tsv': '/d\n1.wav\t5\n2.wav\t6\n', 'x.phn': 'sil w ah n\n\n' }, 'x.tsv')).toMatchObject([
      { audio: '/d/1.wav', text: 'sil w ah n' },
      { audio: '/d/2.wav', text: '' },
    ]);
  });

  test('the folder of the only list', async () => {
    expect(await read({ 'train.tsv': '.\n1.wav\t5\n', 'train.ltr': 'A |\n' }, '.')).toMatchObject([{ text: 'A' }]);
  });

  test.each<[string, Files, RegExp]>([
    ['no texts', {}, /x\.tsv: there is no x\.wrd or x\.ltr with its texts beside it/],
    ['a text too few', { 'x.wrd': 'A\n' }, /x\.wrd: there are 1 texts for the 2 files of .*x\.tsv/],
    ['a text too many', { 'x.ltr': 'A |\nB |\nC |\n' }, /x\.ltr: there are 3 texts for the 2 files/],
  ])('%s is refused', async (_, texts, message) => {
    await expect(read({ 'x.tsv': list, ...texts }, 'x.tsv')).rejects.toThrow(message);
  });

  test('a line without samples, and a piece of an archive, are refused', async () => {
    const texts = { 'x.wrd': 'A\nB\n' };
    await expect(read({ 'x.tsv': '/\n1.wav\t5\n2.wav\n', ...texts }, 'x.tsv')).rejects.toThrow(
      /x\.tsv:3: expected the path/,
    );
    await expect(read({ 'x.tsv': '/\n1.wav\t5\na.zip:5:9\t4\n', ...texts }, 'x.tsv')).rejects.toThrow(
      /x\.tsv:3: .*archive/,
    );
  });
});

describe('Lhotse', () => {
  const recording = {
    id: 'r1',
    sources: [{ type: 'file', channels: [0, 1], source: 'call.wav' }],
    sampling_rate: 8000,
    num_samples: 80_000,
    duration: 10,
  };
  const supervision = { id: 's1', recording_id: 'r1', start: 0, duration: 2, channel: 0, text: 'one two' };
  const cut = { id: 'c1', start: 4, duration: 2, channel: 1, supervisions: [supervision], recording, type: 'MonoCut' };
  const mono = { ...recording, sources: [{ type: 'file', channels: [0], source: 'a.flac' }] };

  test('a cut is the part of its channel', async () => {
    expect(await read({ 'cuts.jsonl': jsonLines(cut) }, 'cuts.jsonl')).toEqual([
      { id: 'c1', audio: 'call.wav', text: 'one two', offset: 4, duration: 2, channel: 1 },
    ]);
  });

  test('a cut as long as its recording is the file, and a single channel is not named', async () => {
    const whole = { ...cut, start: 0, duration: 10, channel: 0, recording: mono };
    expect(await read({ 'cuts.jsonl.gz': gzipSync(jsonLines(whole)) }, '.')).toEqual([
      { id: 'c1', audio: 'a.flac', text: 'one two', duration: 10 },
    ]);
  });

  test('a cut that is only padded is that cut, and one that mixes two is refused', async () => {
    const padding = { type: 'PaddingCut', id: 'p', duration: 3, sampling_rate: 8000 };
    const mixed = (...cuts: readonly object[]): string =>
      jsonLines({
        id: 'm1',
        type: 'MixedCut',
        tracks: cuts.map((each, i) => ({ cut: each, type: 'MixTrack', offset: i })),
      });
    expect(await read({ 'cuts.jsonl': mixed(cut, padding) }, 'cuts.jsonl')).toEqual([
      { id: 'm1', audio: 'call.wav', text: 'one two', offset: 4, duration: 2, channel: 1 },
    ]);
    for (const text of [mixed(cut, { ...cut, id: 'c2' }), mixed(padding)]) {
      await expect(read({ 'cuts.jsonl': text }, 'cuts.jsonl')).rejects.toThrow(
        /cuts\.jsonl:1: a MixedCut is made of several recordings/,
      );
    }
  });

  test('a cut with several supervisions is an utterance for each', async () => {
    const second = { ...supervision, id: 's2', start: 3.5, duration: 1.25, text: 'three' };
    const long = { ...cut, start: 1.5, duration: 6, channel: 0, supervisions: [supervision, second], recording: mono };
    expect(await read({ 'x.json': JSON.stringify([long]) }, 'x.json')).toEqual([
      { id: 's1', audio: 'a.flac', text: 'one two', offset: 1.5, duration: 2 },
      { id: 's2', audio: 'a.flac', text: 'three', offset: 5, duration: 1.25 },
    ]);
  });

  test.each(['lib_supervisions_dev.jsonl', 'lib_recordings_dev.jsonl'])(
    'supervisions and recordings, from %s',
    async (name) => {
      const files = {
        'lib_supervisions_dev.jsonl': jsonLines({ ...supervision, start: 4.5, channel: 1 }),
        'lib_recordings_dev.jsonl': jsonLines(recording),
      };
      expect(await read(files, name)).toEqual([
        { id: 's1', audio: 'call.wav', text: 'one two', offset: 4.5, duration: 2, channel: 1 },
      ]);
    },
  );

  test('channels in files of their own', async () => {
    const sources = ['a.wav', 'b.wav'].map((source, i) => ({ type: 'file', channels: [i], source }));
    const files = { 'c.jsonl': jsonLines({ ...cut, recording: { ...recording, sources } }) };
    expect(await read(files, 'c.jsonl')).toEqual([
      { id: 'c1', audio: 'b.wav', text: 'one two', offset: 4, duration: 2 },
    ]);
  });

  test('a command that only decodes a file', async () => {
    const sources = [{ type: 'command', channels: [0], source: 'sph2pipe -f wav -p -c 2 a.sph' }];
    const piped = { ...cut, channel: 0, recording: { ...recording, sources } };
    expect(await read({ 'c.jsonl': jsonLines(piped) }, 'c.jsonl')).toMatchObject([{ audio: 'a.sph', channel: 1 }]);
  });

  test.each<[string, object, RegExp]>([
    ['a mixed cut', { ...cut, type: 'MixedCut', tracks: [] }, /c\.jsonl:1: a MixedCut is made of several recordings/],
    ['features alone', { ...cut, recording: undefined, features: {} }, /c\.jsonl:1: this cut has no recording/],
    ['no supervision', { ...cut, supervisions: [] }, /c\.jsonl:1: this cut has no supervision/],
    ['no text', { ...cut, supervisions: [{ ...supervision, text: null }] }, /c\.jsonl:1: "text" of a supervision/],
    ['a channel that is not there', { ...cut, channel: 2 }, /c\.jsonl:1: the recording has no channel 2/],
    [
      'changed speed',
      { ...cut, recording: { ...recording, transforms: [{ name: 'Speed', kwargs: { factor: 1.1 } }] } },
      /c\.jsonl:1: the recording is changed by Speed/,
    ],
    [
      'audio in memory',
      { ...cut, channel: 0, recording: { ...recording, sources: [{ type: 'memory', channels: [0], source: 'AAAA' }] } },
      /c\.jsonl:1: the audio is in a source of the type memory/,
    ],
  ])('%s is refused', async (_, value, message) => {
    await expect(read({ 'c.jsonl': jsonLines(value) }, 'c.jsonl')).rejects.toThrow(message);
  });

  test('supervisions without recordings are refused', async () => {
    const lines = jsonLines(supervision);
    await expect(read({ 'supervisions.jsonl': lines }, 'supervisions.jsonl')).rejects.toThrow(
      /supervisions, which need the recordings: .*recordings\.jsonl is not there/,
    );
    const other = jsonLines({ ...recording, id: 'r2' });
    await expect(read({ 'supervisions.jsonl': lines, 'recordings.jsonl': other }, '.')).rejects.toThrow(
      /supervisions\.jsonl:1: recording r1 is not in .*recordings\.jsonl/,
    );
  });
});

describe('SpeechBrain', () => {
  test('JSON by id, from the parent of its folder', async () => {
    const utterances = {
      u1: { wav: '{data_root}/audio/1.flac', length: 3.2, words: 'one' },
      u2: { wav: '{data_root}/audio/2.flac', length: 3.2, words: 'two' },
    };
    const wanted = [
      { id: 'u1', audio: 'audio/1.flac', text: 'one' },
      { id: 'u2', audio: 'audio/2.flac', text: 'two' },
    ];
    expect(await read({ 'save/a.json': JSON.stringify(utterances) }, 'save/a.json')).toEqual(wanted);
    const pretty = JSON.stringify(utterances, null, 2);
    expect(await read({ 'save/a.json': pretty, 'audio/1.flac': '' }, 'save/a.json')).toEqual(wanted);
  });

  test('the data beside the list', async () => {
    const files = { 'a.csv': 'ID,duration,wav,wrd\nu1,1.5,$data_root/b/1.wav,one\n', 'b/1.wav': '' };
    expect(await read(files, 'a.csv')).toEqual([{ id: 'u1', audio: 'b/1.wav', text: 'one', duration: 1.5 }]);
  });

  test('start and stop in samples', async () => {
    const rows = 'ID,duration,start,stop,channel,wav,words\nu1,2,8000,24000,B,a.sph,one\n';
    expect(await read({ 'a.csv': rows }, 'a.csv')).toEqual([
      { id: 'u1', audio: 'a.sph', text: 'one', offset: 1, duration: 2, channel: 1 },
    ]);
    const nested = { u1: { wav: { file: 'a.wav', start: 16_000, stop: 32_000 }, duration: 1, words: 'one' } };
    expect(await read({ 'a.json': JSON.stringify(nested) }, 'a.json')).toMatchObject([{ offset: 1, duration: 1 }]);
    const unknown = JSON.stringify({ u1: { wav: { file: 'a.wav', start: 16_000, stop: 32_000 }, words: 'one' } });
    await expect(read({ 'a.json': unknown }, 'a.json')).rejects.toThrow(/entry "u1": "start" and "stop" count samples/);
  });
});

describe('WeNet', () => {
  test('whole files and parts', async () => {
    const lines = jsonLines(
      { key: 'u1', wav: 'a.wav', txt: 'one' },
      { key: 'u2', wav: 'b.wav', txt: 'two', start: 1.1, end: 3.3 },
    );
    expect(await read({ 'data.list': lines }, 'data.list')).toEqual([
      { id: 'u1', audio: 'a.wav', text: 'one' },
      { id: 'u2', audio: 'b.wav', text: 'two', offset: 1.1, duration: 2.2 },
    ]);
  });

  test('paths as the recipe sees them', async () => {
    const files = {
      'data/train/data.list': jsonLines({ key: 'u1', wav: 'corpus/a.wav', txt: 'one' }),
      'corpus/a.wav': '',
    };
    expect(await read(files, 'data/train/data.list')).toMatchObject([{ audio: 'corpus/a.wav' }]);
  });
});

describe('Kaldi and ESPnet', () => {
  const text = 'u1 ONE\n';

  test('channels, and an end of -1', async () => {
    const files = {
      'wav.scp': 'r call.wav\n',
      segments: 'a r 0 1.5 0\nb r 0 1.5 1\nc r 2 -1 B\nd r 2.5 -1\n',
      text: 'a A\nb B\nc C\nd D\n',
      utt2num_samples: 'a 24000\n',
    };
    expect(await read(files, 'text')).toEqual([
      { id: 'a', audio: 'call.wav', text: 'A', offset: 0, duration: 1.5, channel: 0 },
      { id: 'b', audio: 'call.wav', text: 'B', offset: 0, duration: 1.5, channel: 1 },
      { id: 'c', audio: 'call.wav', text: 'C', offset: 2, channel: 1 },
      { id: 'd', audio: 'call.wav', text: 'D', offset: 2.5 },
    ]);
  });

  test('gzipped, with paths as the recipe sees them', async () => {
    const files = {
      'dump/raw/dev/wav.scp': 'u1 corpus/1.flac\n',
      'dump/raw/dev/text.gz': gzipSync(text),
      'corpus/1.flac': '',
    };
    expect(await read(files, 'dump/raw/dev')).toEqual([{ id: 'u1', audio: 'corpus/1.flac', text: 'ONE' }]);
  });

  test.each([
    ['cat a/1.wav |', { audio: 'a/1.wav' }],
    ['flac -c -d -s a/1.flac |', { audio: 'a/1.flac' }],
    ['/usr/bin/flac -cds "a b/1.flac"|', { audio: 'a b/1.flac' }],
    ['tools/sph2pipe_v2.5/sph2pipe -f wav -p -c 2 a.wv1 |', { audio: 'a.wv1', channel: 1 }],
    ["sox 'it is.mp3' -t wav -r 16000 -b 16 - |", { audio: 'it is.mp3' }],
    ['sox -t wav call.wav -t wav - remix 1 |', { audio: 'call.wav', channel: 0 }],
  ])('the file of %s', async (command, wanted) => {
    expect(await read({ 'wav.scp': `u1 ${command}\n`, text }, '.')).toEqual([{ id: 'u1', text: 'ONE', ...wanted }]);
  });

  test.each([
    'rm -rf a |',
    'cat a; rm b |',
    'cat a b |',
    'cat $(rm a) |',
    'cat "$HOME/a" |',
    'cat a > b |',
    'cat a | sox - -t wav - |',
    'cat `rm a` |',
    'cat *.wav |',
    'cat |',
    'flac -s a.wav |',
    'flac -c -d -s --until=5 a.flac |',
    'sph2pipe -f wav -c |',
    'sph2pipe -t 1:2 a.sph |',
    'sox a.wav -t wav - speed 1.1 |',
    'sox a.wav b.wav |',
    'sox a.wav -t wav - remix 1,2 |',
    'constructor a |',
    '| cat a',
  ])('%s is refused', async (command) => {
    await expect(read({ 'wav.scp': `u1 ${command}\n`, text }, '.')).rejects.toThrow(
      /wav\.scp:1: this is a command, and commands are not run/,
    );
  });

  test('archives and channels that are none are refused', async () => {
    await expect(read({ 'wav.scp': 'u1 raw.ark:15\n', text }, '.')).rejects.toThrow(/wav\.scp:1: .*Kaldi archive/);
    const segments = { 'wav.scp': 'r a.wav\n', segments: 'u1 r 0 1 left\n', text };
    await expect(read(segments, '.')).rejects.toThrow(/segments:1: the channel, in the fifth column/);
  });
});

describe('tables', () => {
  test.each<[string, string]>([
    ['semicolons', 'path;sentence\na.wav;one, two\n'],
    ['bars with a header', 'audio_file|text|speaker_name\na.wav|one, two|x\n'],
    ['two columns with tabs and no header', 'a.wav\tone, two\n'],
    ['two columns with semicolons and no header', 'a.wav;one, two\n'],
    ['two columns with commas and no header', 'a.wav,"one, two"\n'],
    ['the text first', '"one, two",a.wav\n'],
    ['a name and its text', 'a.wav  one, two\n'],
    ['a list of VITS', 'a.wav|17|one, two\n'],
    ['an array', '[{"audio": {"path": "a.wav"}, "text": "one, two"}]'],
    ['an array over several lines', '[\n  {\n    "path": "a.wav",\n    "text": "one, two"\n  }\n]\n'],
    ['an array under a name', '{"version": 1, "data": [{"path": "a.wav", "text": "one, two"}]}'],
  ])('%s, plain and gzipped', async (_, content) => {
    const wanted = [{ id: 'a.wav', audio: 'a.wav', text: 'one, two' }];
    expect(await read({ list: content }, 'list')).toEqual(wanted);
    expect(await read({ list: gzipSync(content) }, 'list')).toEqual(wanted);
  });

  test('LJSpeech: the normalised text, stray quotes, the audio in wavs', async () => {
    const files = {
      'metadata.csv': 'LJ1|In 1465, "a|In fourteen, "a\nLJ2|two|\nLJ3|three\n'.replace('LJ3|three\n', ''),
    };
    const wanted = [
      { id: 'LJ1', audio: 'wavs/LJ1.wav', text: 'In fourteen, "a' },
      { id: 'LJ2', audio: 'wavs/LJ2.wav', text: 'two' },
    ];
    expect(await read(files, '.')).toEqual(wanted);
    const flac = await read({ ...files, 'wavs/LJ1.flac': '' }, 'metadata.csv');
    expect(flac).toMatchObject([{ audio: 'wavs/LJ1.flac' }, { audio: 'wavs/LJ2.flac' }]);
  });

  test('NeMo: the first part of a file, and one behind it', async () => {
    const lines = jsonLines(
      { audio_filepath: 'a.wav', duration: 1.5, text: 'one' },
      { audio_filepath: 'a.wav', offset: 1.5, duration: 2, text: 'two', channel: 1 },
    );
    expect(await read({ x: lines }, 'x')).toEqual([
      { id: 'a.wav', audio: 'a.wav', text: 'one', duration: 1.5 },
      { id: 'a.wav@1.5#1', audio: 'a.wav', text: 'two', offset: 1.5, duration: 2, channel: 1 },
    ]);
  });
});

describe('LibriSpeech', () => {
  test('the audio is taken among files of one stem, and links are followed, even in a circle', async () => {
    const real = await folderWith({
      'c/1-2.trans.txt': '1-2-0 ONE\n',
      ...Object.fromEntries(['lab', 'json', 'pt', 'TextGrid', 'flac'].map((end) => [`c/1-2-0.${end}`, ''])),
      'one.flac': '',
    });
    const folder = await folderWith({ '3/4/3-4.trans.txt': '3-4-0 TWO\n' });
    await symlink(real, join(folder, '1'));
    await symlink(folder, join(folder, '3/circle'));
    await symlink(join(real, 'one.flac'), join(folder, '3/4/3-4-0.flac'));
    await symlink('/nowhere', join(folder, '5'));
    const utterances = await readManifest(folder);
    expect(utterances).toEqual([
      { id: '1-2-0', audio: join(folder, '1/c/1-2-0.flac'), text: 'ONE' },
      { id: '3-4-0', audio: join(folder, '3/4/3-4-0.flac'), text: 'TWO' },
    ]);
  });

  test('a stem without audio is refused', async () => {
    await expect(read({ 'a/1-2.trans.txt': '1-2-0 ONE\n', 'a/1-2-0.lab': '' }, '.')).rejects.toThrow(/1-2-0\.flac/);
  });
});

describe('lines that are repeated', () => {
  const line = '{"path": "a.wav", "text": "one"}\n';

  test('weight a training set, and are an error elsewhere', async () => {
    expect(await read({ x: line.repeat(3) }, 'x', { repeats: true })).toHaveLength(3);
    await expect(read({ x: line.repeat(3) }, 'x')).rejects.toThrow(
      /x:2: utterance a\.wav is already on line 1; if both are meant, give each an "id" of its own/,
    );
    const folder = await folderWith({ x: line.repeat(3), y: line });
    expect(await hashManifest(join(folder, 'x'))).not.toBe(await hashManifest(join(folder, 'y')));
  });

  test('may not differ', async () => {
    const other = '{"path": "a.wav", "text": "two"}\n';
    await expect(read({ x: line + other }, 'x', { repeats: true })).rejects.toThrow(/x:2: utterance a\.wav is already/);
  });
});

describe('files that are no manifests of text', () => {
  const tar = new Uint8Array(512);
  tar.set(Buffer.from('ustar'), 257);
  test.each<[string, Uint8Array | string, RegExp]>([
    ['parquet', Buffer.from('PAR1abcd'), /x: this is a parquet file/],
    ['Arrow', Buffer.from('ARROW1\0\0'), /x: this is an Arrow file/],
    ['tar', tar, /x: this is a tar archive/],
    ['zip', Buffer.from('PK\x03\x04abc'), /x: this is a zip archive/],
    ['broken gzip', gzipSync('a,b\n').subarray(0, 15), /x: this gzip file is broken or cut off/],
    ['a broken array', '[{"path": "a.wav"', /x: this JSON array is broken or cut off/],
    ['an array of other things', '[1]', /x: entry 1: it is not a JSON object/],
  ])('%s is named', async (_, content, message) => {
    await expect(read({ x: content }, 'x')).rejects.toThrow(message);
  });
});
