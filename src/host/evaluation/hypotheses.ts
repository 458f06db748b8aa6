/** Reads the transcripts of an evaluation and aligns each with its reference. */

import { extname, isAbsolute } from 'node:path';
import * as v from 'valibot';
import { align } from '../../metrics/alignment.ts';
import type { Recognized } from '../../metrics/compare.ts';
import { splitUnits } from '../../metrics/score.ts';
import type { ScoringUnit } from '../../protocol/errorRate.ts';
import { hypothesisLine, type HypothesisLine } from '../../protocol/results/evaluation.ts';
import type { AlignedText } from '../../protocol/views/alignedText.ts';
import type { UtteranceRow } from '../../protocol/views/evaluation.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import { soundTypes } from './soundFile.ts';
import { mapInSlices } from './inSlices.ts';

/** An utterance's row, and the place of its audio. */
export interface RecognizedUtterance {
  readonly row: UtteranceRow;
  readonly audio: string;
  /** Seconds into the file. */
  readonly offset: number;
  /** Index of the only channel to play; undefined for all. */
  readonly channel?: number | undefined;
}

/** Bytes of a hundred thousand utterances. Reading more at once would block the editor. */
const largestFile = 32 << 20;
/** Largest table of one alignment, in steps. It takes a few milliseconds. A minute of speech has 200 words. */
const largestTable = 500 * 500;

/**
 * The utterances of a hypotheses.jsonl, the most errors first, then the highest error rate.
 * @param unit what an error is counted in, as evaluation.json beside it says.
 * @throws Error with one sentence if the file cannot be read, or a line was not written by Pinch.
 */
export async function readHypotheses(path: string, unit?: ScoringUnit): Promise<RecognizedUtterance[]> {
  const utterances = await mapLines(path, (line) => utteranceOf(line, unit));
  const rate = ({ row }: RecognizedUtterance): number => row.errors / Math.max(1, row.words);
  return utterances.sort((a, b) => b.row.errors - a.row.errors || rate(b) - rate(a));
}

/** The texts of a hypotheses.jsonl, in its order. @throws Error as `readHypotheses` does. */
export function readTexts(path: string): Promise<Recognized[]> {
  return mapLines(path, ({ id, text, pred_text: hypothesis }) => ({ id, reference: text, hypothesis }));
}

async function mapLines<R>(path: string, apply: (line: HypothesisLine) => R): Promise<R[]> {
  let content: string;
  try {
    content = await readSmallFile(path, largestFile);
  } catch (error) {
    throw new Error(`${path}: the utterances cannot be read: ${(error as Error).message}.`);
  }
  return mapInSlices(linesOf(content), (json, index) => {
    try {
      return apply(v.parse(hypothesisLine, JSON.parse(json)));
    } catch {
      throw new Error(`${path}:${index + 1}: this line was not written by Pinch; evaluate again.`);
    }
  });
}

function utteranceOf(entry: HypothesisLine, unit?: ScoringUnit): RecognizedUtterance {
  const aligned = alignTexts(entry.text, entry.pred_text, unit);
  const { audio_filepath: audio, id } = entry;
  const row = {
    id,
    ...aligned,
    words: splitUnits(entry.text, unit).length,
    errors: aligned.edits === null ? entry.errors : countErrors(aligned.edits),
    seconds: entry.duration ?? null,
    audible: isAbsolute(audio) && soundTypes.has(extname(audio).toLowerCase()),
  };
  return { row, audio, offset: entry.offset ?? 0, ...(entry.channel === undefined ? {} : { channel: entry.channel }) };
}

/** The alignment of two texts as letters; null if it would take too long. Characters, where these are counted, are shown apart as words are. */
export function alignTexts(reference: string, hypothesis: string, unit?: ScoringUnit): AlignedText {
  const [spoken, heard] = [splitUnits(reference, unit), splitUnits(hypothesis, unit)];
  const texts =
    unit === 'character' ? { reference: spoken.join(' '), hypothesis: heard.join(' ') } : { reference, hypothesis };
  const steps = (spoken.length + 1) * (heard.length + 1);
  if (steps > largestTable) return { ...texts, edits: null };
  const edits = align(spoken, heard)
    .map(({ kind }) => kind.charAt(0).toUpperCase())
    .join('');
  return { ...texts, edits };
}

function countErrors(edits: string): number {
  return edits.length - edits.replaceAll(/[^C]/gu, '').length;
}

function* linesOf(content: string): Generator<string> {
  for (let start = 0; start < content.length;) {
    const end = content.indexOf('\n', start);
    const stop = end < 0 ? content.length : end;
    if (stop > start) yield content.slice(start, stop);
    start = stop + 1;
  }
}
