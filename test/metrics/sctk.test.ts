/** Holds alignments and the significance test against NIST's own tools, on random sentences full of ties. Needs Debian's `sctk`. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { align, type Edit } from '../../src/metrics/alignment.ts';
import { mapsswe } from '../../src/metrics/mapsswe.ts';
import { scoreCorpus, scoreUtterance } from '../../src/metrics/score.ts';
import { formatTrn } from '../../src/metrics/trn.ts';
import { distort, seeded, sentence } from './random.ts';
import { decimals, sclite, scStats, sctkInstalled, type Scored } from './sctk.ts';

describe.skipIf(!sctkInstalled)('against sctk', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-sctk-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface Utterance {
    readonly id: string;
    readonly reference: readonly string[];
    readonly hypothesis: readonly string[];
  }

  const score = (system: string, utterances: readonly Utterance[]): Scored => {
    const write = (name: string, side: 'reference' | 'hypothesis') =>
      writeFileSync(join(folder, name), formatTrn(utterances.map((u) => ({ id: u.id, text: u[side].join(' ') }))));
    write('ref.trn', 'reference');
    write(`${system}.trn`, 'hypothesis');
    return sclite(folder, system);
  };

  /** Our edits in sclite's notation. */
  const notation = (edits: readonly Edit[]): string =>
    edits
      .map((edit) => {
        const reference = edit.kind === 'insertion' ? '' : `"${edit.reference}"`;
        const hypothesis = edit.kind === 'deletion' ? '' : `"${edit.hypothesis}"`;
        return `${edit.kind[0]!.toUpperCase()},${reference},${hypothesis}`;
      })
      .join(':');

  test('1,500 random pairs are aligned as sclite aligns them, ties and all', () => {
    const random = seeded(11);
    const utterances = Array.from({ length: 1500 }, (_, index) => {
      const vocabulary = 2 + (index % 5);
      const reference = sentence(random, 1 + Math.floor(random() * 12), vocabulary);
      // A third are unrelated sentences: there, equally cheap alignments abound.
      const unrelated = index % 3 === 0;
      const hypothesis = unrelated
        ? sentence(random, Math.floor(random() * 14), vocabulary)
        : distort(random, reference, 0.3, vocabulary);
      return { id: `s-${index}`, reference, hypothesis };
    });
    const theirs = score('random', utterances).alignments;
    const differing = utterances.filter(
      ({ id, reference, hypothesis }) => notation(align(reference, hypothesis)) !== theirs.get(id),
    );
    expect(theirs.size).toBe(utterances.length);
    expect(differing).toEqual([]);
  });

  test('words that look like markup are read as words', () => {
    const words = [
      '{',
      'a/b',
      '}',
      '(c)',
      '@',
      'd*',
      ';;',
      'e:f',
      '50%',
      '<g>',
      '"h"',
      '\\\\',
      '-i',
      'j-',
      "it's",
      'größe',
      '東京',
    ];
    const pairs = words.map((word, index) => ({ id: `s-${index}`, reference: [word, 'x'], hypothesis: [word, 'y'] }));
    const theirs = score('markup', pairs).alignments;
    expect(pairs.filter(({ id }) => !/^C,[^:]*:S,"x","y"$/u.test(theirs.get(id) ?? ''))).toEqual([]);
  });

  test('66 random systems have the errors that sclite counts, and 1,056 pairs of them the Z of sc_stats', () => {
    const random = seeded(12);
    let pairs = 0;
    for (const names of [0, 1].map((half) => Array.from({ length: 33 }, (_, i) => `system-${half}-${i}`))) {
      const references = Array.from({ length: 40 }, () => sentence(random, 1 + Math.floor(random() * 15), 6));
      const systems = new Map(
        names.map((name) => {
          const rate = 0.03 + 0.35 * random();
          const utterances = references.map((reference, index) => ({
            ...{ id: `s-${index}`, reference, hypothesis: distort(random, reference, rate, 6) },
          }));
          const scores = utterances.map((u) => scoreUtterance(u.reference.join(' '), u.hypothesis.join(' ')));
          expect(scoreCorpus(scores)).toMatchObject(score(name, utterances).counts);
          return [name, scores.map(({ edits }) => edits)];
        }),
      );
      for (const { first, second, segments, z } of scStats(folder, names)) {
        const others = systems.get(second)!;
        const ours = mapsswe(systems.get(first)!.map((edits, index) => ({ first: edits, second: others[index]! })));
        expect(ours.segments).toBe(segments);
        expect(Math.abs(ours.z - z), `${first} and ${second}`).toBeLessThanOrEqual(decimals);
        pairs++;
      }
    }
    expect(pairs).toBe(1056);
  }, 300_000);
});
