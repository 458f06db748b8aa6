/** Kaldi's data folders, and ESPnet's, which are the same. */

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { linesOf, splitKey } from '../../protocol/manifests/lines.ts';
import { round } from './fields.ts';
import { pipedFile } from './pipe.ts';
import { pathResolver } from './roots.ts';
import { findFile, readText } from './text.ts';
import { ManifestError, type Entry, type Utterance } from './utterance.ts';

interface Keyed {
  readonly line: number;
  readonly rest: string;
}

/** The files of such a folder that people name for it. */
const names = ['text', 'wav.scp', 'segments', 'utt2spk', 'utt2num_samples', 'utt2dur'];

export function isKaldi(folder: string): boolean {
  return findFile([join(folder, 'wav.scp')]) !== undefined;
}

/** The folder that a file such as `data/train/text` or `data/train/wav.scp` belongs to; undefined for other files. */
export function kaldiFolderOf(file: string): string | undefined {
  const folder = dirname(file);
  return names.includes(basename(file).replace(/\.gz$/, '')) && isKaldi(folder) ? folder : undefined;
}

/**
 * `text` lists the utterances, `wav.scp` their recordings, and `segments`, if it is there, which part and channel of a recording each
 * utterance is. Commands in `wav.scp` are not run: a data folder is not trusted that far. Those that only decode one file name that file.
 * `utt2num_samples` is not needed, as lengths are read from the audio.
 */
export async function readKaldi(folder: string): Promise<Entry[]> {
  const inFolder = (name: string): string => findFile([join(folder, name)]) ?? join(folder, name);
  const scpFile = inFolder('wav.scp');
  const resolvePath = pathResolver(folder);
  const recordings = new Map<string, Pick<Utterance, 'audio' | 'channel'>>();
  for (const [id, keyed] of await readKeyed(scpFile)) {
    const { path, ...channel } = recordingOf(scpFile, keyed);
    recordings.set(id, { audio: resolvePath(path), ...channel });
  }
  const segmentsFile = inFolder('segments');
  const segments = existsSync(segmentsFile) ? await readKeyed(segmentsFile) : undefined;
  const textFile = inFolder('text');
  const entries: Entry[] = [];
  for (const [id, { line, rest: text }] of await readKeyed(textFile)) {
    const segment = segments?.get(id);
    if (segments && !segment) throw new ManifestError(textFile, line, `utterance ${id} is not in ${segmentsFile}`);
    const part = segment ? parseSegment(segmentsFile, segment) : { recording: id };
    const recording = recordings.get(part.recording);
    if (!recording) throw new ManifestError(textFile, line, `recording ${part.recording} is not in ${scpFile}`);
    const { recording: _, ...span } = part;
    entries.push({ file: textFile, place: line, utterance: { id, text, ...recording, ...span } });
  }
  return entries;
}

function recordingOf(file: string, { line, rest }: Keyed): { readonly path: string; readonly channel?: number } {
  if (rest === '') throw new ManifestError(file, line, 'no path');
  if (rest.includes('\0')) throw new ManifestError(file, line, 'a path holds no zero bytes');
  if (/\.ark:\d+$/.test(rest)) {
    throw new ManifestError(
      file,
      line,
      'this names a place in a Kaldi archive; write the audio to files and list those',
    );
  }
  if (!rest.startsWith('|') && !rest.endsWith('|')) return { path: rest };
  const piped = rest.endsWith('|') ? pipedFile(rest.slice(0, -1)) : undefined;
  if (piped) return piped;
  throw new ManifestError(
    file,
    line,
    'this is a command, and commands are not run, except that files are read themselves where it is ' +
      '"cat FILE |", "flac -c -d -s FILE |", "sph2pipe -f wav FILE |" or "sox FILE -t wav - |"; ' +
      'convert the audio to files first and list their paths',
  );
}

/** Lines of "key the rest" by their key. @throws ManifestError if a key comes twice. */
export async function readKeyed(file: string): Promise<Map<string, Keyed>> {
  const keyed = new Map<string, Keyed>();
  for (const line of linesOf(await readText(file))) {
    const { key, rest } = splitKey(line.text);
    const before = keyed.get(key);
    if (before) throw new ManifestError(file, line.number, `${key} is already on line ${before.line}`);
    keyed.set(key, { line: line.number, rest });
  }
  return keyed;
}

/** An end of -1 is the recording's end, as for Kaldi's extract-segments. */
function parseSegment(
  file: string,
  { line, rest }: Keyed,
): { readonly recording: string } & Pick<Utterance, 'offset' | 'duration' | 'channel'> {
  const [recording, from, to, channel] = rest.split(/\s+/);
  const offset = Number(from);
  const toEnd = Number(to) === -1;
  const duration = Number(to) - offset;
  if (
    recording === undefined ||
    !Number.isFinite(offset) ||
    offset < 0 ||
    !(toEnd || (duration > 0 && duration < Infinity))
  ) {
    throw new ManifestError(
      file,
      line,
      'expected "utterance recording start end", with start before end, in seconds; an end of -1 is the end of the recording',
    );
  }
  if (channel !== undefined && !/^(\d{1,3}|[AB])$/.test(channel)) {
    throw new ManifestError(file, line, 'the channel, in the fifth column, must be an index from 0 or A or B');
  }
  const index = channel === 'A' ? 0 : channel === 'B' ? 1 : Number(channel);
  return {
    recording,
    offset,
    ...(toEnd ? {} : { duration: round(duration) }),
    ...(channel === undefined ? {} : { channel: index }),
  };
}
