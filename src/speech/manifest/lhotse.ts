/** Lhotse's manifests: cuts, and supervisions with the recordings in a file beside them. */

import { basename, dirname, join } from 'node:path';
import { lhotseCounterpart } from '../../protocol/manifests/folders.ts';
import { isObject } from '../../protocol/manifests/json.ts';
import { round, seconds } from './fields.ts';
import { openManifest, type ManifestFile } from './manifestFile.ts';
import { pipedFile } from './pipe.ts';
import { pathResolver } from './roots.ts';
import { findFile } from './text.ts';
import { ManifestError, type Entry, type Place, type Row, type Utterance } from './utterance.ts';

type Fields = ReadonlyMap<string, unknown>;

/**
 * A cut with one supervision is an utterance as it is. One with several is as many utterances, each where its supervision says.
 * @throws ManifestError if a cut is not a plain part of a recording in a file, or has no text.
 */
export function readCuts({ path, folder, rows = [] }: ManifestFile): Entry[] {
  const resolvePath = pathResolver(folder);
  return rows.flatMap(({ place, fields: given }) => {
    const fail = (problem: string): ManifestError => new ManifestError(path, place, problem);
    const fields = unmixed(given);
    if (!fields) {
      const type = textOf(given.get('type'));
      throw fail(`a ${type} is made of several recordings; write its audio to a file first, with Lhotse's save_audios`);
    }
    const recording = fields.get('recording');
    if (!isObject(recording)) throw fail('this cut has no recording; cuts that hold only features cannot be used');
    const start = seconds(path, place, 'start', fields.get('start')) ?? 0;
    const duration = seconds(path, place, 'duration', fields.get('duration'));
    const source = sourceOf(path, place, toFields(recording), fields.get('channel'));
    const audio = { ...source, audio: resolvePath(source.audio) };
    const id = fields.get('id');
    const supervisions: unknown = fields.get('supervisions');
    if (!Array.isArray(supervisions) || supervisions.length === 0 || !supervisions.every(isObject)) {
      throw fail('this cut has no supervision with its text');
    }
    const total = Number(recording['duration']);
    return supervisions.map((supervision): Entry => {
      const { text } = supervision;
      if (typeof text !== 'string') throw fail('"text" of a supervision must be text');
      if (supervisions.length === 1) {
        const name = typeof id === 'string' ? id : textOf(supervision['id']);
        return entryOf(path, place, { id: name, text, ...audio, ...span(start, duration, total) });
      }
      const own = Number(supervision['start']);
      const length = seconds(path, place, 'duration', supervision['duration']);
      if (!Number.isFinite(own) || length === undefined)
        throw fail('a supervision needs "start" and "duration" in seconds');
      const from = round(Math.max(0, start + own));
      return entryOf(path, place, { id: textOf(supervision['id']), text, ...audio, ...span(from, length, total) });
    });
  });
}

/** A cut that is only padded to a length is that cut. @returns undefined for one that mixes several, or holds silence alone. */
function unmixed(fields: Fields): Fields | undefined {
  const type = textOf(fields.get('type'));
  if (type === 'PaddingCut') return undefined;
  if (type !== 'MixedCut') return fields;
  const tracks: unknown = fields.get('tracks');
  if (!Array.isArray(tracks) || !tracks.every(isObject)) return undefined;
  const cuts = tracks.map((track) => track['cut']).filter(isObject);
  const heard = cuts.filter((cut) => textOf(cut['type']) !== 'PaddingCut');
  const [only] = heard;
  if (!only || heard.length > 1 || cuts.length < tracks.length || textOf(only['type']) === 'MixedCut') return undefined;
  return new Map([...toFields(only), ['id', fields.get('id')]]);
}

/** The recordings stand in the file whose name says so instead of `supervisions`. @throws ManifestError if it is not there. */
export async function readSupervisions({ path, rows = [] }: ManifestFile): Promise<Entry[]> {
  const recordings = await openManifest(counterpart(path, 'supervisions', 'recordings'));
  const byId = new Map((recordings.rows ?? []).map((row) => [textOf(row.fields.get('id')), row]));
  const resolvePath = pathResolver(recordings.folder);
  return rows.map(({ place, fields }) => {
    const id = textOf(fields.get('recording_id'));
    const recording = byId.get(id);
    if (!recording) throw new ManifestError(path, place, `recording ${id} is not in ${recordings.path}`);
    const text = fields.get('text');
    if (typeof text !== 'string') throw new ManifestError(path, place, '"text" must be text');
    const start = seconds(path, place, 'start', fields.get('start')) ?? 0;
    const duration = seconds(path, place, 'duration', fields.get('duration'));
    const source = sourceOf(recordings.path, recording.place, recording.fields, fields.get('channel'));
    return entryOf(path, place, {
      id: textOf(fields.get('id')),
      text,
      ...source,
      audio: resolvePath(source.audio),
      ...span(start, duration, Number(recording.fields.get('duration'))),
    });
  });
}

/** Who names the recordings means them with their texts. */
export async function readRecordings({ path }: ManifestFile): Promise<Entry[]> {
  return readSupervisions(await openManifest(counterpart(path, 'recordings', 'supervisions')));
}

function counterpart(path: string, own: string, other: string): string {
  const name = lhotseCounterpart(basename(path), own, other);
  const wanted = name === undefined ? undefined : join(dirname(path), name);
  const found = wanted === undefined ? undefined : findFile([wanted]);
  if (found !== undefined) return found;
  const where = wanted ?? `a file beside it, named like this one with "${other}" for "${own}"`;
  throw new ManifestError(path, undefined, `these are Lhotse's ${own}, which need the ${other}: ${where} is not there`);
}

/** The file of a channel, and the channel's index in it if it has others. */
function sourceOf(
  file: string,
  place: Place,
  recording: Fields,
  wanted: unknown,
): Pick<Utterance, 'audio' | 'channel'> {
  const fail = (problem: string): ManifestError => new ManifestError(file, place, problem);
  const transforms = recording.get('transforms');
  const changed = Array.isArray(transforms) ? transforms.filter((transform) => nameOf(transform) !== 'Resample') : [];
  if (changed.length > 0)
    throw fail(`the recording is changed by ${nameOf(changed[0])}; write the changed audio to a file first`);
  const sources: unknown = recording.get('sources');
  const [first, ...others] = Array.isArray(sources) ? sources.filter(isObject) : [];
  if (!first) throw fail('the recording has no sources');
  const channel = Array.isArray(wanted) && wanted.length === 1 ? (wanted as unknown[])[0] : wanted;
  const source =
    [first, ...others].find(({ channels }) => Array.isArray(channels) && channels.includes(channel)) ?? first;
  if (source === first && others.length > 0 && typeof channel !== 'number') {
    throw fail('its channels are in several files; name one channel for each utterance');
  }
  const index = Array.isArray(source['channels']) ? source['channels'].indexOf(channel) : -1;
  const count = Array.isArray(source['channels']) ? source['channels'].length : 1;
  if (typeof channel === 'number' && index < 0) throw fail(`the recording has no channel ${channel}`);
  const { path, ...piped } = fileOf(source, fail);
  return { audio: path, ...piped, ...(count > 1 && index >= 0 ? { channel: index } : {}) };
}

function fileOf(
  { type, source }: Readonly<Record<string, unknown>>,
  fail: (problem: string) => ManifestError,
): { readonly path: string; readonly channel?: number } {
  if (typeof source !== 'string' || source === '' || source.includes('\0')) {
    throw fail('"source" must be the path of an audio file');
  }
  if (type === undefined || type === 'file') return { path: source };
  const piped = type === 'command' ? pipedFile(source) : undefined;
  if (piped) return piped;
  throw fail(`the audio is in a source of the type ${textOf(type)}, and only files are read; write it to files first`);
}

/** A cut as long as its recording is the whole file. */
function span(start: number, duration: number | undefined, total: number): Pick<Utterance, 'offset' | 'duration'> {
  const length = duration === undefined ? {} : { duration };
  const whole = start === 0 && (duration === undefined || Math.abs(duration - total) < 0.001);
  return whole ? length : { offset: start, ...length };
}

function entryOf(file: string, place: Place, utterance: Utterance): Entry {
  if (utterance.id === '') throw new ManifestError(file, place, '"id" must name the utterance');
  return { file, place, utterance };
}

function toFields(value: Readonly<Record<string, unknown>>): Row['fields'] {
  return new Map(Object.entries(value));
}

function nameOf(transform: unknown): string {
  return isObject(transform) ? textOf(transform['name']) : 'a transform';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
