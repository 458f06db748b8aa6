/** Sorts out before training which utterances can be used, and says of every other one why not. */

import { setImmediate } from 'node:timers/promises';
import { AudioError } from '../audio/error.ts';
import type { Utterance } from '../manifest/utterance.ts';
import { counted } from '../../base/format.ts';
import { showCharacters } from '../text/codePoints.ts';
import type { Vocabulary } from '../text/vocabulary.ts';

/** An utterance ready for batches. */
export interface PreparedUtterance {
  readonly utterance: Utterance;
  /** Samples at the model's rate, as the manifest or the file's header has it. */
  readonly samples: number;
  readonly labels: Int32Array;
}

export type DropReason = 'tooShort' | 'tooLong' | 'noText' | 'unspellable' | 'tooFewFrames' | 'unreadable';

export interface Dropped {
  readonly utterance: Utterance;
  readonly reason: DropReason;
  /** For people: what exactly is wrong with this one. */
  readonly detail: string;
  /** The characters (or phones) that the vocabulary lacks. */
  readonly missing?: readonly string[];
}

export interface PrepareSettings {
  readonly sampleRate: number;
  /** Of texts that went through their steps. */
  readonly vocabulary: Vocabulary;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** Frames the model makes of so many samples. */
  readonly frames: (samples: number) => number;
  /** How long an utterance is. @throws AudioError if its recording cannot be read. */
  readonly seconds: (utterance: Utterance) => number;
}

/** Utterances after which signals and messages have their turn. */
const together = 500;

/**
 * The utterances that can be trained on, in the manifest's order, and the others. CTC needs a frame for each label and one more between
 * equal neighbours.
 */
export async function prepareUtterances(
  utterances: readonly Utterance[],
  settings: PrepareSettings,
): Promise<{ ready: PreparedUtterance[]; dropped: Dropped[] }> {
  const ready: PreparedUtterance[] = [];
  const dropped: Dropped[] = [];
  for (const [i, utterance] of utterances.entries()) {
    const result = prepare(utterance, settings);
    if ('labels' in result) ready.push(result);
    else dropped.push(result);
    if (i % together === together - 1) await setImmediate();
  }
  return { ready, dropped };
}

/** Frames that CTC needs for these labels at least. */
export function framesNeeded(labels: Int32Array): number {
  return labels.reduce((frames, label, i) => frames + (i > 0 && labels[i - 1] === label ? 2 : 1), 0);
}

/** One sentence for each reason, with the number of utterances and the first of them. */
export function describeDropped(dropped: readonly Dropped[]): string[] {
  const byReason = new Map<DropReason, { readonly first: Dropped; count: number }>();
  for (const drop of dropped) {
    const group = byReason.get(drop.reason);
    if (group) group.count++;
    else byReason.set(drop.reason, { first: drop, count: 1 });
  }
  return [...byReason].map(([reason, { first, count }]) => {
    const what = `${counted(count, 'utterance')} left out: ${reasons[reason]}`;
    const lacking = count > 1 && reason === 'unspellable' ? `, ${describeMissing(dropped)}` : '';
    return `${what}${lacking} (${count === 1 ? '' : 'first: '}${first.utterance.id}: ${first.detail})`;
  });
}

const mostShown = 20;

/** In how many utterances each character is that the vocabulary lacks, the most frequent first. */
function describeMissing(dropped: readonly Dropped[]): string {
  const counts = new Map<string, number>();
  for (const character of dropped.flatMap(({ missing = [] }) => missing))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, mostShown).map(([character, count]) => `${showCharacters(character)} in ${count}`);
  return `${shown.join(', ')}${sorted.length > mostShown ? ` and ${sorted.length - mostShown} more` : ''}`;
}

const reasons: Readonly<Record<DropReason, string>> = {
  tooShort: 'shorter than batch.minSeconds',
  tooLong: 'longer than batch.maxSeconds or batch.seconds',
  noText: 'no text',
  unspellable: 'the vocabulary lacks characters of the text',
  tooFewFrames: 'too short for the text',
  unreadable: 'the audio cannot be read',
};

function prepare(utterance: Utterance, settings: PrepareSettings): PreparedUtterance | Dropped {
  const drop = (reason: DropReason, detail: string): Dropped => ({ utterance, reason, detail });
  const { labels, missing } = settings.vocabulary.spell(utterance.text);
  if (missing.length > 0) return { ...drop('unspellable', missing.map(showCharacters).join(', ')), missing };
  if (labels.length === 0) return drop('noText', 'its text is empty');
  let seconds: number;
  try {
    seconds = settings.seconds(utterance);
  } catch (error) {
    if (error instanceof AudioError) return drop('unreadable', error.message);
    throw error;
  }
  const length = `it has ${Number(seconds.toFixed(3))} s`;
  if (seconds < settings.minSeconds) return drop('tooShort', length);
  if (seconds > settings.maxSeconds) return drop('tooLong', length);
  const samples = Math.round(seconds * settings.sampleRate);
  const frames = settings.frames(samples);
  const needed = framesNeeded(labels);
  if (frames < needed) return drop('tooFewFrames', `${frames} frames for a text that needs ${needed}`);
  return { utterance, samples, labels };
}
