/** Reads the records of a JSON file: one object a line, an array of objects, or one object that holds objects by their id. */

import { isObject, jsonRecords, parseJson } from '../../protocol/manifests/json.ts';
import { linesOf } from '../../protocol/manifests/lines.ts';
import { ManifestError, type Place, type Row } from './utterance.ts';

/** @throws ManifestError naming the line or the entry that is not an object, or that is not JSON. */
export function readJsonRecords(file: string, text: string): Row[] {
  const records = jsonRecords(text);
  switch (records?.form) {
    case 'lines':
      return readLines(file, text);
    case 'array':
      return records.values.map((value, i) => toRow(file, `entry ${i + 1}`, value));
    case 'one':
      return [toRow(file, 'entry 1', records.value)];
    case 'dictionary':
      return Object.entries(records.byId).map(([id, value]) => {
        const { place, fields } = toRow(file, `entry ${JSON.stringify(id)}`, value);
        return { place, fields: new Map([['id', id], ...fields]) };
      });
    default:
      if (/^\s*\[/.test(text)) throw new ManifestError(file, undefined, 'this JSON array is broken or cut off');
      throw new ManifestError(file, linesOf(text)[0]?.number ?? 1, 'this line is not JSON');
  }
}

function readLines(file: string, text: string): Row[] {
  return linesOf(text).map((line) => {
    const value = parseJson(line.text);
    if (value === undefined) throw new ManifestError(file, line.number, 'this line is not JSON');
    return toRow(file, line.number, value);
  });
}

function toRow(file: string, place: Place, value: unknown): Row {
  if (!isObject(value)) {
    const what = typeof place === 'number' ? 'this line' : 'it';
    throw new ManifestError(file, place, `${what} is not a JSON object like {"audio_filepath": …, "text": …}`);
  }
  return { place, fields: new Map(Object.entries(value)) };
}
