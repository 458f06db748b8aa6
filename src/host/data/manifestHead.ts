/** Recognises a manifest by its first kilobytes, with the engine's rules. */

import { isAudioName } from '../../protocol/manifests/audioNames.ts';
import { audioFields, textFields } from '../../protocol/manifests/fields.ts';
import { fileKind, type FileKind } from '../../protocol/manifests/fileKinds.ts';
import { firstRecord, isObject, type JsonObject } from '../../protocol/manifests/json.ts';
import { linesOf } from '../../protocol/manifests/lines.ts';
import { cellsOf, headerDelimiter, headerlessDelimiter } from '../../protocol/manifests/tables.ts';

/** Enough bytes to recognise a file. */
export const headBytes = 16_384;

export interface Recognised {
  readonly kind: FileKind;
  /** As lists of manifests call it. */
  readonly label: string;
  /** Lines before the utterances, of which each has a line of its own; undefined if they have none. */
  readonly linesBefore: number | undefined;
  /** What names the first utterance's recording. */
  readonly first: string;
}

/**
 * The kind of a manifest; undefined for any other file. What must lie beside it is not looked for.
 * @param head the first `headBytes` of the file, or all of a shorter one.
 */
export function recogniseManifest(head: string): Recognised | undefined {
  const text = head.replace(/^\uFEFF/u, '');
  const [first = '', second = ''] = linesOf(text).map((line) => line.text);
  if (!/^\s*[[{]/u.test(text)) return recogniseTable(first, second);
  const found = firstRecord(text);
  return found && recogniseRecord(found.record, found.onLines);
}

function recogniseTable(first: string, second: string): Recognised | undefined {
  const kind = fileKind({ head: [first, second] });
  if (kind === 'fairseq') return { kind, label: 'fairseq', linesBefore: 1, first: '' };
  if (kind === 'LJSpeech') return { kind, label: 'LJSpeech', linesBefore: 0, first: cellsOf(first, '|')[0] ?? '' };
  if (kind === 'table with a header') {
    const delimiter = headerDelimiter(first) ?? ',';
    const names = cellsOf(first, delimiter);
    const audio = audioFields.find((name) => names.includes(name)) ?? '';
    const cell = cellsOf(second, delimiter)[names.indexOf(audio)] ?? '';
    return mayBeAudio(cell) ? { kind, label: tableLabel(delimiter), linesBefore: 1, first: cell } : undefined;
  }
  if (kind !== 'table without a header') return undefined;
  return { kind, label: tableLabel(headerlessDelimiter(first) ?? ' '), linesBefore: 0, first };
}

function tableLabel(delimiter: string): string {
  if (delimiter === '\t') return 'TSV';
  return delimiter === ',' || delimiter === ';' ? 'CSV' : 'list';
}

function recogniseRecord(record: JsonObject, onLines: boolean): Recognised | undefined {
  const kind = fileKind({ head: ['', ''], record });
  const found = { kind, linesBefore: onLines ? 0 : undefined, first: '' };
  if (kind === 'Lhotse cuts') return { ...found, label: 'Lhotse cuts' };
  if (kind === 'Lhotse supervisions') return { ...found, label: 'Lhotse supervisions' };
  if (kind !== 'JSON of NeMo, WeNet, SpeechBrain or Hugging Face') return undefined;
  const [audio, text] = [audioFields, textFields].map((names) => record[names.find((name) => name in record) ?? '']);
  const path = isObject(audio) ? (audio['path'] ?? audio['file']) : audio;
  if (typeof path !== 'string' || typeof text !== 'string' || !mayBeAudio(path)) return undefined;
  return { ...found, label: onLines ? 'JSON lines' : 'JSON', first: path };
}

/** Some lists leave the ending out. One that no audio file has says that the list is of other things. */
function mayBeAudio(name: string): boolean {
  return isAudioName(name) || !/\.[a-z]\w{0,4}$/iu.test(name);
}
