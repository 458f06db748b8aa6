/** Compares two models on speech: word error rates, the significance of their difference, and the utterances that changed. */

import { resolve } from 'node:path';
import { compareSystems } from '../../metrics/compare.ts';
import type { ChangedUtterance, SpeechDiff } from '../../protocol/results/diff.ts';
import type { Measured } from '../evaluate/keptEvaluation.ts';

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
    ...compareSystems(b.hypotheses, a.hypotheses, b.unit),
    fewer: changed.filter((utterance) => change(utterance) < 0).length,
    more: changed.filter((utterance) => change(utterance) > 0).length,
    changed,
  };
}

function heard({ hypothesis, errors }: Measured['hypotheses'][number]): ChangedUtterance['a'] {
  return { text: hypothesis, errors };
}

function totals({ unit, wer, cer, errors, words }: Measured): SpeechDiff['a'] {
  return { unit, wer, cer, errors, words };
}
