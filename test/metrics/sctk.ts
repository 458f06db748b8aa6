/** NIST's own tools, to hold ours against. Debian's package is `sctk`. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const sctkInstalled = spawnSync('sctk', ['help']).status === 0;
if (!sctkInstalled) console.warn('LEFT OUT: comparison with NIST sctk (apt-get install sctk).');

export interface Scored {
  readonly counts: { words: number; substitutions: number; deletions: number; insertions: number };
  /** The alignment of each utterance by its id, in the letters of sclite's own file: C, S, D or I and the two words. */
  readonly alignments: ReadonlyMap<string, string>;
}

/** Has sclite score `SYSTEM.trn` in the folder against `ref.trn` there. Its file of alignments stays, for `scStats`. */
export function sclite(folder: string, system: string): Scored {
  const files = ['-r', 'ref.trn', 'trn', '-h', `${system}.trn`, 'trn', system];
  const reports = ['-o', 'sgml', 'rsum', '-O', '.', '-n', system];
  sctk(folder, ['sclite', '-s', '-e', 'utf-8', '-i', 'spu_id', ...files, ...reports]);
  const alignments = readFileSync(join(folder, `${system}.sgml`), 'utf8');
  const sums = /^ *\| Sum *\|([^\n]*)/mu.exec(readFileSync(join(folder, `${system}.raw`), 'utf8'))?.[1] ?? '';
  const [, words = NaN, , substitutions = NaN, deletions = NaN, insertions = NaN] = (sums.match(/\d+/gu) ?? []).map(
    Number,
  );
  return {
    counts: { words, substitutions, deletions, insertions },
    alignments: new Map(
      Array.from(alignments.matchAll(/<PATH id="\(([^)]*)\)"[^>]*>\n(.*)\n/gu), (match) => [match[1]!, match[2]!]),
    ),
  };
}

/** The report has three decimals. */
export const decimals = 0.0005 + 1e-9;

/** MAPSSWE of every pair of systems that `sclite` has scored in the folder. sc_stats takes some forty systems at most. */
export function scStats(
  folder: string,
  systems: readonly string[],
): readonly { first: string; second: string; segments: number; z: number }[] {
  const alignments = systems.map((system) => readFileSync(join(folder, `${system}.sgml`), 'utf8')).join('');
  sctk(folder, ['sc_stats', '-p', '-t', 'mapsswe', '-v', '-n', 'all', '-O', '.'], alignments);
  const report = readFileSync(join(folder, 'all.stats.mapsswe'), 'utf8');
  const line = /\(systems: (\S+) (\S+)\) \(# segs: (\d+)\).*\(Z Stat: *(\S+)\)/gu;
  return Array.from(report.matchAll(line), ([, first = '', second = '', segments, z]) => ({
    ...{ first, second, segments: Number(segments), z: Number(z) },
  }));
}

function sctk(folder: string, args: readonly string[], input = ''): void {
  execFileSync('sctk', args, { cwd: folder, input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
}
