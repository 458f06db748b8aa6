/** fairseq's lists for wav2vec 2.0: a table of files and their samples, with the texts in another file, line by line. */

import { basename, dirname, join, resolve } from 'node:path';
import { fairseqStem, fairseqTexts } from '../../protocol/manifests/folders.ts';
import { linesOf } from '../../protocol/manifests/lines.ts';
import type { ManifestFile } from './manifestFile.ts';
import { findFile, readText } from './text.ts';
import { ManifestError, type Entry } from './utterance.ts';

/**
 * The texts are taken from the words (`.wrd`) beside the list, else from the letters (`.ltr`), else from the phones (`.phn`).
 * The numbers of samples are not used: their rate is not said.
 * @throws ManifestError if there are no texts, or not as many as files.
 */
export async function readFairseq({ path, folder, text }: ManifestFile): Promise<Entry[]> {
  const [root, ...lines] = linesOf(text);
  const texts = await readTexts(path, join(dirname(path), fairseqStem(basename(path))));
  if (texts.lines.length !== lines.length) {
    const counts = `${texts.lines.length} texts for the ${lines.length} files of ${path}`;
    throw new ManifestError(texts.file, undefined, `there are ${counts}; each file needs one line`);
  }
  return lines.map(({ number, text: line }, i) => {
    const [name, samples] = line.split('\t');
    if (name === undefined || name === '' || name.includes('\0') || !/^\d+\s*$/.test(samples ?? '')) {
      throw new ManifestError(path, number, 'expected the path of an audio file, a tab and its number of samples');
    }
    if (/\.\w+:\d+:\d+$/.test(name)) {
      throw new ManifestError(path, number, 'this names a piece of an archive; unpack the audio and list its files');
    }
    return {
      file: path,
      place: number,
      utterance: { id: name, audio: resolve(folder, root?.text.trim() ?? '', name), text: texts.lines[i] ?? '' },
    };
  });
}

async function readTexts(path: string, stem: string): Promise<{ readonly file: string; readonly lines: string[] }> {
  const [words, letters, phones] = fairseqTexts.map((ending) => findFile([`${stem}${ending}`]));
  const file = words ?? letters ?? phones;
  if (file === undefined) {
    const name = basename(stem);
    throw new ManifestError(path, undefined, `there is no ${name}.wrd or ${name}.ltr with its texts beside it`);
  }
  const lines = (await readText(file)).split(/\r\n|\n|\r/);
  // A blank line is an empty text, but the last line only ends the one before it.
  if (lines.at(-1) === '') lines.pop();
  return { file, lines: lines.map((line) => (file === letters ? fromLetters(line) : line.trim())) };
}

/** `T W O | O N E |`: letters apart, `|` behind each word. */
function fromLetters(line: string): string {
  const words = line.split(/\s+/).join('').split('|');
  return words.filter((word) => word !== '').join(' ');
}
