/** One utterance from the named fields of a record, with the names that the usual data sets give them. */

import { audioFields, textFields } from '../../protocol/manifests/fields.ts';
import { isObject } from '../../protocol/manifests/json.ts';
import { ManifestError, type Entry, type Place, type Row, type Utterance } from './utterance.ts';

export const idFields = ['id', 'utt_id', 'utterance_id', 'ID', 'key'];

/** Which fields of a record hold what, and how its path becomes absolute. */
export interface FieldNames {
  readonly audioField: string;
  readonly textField: string;
  readonly resolvePath: (path: string) => string;
}

/** @throws ManifestError if a field is missing, or holds what it cannot mean. */
export function toEntry(
  file: string,
  { place, fields }: Row,
  { audioField, textField, resolvePath }: FieldNames,
): Entry {
  const audio = audioPath(fields.get(audioField));
  if (audio === undefined) {
    throw new ManifestError(file, place, `"${audioField}" must be the path of an audio file`);
  }
  const text = fields.get(textField);
  if (typeof text !== 'string') throw new ManifestError(file, place, `"${textField}" must be text`);
  const part = partOf(file, { place, fields });
  const idField = findField(idFields, fields);
  const id = idField === undefined ? defaultId(audio, part) : String(fields.get(idField));
  return { file, place, utterance: { id, audio: resolvePath(audio), text, ...part } };
}

/** The first of these names that a record has. */
export function findField(names: readonly string[], fields: ReadonlyMap<string, unknown>): string | undefined {
  return names.find((name) => fields.has(name));
}

/** @throws ManifestError if the record has no field of this kind. */
export function needField(file: string, { place, fields }: Row, kind: 'audio' | 'text'): string {
  const names = kind === 'audio' ? audioFields : textFields;
  const found = findField(names, fields);
  if (found !== undefined) return found;
  const what = kind === 'audio' ? 'no audio file' : 'no text';
  throw new ManifestError(file, place, `${what}: expected one of ${names.map((name) => `"${name}"`).join(', ')}`);
}

/** A number of seconds that is not negative; undefined if there is none. @throws ManifestError if it is anything else. */
export function seconds(file: string, place: Place, name: string, value: unknown): number | undefined {
  return amount(file, place, { name, value, what: 'a number of seconds' });
}

/** The path, of a string or of `{"path": …}`; SpeechBrain calls it `file`. */
function audioPath(value: unknown): string | undefined {
  const path = isObject(value) ? (value['path'] ?? value['file']) : value;
  return typeof path === 'string' && path !== '' && !path.includes('\0') ? path : undefined;
}

type Part = Pick<Utterance, 'offset' | 'duration' | 'channel'>;

function partOf(file: string, { place, fields }: Row): Part {
  const duration = seconds(file, place, 'duration', fields.get('duration'));
  const offset = seconds(file, place, 'offset', fields.get('offset'));
  const channel = channelOf(fields.get('channel'));
  const span = offset === undefined ? spanOf(file, { place, fields }, duration) : { offset, duration };
  return {
    ...(span.offset === undefined ? {} : { offset: span.offset }),
    ...(span.duration === undefined ? {} : { duration: span.duration }),
    ...(channel === undefined ? {} : { channel }),
  };
}

/**
 * WeNet writes `start` and `end` in seconds, SpeechBrain `start` and `stop` in samples of the file, whose rate follows from the duration
 * beside them.
 */
function spanOf(
  file: string,
  { place, fields }: Row,
  duration: number | undefined,
): { readonly offset?: number | undefined; readonly duration?: number | undefined } {
  const whole = { duration };
  const nested = ['wav', 'audio'].map((name) => fields.get(name)).find(isObject);
  const get = (name: string): unknown => fields.get(name) ?? nested?.[name];
  if (get('stop') !== undefined && get('start') !== undefined) {
    const start = amount(file, place, { name: 'start', value: get('start'), what: 'a number of samples' });
    const stop = amount(file, place, { name: 'stop', value: get('stop'), what: 'a number of samples' });
    if (start === undefined || stop === undefined) return whole;
    if (duration === undefined || !(duration > 0) || !(stop > start)) {
      const problem = '"start" and "stop" count samples, and their rate is only known with the "duration" in seconds';
      throw new ManifestError(file, place, `${problem}; write "offset" and "duration" in seconds instead`);
    }
    return { offset: round((start * duration) / (stop - start)), duration };
  }
  if (get('end') !== undefined && get('start') !== undefined && fields.has('key')) {
    const start = seconds(file, place, 'start', get('start')) ?? 0;
    const end = seconds(file, place, 'end', get('end')) ?? 0;
    if (!(end > start)) throw new ManifestError(file, place, '"end" must be behind "start"');
    return { offset: start, duration: round(end - start) };
  }
  return whole;
}

/** Other columns may be called `channel`, too; those that hold no index say nothing about the file. */
function channelOf(value: unknown): number | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const letter = ['A', 'B'].indexOf(text);
  if (letter >= 0) return letter;
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

function defaultId(audio: string, { offset, channel }: Part): string {
  return `${audio}${offset === undefined ? '' : `@${offset}`}${channel === undefined ? '' : `#${channel}`}`;
}

function amount(
  file: string,
  place: Place,
  { name, value, what }: { readonly name: string; readonly value: unknown; readonly what: string },
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) {
    throw new ManifestError(file, place, `"${name}" must be ${what}`);
  }
  return number;
}

/** Differences of decimal numbers leave dust behind the microseconds. */
export function round(value: number): number {
  return Number(value.toFixed(6));
}
