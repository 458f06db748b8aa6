/** Holds alignments and the significance test against NIST's own tools, on random sentences full of ties. Needs Debian's `sctk`. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { align, type Edit } from '../../src/metrics/alignment.ts';
import { mapsswe } from '../../src/metrics/mapsswe.ts';
import { formatTrn } from '../../src/metrics/trn.ts';
import { distort, seeded, sentence } from './random.ts';

const installed = spawnSync('sctk', ['help']).status === 0;
if (!installed) console.warn('LEFT OUT: comparison with NIST sctk (apt-get install sctk).');

describe.skipIf(!installed)('against sctk', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-sctk-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const sctk = (...args: string[]): string =>
    execFileSync('sctk', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  /** sclite's alignment of every utterance, by id, in the letters of its own file: C, S, D or I and the two words. */
  const sclite = (system: string, utterances: readonly { id: string; reference: string[]; hypothesis: string[] }[]) => {
    const write = (name: string, side: 'reference' | 'hypothesis') =>
      writeFileSync(join(folder, name), formatTrn(utterances.map((u) => ({ id: u.id, text: u[side].join(' ') }))));
    write('ref.trn', 'reference');
    write(`${system}.trn`, 'hypothesis');
    const files = ['-r', 'ref.trn', 'trn', '-h', `${system}.trn`, 'trn', system];
    sctk('sclite', '-s', '-e', 'utf-8', '-i', 'spu_id', ...files, '-o', 'sgml', '-O', '.', '-n', system);
    const text = readFileSync(join(folder, `${system}.sgml`), 'utf8');
    return new Map(Array.from(text.matchAll(/<PATH id="\(([^)]*)\)"[^>]*>\n(.*)\n/gu), (m) => [m[1]!, m[2]!]));
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
    const theirs = sclite('random', utterances);
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
    const theirs = sclite('markup', pairs);
    expect(pairs.filter(({ id }) => !/^C,[^:]*:S,"x","y"$/u.test(theirs.get(id) ?? ''))).toEqual([]);
  });

  test('Z of 40 pairs of random systems equals that of sc_stats', () => {
    const random = seeded(12);
    for (let experiment = 0; experiment < 40; experiment++) {
      const references = Array.from({ length: 40 }, () => sentence(random, 1 + Math.floor(random() * 15), 6));
      const system = (name: string, rate: number) => {
        const utterances = references.map((reference, index) => ({
          id: `s-${index}`,
          reference,
          hypothesis: distort(random, reference, rate, 6),
        }));
        sclite(name, utterances);
        return utterances.map(({ reference, hypothesis }) => align(reference, hypothesis));
      };
      const rate = 0.05 + 0.3 * random();
      const [first, second] = [system('first', rate), system('second', rate * (0.6 + 0.6 * random()))];
      const sgml = ['first', 'second'].map((name) => readFileSync(join(folder, `${name}.sgml`), 'utf8')).join('');
      execFileSync('sctk', ['sc_stats', '-p', '-t', 'mapsswe', '-v', '-n', 'both', '-O', '.'], {
        cwd: folder,
        input: sgml,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      const report = readFileSync(join(folder, 'both.stats.mapsswe'), 'utf8');
      const [, segments, z] = /\(# segs: (\d+)\).*\(Z Stat: *(\S+)\)/u.exec(report) ?? [];
      const ours = mapsswe(first.map((edits, index) => ({ first: edits, second: second[index]! })));
      expect(ours.segments).toBe(Number(segments));
      // The report has three decimals.
      expect(Math.abs(ours.z - Number(z))).toBeLessThanOrEqual(0.0005 + 1e-9);
    }
  });
});
