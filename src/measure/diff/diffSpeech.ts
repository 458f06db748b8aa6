/** What two models make of the same speech: their word error rates, whether they really differ, and on which utterances. */

import { resolve } from 'node:path';
import { compareSystems, type Comparison } from '../../metrics/compare.ts';
import type { Measured } from '../evaluate/keptEvaluation.ts';

/** The comparison is that of B with A: `worse` says that B is, and a positive Z or difference that B makes more errors. */
export type SpeechDiff = Comparison & {
  /** Absolute path of the manifest. */
  readonly data: string;
  readonly utterances: number;
  readonly a: SpeechTotals;
  readonly b: SpeechTotals;
  /** Utterances with fewer errors in B, and with more. */
  readonly fewer: number;
  readonly more: number;
  /** Those utterances, the largest change first, what got worse before what got better. */
  readonly changed: readonly ChangedUtterance[];
};

export type SpeechTotals = Pick<Measured, 'wer' | 'cer' | 'errors' | 'words'>;

export interface ChangedUtterance {
  readonly id: string;
  /** Absolute path of the audio file. */
  readonly audio: string;
  readonly reference: string;
  readonly a: Heard;
  readonly b: Heard;
}

export interface Heard {
  readonly text: string;
  /** Word errors. */
  readonly errors: number;
}

export function diffSpeech(manifest: string, a: Measured, b: Measured): SpeechDiff {
  const before = new Map(a.hypotheses.map((utterance) => [utterance.id, utterance]));
  const changed = b.hypotheses.flatMap((after): ChangedUtterance[] => {
    const first = before.get(after.id);
    if (!first || first.errors === after.errors) return [];
    const { id, audio, reference } = after;
    return [{ id, audio, reference, a: heard(first), b: heard(after) }];
  });
  const change = (utterance: ChangedUtterance): number => utterance.b.errors - utterance.a.errors;
  changed.sort((x, y) => Math.abs(change(y)) - Math.abs(change(x)) || change(y) - change(x));
  return {
    data: resolve(manifest),
    utterances: b.utterances,
    a: totals(a),
    b: totals(b),
    ...compareSystems(b.hypotheses, a.hypotheses),
    fewer: changed.filter((utterance) => change(utterance) < 0).length,
    more: changed.filter((utterance) => change(utterance) > 0).length,
    changed,
  };
}

function heard({ hypothesis, errors }: Measured['hypotheses'][number]): Heard {
  return { text: hypothesis, errors };
}

function totals({ wer, cer, errors, words }: Measured): SpeechTotals {
  return { wer, cer, errors, words };
}
