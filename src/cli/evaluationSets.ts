/** The speech that `pinch evaluate` is given: `--data MANIFEST` or `--data NAME=MANIFEST`, several times. */

import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { UsageError } from './output.ts';

export interface NamedSet {
  readonly name: string;
  readonly manifest: string;
}

/**
 * A set without a name is called as its file. A file that exists is meant before a name is.
 * @throws UsageError if two are called the same.
 */
export function evaluationSets(given: readonly string[]): NamedSet[] {
  const sets = given.map((text) => {
    const [, name, manifest] = /^([A-Za-z0-9][\w.-]*)=(.+)$/su.exec(text) ?? [];
    if (name !== undefined && manifest !== undefined && !existsSync(text)) return { name, manifest };
    const whole = resolve(text);
    return { name: basename(whole, extname(whole)), manifest: text };
  });
  // Some file systems make no difference between capitals and small letters.
  const names = sets.map(({ name }) => name.toLowerCase());
  const twice = sets.find((_, at) => names.indexOf(names[at] ?? '') < at);
  if (twice === undefined) return sets;
  throw new UsageError(`--data: two sets are called "${twice.name}"; name them, as in --data first=${twice.manifest}.`);
}
