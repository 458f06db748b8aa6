/** Sorts out before training which utterances can be used, and says of every other one why not. */

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
  /** How long a file is that the manifest does not say it of. */
  readonly seconds: (path: string) => Promise<number>;
}

/** Files looked at at once. */
const concurrency = 8;

/**
 * The utterances that can be trained on, in the manifest's order, and the others. CTC needs a frame for each label and one more between
 * equal neighbours.
 */
export async function prepareUtterances(
  utterances: readonly Utterance[],
  settings: PrepareSettings,
): Promise<{ ready: PreparedUtterance[]; dropped: Dropped[] }> {
  const results = new Array<PreparedUtterance | Dropped>(utterances.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < utterances.length; i = next++) {
      const utterance = utterances[i];
      if (utterance) results[i] = await prepare(utterance, settings);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return {
    ready: results.filter((result) => 'labels' in result),
    dropped: results.filter((result) => 'reason' in result),
  };
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

async function prepare(utterance: Utterance, settings: PrepareSettings): Promise<PreparedUtterance | Dropped> {
  const drop = (reason: DropReason, detail: string): Dropped => ({ utterance, reason, detail });
  const { labels, missing } = settings.vocabulary.spell(utterance.text);
  if (missing.length > 0) return { ...drop('unspellable', missing.map(showCharacters).join(', ')), missing };
  if (labels.length === 0) return drop('noText', 'its text is empty');
  let seconds: number;
  try {
    seconds = utterance.duration ?? (await settings.seconds(utterance.audio)) - (utterance.offset ?? 0);
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
