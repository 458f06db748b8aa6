/** Batch plans: lengths, every utterance once an epoch, budgets, determinism, the yardstick's order; and what is left out. */

import { describe, expect, test } from 'vitest';
import { AudioError } from '../../../src/speech/audio/error.ts';
import { planBatches, type PlannedBatch } from '../../../src/speech/batches/batches.ts';
import { chooseBuckets } from '../../../src/speech/batches/lengths.ts';
import {
  describeDropped,
  framesNeeded,
  prepareUtterances,
  type PreparedUtterance,
} from '../../../src/speech/batches/prepare.ts';
import { Random } from '../../../src/base/random.ts';
import { Vocabulary } from '../../../src/speech/text/vocabulary.ts';

const rate = 16_000;

/** Utterances of speech-like lengths: many of a few seconds, some long. */
function utterances(count: number, seed = 1): PreparedUtterance[] {
  const random = Random.seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const seconds = 1 + 12 * random.uniform() ** 2;
    return ready(`u${i}`, seconds, 1 + random.below(40));
  });
}

function ready(id: string, seconds: number, labels = 3): PreparedUtterance {
  return {
    utterance: { id, audio: `/${id}.wav`, text: 'a' },
    samples: Math.round(seconds * rate),
    labels: new Int32Array(labels).fill(1),
  };
}

const members = (batches: readonly PlannedBatch[]): number[] => batches.flatMap((batch) => [...batch.members]);
const counted = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe('batches by seconds of audio', () => {
  const all = utterances(500);
  const plan = planBatches(all, { seconds: 30, utterances: null, shuffle: true }, 7, rate);
  const epoch = plan.epoch(0);

  test('have at most four shapes, known before', () => {
    expect(plan.shapes.length).toBeLessThanOrEqual(4);
    const known = new Set(plan.shapes.map(({ rows, samples, labels }) => `${rows} ${samples} ${labels}`));
    for (const { rows, samples, labels } of epoch) expect(known).toContain(`${rows} ${samples} ${labels}`);
    const areas = plan.shapes.map(({ rows, samples }) => rows * samples);
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
  });

  test('keep within the budget, hold every utterance once, and every utterance fits', () => {
    expect(epoch).toHaveLength(plan.batchesPerEpoch);
    expect(ascending(members(epoch))).toEqual(counted(500));
    for (const batch of epoch) {
      expect(batch.rows * batch.samples!).toBeLessThanOrEqual(30 * rate);
      expect(batch.members.length).toBeGreaterThan(0);
      expect(batch.members.length).toBeLessThanOrEqual(batch.rows);
      for (const member of batch.members) {
        // Manifests round durations: a hundredth of a second more must fit, too.
        expect(all[member]!.samples + rate / 100).toBeLessThanOrEqual(batch.samples!);
        expect(all[member]!.labels.length).toBeLessThanOrEqual(batch.labels);
      }
    }
  });

  test('waste little on padding and unfilled rows', () => {
    const speech = all.reduce((sum, { samples }) => sum + samples, 0);
    const processed = epoch.reduce((sum, { rows, samples }) => sum + rows * samples!, 0);
    expect(speech / processed).toBeGreaterThan(0.75);
  });

  test('leave rows over evenly', () => {
    for (const { samples, rows } of plan.shapes) {
      const sizes = epoch.filter((batch) => batch.samples === samples).map((batch) => batch.members.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(sizes.length).toBe(Math.ceil(sizes.reduce((a, b) => a + b, 0) / rows));
    }
  });

  test('follow from seed and epoch alone, and differ with either', () => {
    const again = planBatches(all, { seconds: 30, utterances: null, shuffle: true }, 7, rate);
    expect(again.epoch(3)).toEqual(plan.epoch(3));
    expect(plan.epoch(1)).not.toEqual(epoch);
    const other = planBatches(all, { seconds: 30, utterances: null, shuffle: true }, 8, rate);
    expect(other.epoch(0)).not.toEqual(epoch);
  });

  test('mix short and long batches', () => {
    const lengths = epoch.map(({ samples }) => samples!);
    expect(lengths).not.toEqual(ascending(lengths));
    expect(lengths).not.toEqual(ascending(lengths).reverse());
  });

  test('without shuffling keep the order of the manifest within a length', () => {
    const still = planBatches(all, { seconds: 30, utterances: null, shuffle: false }, 7, rate);
    for (const batch of still.epoch(0)) expect([...batch.members]).toEqual(ascending(batch.members));
    expect(still.epoch(5)).toEqual(still.epoch(0));
  });
});

describe('batches by number of utterances', () => {
  test('without shuffling are consecutive and wrap round, padded to their own longest', () => {
    const plan = planBatches(utterances(6), { seconds: 30, utterances: 4, shuffle: false }, 0, rate);
    const batches = [0, 1, 2].flatMap((epoch) => [...plan.epoch(epoch)]);
    expect(batches.map((batch) => batch.members)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 0, 1],
      [2, 3, 4, 5],
      [0, 1, 2, 3],
      [4, 5, 0, 1],
      [2, 3, 4, 5],
    ]);
    expect(batches.every((batch) => batch.samples === undefined && batch.rows === 4)).toBe(true);
  });

  test('more than there are repeat them', () => {
    const plan = planBatches(utterances(2), { seconds: 30, utterances: 5, shuffle: false }, 0, rate);
    expect(plan.epoch(0)[0]?.members).toEqual([0, 1, 0, 1, 0]);
  });

  test('shuffled hold every utterance once an epoch, in few lengths', () => {
    const all = utterances(203);
    const plan = planBatches(all, { seconds: 30, utterances: 8, shuffle: true }, 0, rate);
    const epoch = plan.epoch(2);
    expect(epoch).toHaveLength(26);
    expect(ascending(members(epoch))).toEqual(counted(203));
    expect(new Set(epoch.map(({ samples }) => samples)).size).toBeLessThanOrEqual(4);
    for (const batch of epoch) {
      for (const member of batch.members) expect(all[member]!.samples).toBeLessThanOrEqual(batch.samples!);
    }
    expect(plan.epoch(2)).toEqual(epoch);
    expect(plan.epoch(3)).not.toEqual(epoch);
  });
});

describe('lengths', () => {
  const rows = (samples: number): number => Math.max(1, Math.floor(480 / samples));

  test('are the best there are', () => {
    const random = Random.seeded(5);
    for (let trial = 0; trial < 30; trial++) {
      const lengths = Array.from({ length: 12 }, () => 1 + random.below(100));
      const total = (edges: readonly number[]): number => {
        let [below, sum] = [0, 0];
        for (const edge of edges) {
          const inside = lengths.filter((length) => length > below && length <= edge).length;
          sum += Math.ceil(inside / rows(edge)) * rows(edge) * edge;
          below = edge;
        }
        return sum;
      };
      const distinct = ascending([...new Set(lengths)]);
      const longest = distinct.pop()!;
      let best = Infinity;
      for (const a of distinct) {
        for (const b of distinct) {
          for (const c of distinct) best = Math.min(best, total(ascending([...new Set([a, b, c, longest])])));
        }
      }
      const chosen = chooseBuckets(lengths, 1, rows);
      expect(total(chosen.map(({ samples }) => samples))).toBeLessThanOrEqual(best / 0.97 ** 3);
      expect(ascending(chosen.flatMap((bucket) => bucket.members))).toEqual(counted(12));
    }
  });

  test('one is enough where all are alike', () => {
    expect(chooseBuckets([95, 99, 100, 98], 10, rows)).toEqual([{ samples: 100, rows: 4, members: [0, 1, 2, 3] }]);
  });

  test('two kinds of utterances get two', () => {
    const lengths = [...new Array<number>(40).fill(20), ...new Array<number>(40).fill(100)];
    expect(chooseBuckets(lengths, 10, rows).map((bucket) => [bucket.samples, bucket.rows])).toEqual([
      [20, 24],
      [100, 4],
    ]);
  });

  test('a data set of a hundred thousand utterances is planned at once', () => {
    const plan = planBatches(utterances(150_000), { seconds: 60, utterances: null, shuffle: true }, 0, rate);
    expect(plan.epoch(0)).toHaveLength(plan.batchesPerEpoch);
  });
});

test('no utterances are refused', () => {
  expect(() => planBatches([], { seconds: 30, utterances: null, shuffle: true }, 0, rate)).toThrow(RangeError);
});

describe('what is left out', () => {
  const vocabulary = new Vocabulary({ tokens: ['<pad>', 'a', 'b'], blank: 0, special: new Set(['<pad>']) });
  const prepare = (rows: readonly { id: string; text: string; duration?: number; offset?: number }[]) =>
    prepareUtterances(
      rows.map((row) => ({ ...row, audio: `/${row.id}` })),
      {
        sampleRate: 100,
        vocabulary,
        minSeconds: 0.5,
        maxSeconds: 4,
        frames: (samples) => Math.floor(samples / 25),
        seconds: ({ audio, offset = 0, duration }) => {
          if (audio === '/gone') throw new AudioError('/gone: no such file');
          return duration ?? 3 - offset;
        },
      },
    );

  test('is each utterance that cannot be used, with the reason; the others keep their order', async () => {
    const { ready: kept, dropped } = await prepare([
      { id: 'good', text: 'ab', duration: 1 },
      { id: 'short', text: 'a', duration: 0.4 },
      { id: 'long', text: 'a', duration: 4.5 },
      { id: 'empty', text: ' ', duration: 1 },
      { id: 'strange', text: 'a7ü7', duration: 1 },
      { id: 'dense', text: 'ababab', duration: 1 },
      { id: 'repeats', text: 'aab', duration: 0.9 },
      { id: 'fits', text: 'aab', duration: 1 },
      { id: 'gone', text: 'a' },
      { id: 'measured', text: 'b' },
      { id: 'rest', text: 'b', offset: 1 },
    ]);
    expect(kept.map(({ utterance, samples, labels }) => [utterance.id, samples, [...labels]])).toEqual([
      ['good', 100, [1, 2]],
      ['fits', 100, [1, 1, 2]],
      ['measured', 300, [2]],
      ['rest', 200, [2]],
    ]);
    expect(dropped.map(({ utterance, reason }) => [utterance.id, reason])).toEqual([
      ['short', 'tooShort'],
      ['long', 'tooLong'],
      ['empty', 'noText'],
      ['strange', 'unspellable'],
      ['dense', 'tooFewFrames'],
      ['repeats', 'tooFewFrames'],
      ['gone', 'unreadable'],
    ]);
    expect(describeDropped(dropped)).toEqual([
      '1 utterance left out: shorter than batch.minSeconds (short: it has 0.4 s)',
      '1 utterance left out: longer than batch.maxSeconds or batch.seconds (long: it has 4.5 s)',
      '1 utterance left out: no text (empty: its text is empty)',
      '1 utterance left out: the vocabulary lacks characters of the text (strange: "7" (U+0037), "ü" (U+00FC))',
      '2 utterances left out: too short for the text (first: dense: 4 frames for a text that needs 6)',
      '1 utterance left out: the audio cannot be read (gone: /gone: no such file)',
    ]);
  });

  test('characters that the vocabulary lacks are counted with their code points, the most frequent first', async () => {
    const { dropped } = await prepare(
      ['a7', 'ü7', 'a\u200B'].map((text, id) => ({ id: String(id), text, duration: 1 })),
    );
    expect(describeDropped(dropped)).toEqual([
      '3 utterances left out: the vocabulary lacks characters of the text, "7" (U+0037) in 2, "ü" (U+00FC) in 1, U+200B in 1 (first: 0: "7" (U+0037))',
    ]);
  });

  test('errors other than bad audio are not swallowed', async () => {
    const settings = { sampleRate: 1, vocabulary, minSeconds: 0, maxSeconds: 1, frames: () => 9 };
    const broken = (): number => {
      throw new Error('worker gone');
    };
    await expect(
      prepareUtterances([{ id: 'a', audio: '/a', text: 'a' }], { ...settings, seconds: broken }),
    ).rejects.toThrow('worker gone');
  });

  test('CTC needs one more frame between equal neighbours', () => {
    expect(framesNeeded(Int32Array.of(1, 1, 2, 2, 2, 1))).toBe(9);
    expect(framesNeeded(new Int32Array(0))).toBe(0);
  });
});
