/** Ranks manifests as training, development or test data. */

import { basename, dirname, extname, sep } from 'node:path';

export type Role = 'train' | 'dev' | 'test';

const words: Readonly<Record<string, Role>> = {
  train: 'train',
  training: 'train',
  dev: 'dev',
  devel: 'dev',
  development: 'dev',
  valid: 'dev',
  validation: 'dev',
  val: 'dev',
  test: 'test',
  testing: 'test',
  eval: 'test',
};

/** For each role, the order in which roles are offered; undefined stands for a manifest whose name says nothing. */
const preferred: Readonly<Record<Role, readonly (Role | undefined)[]>> = {
  train: ['train', undefined, 'dev', 'test'],
  dev: ['dev', undefined, 'test', 'train'],
  test: ['test', 'dev', undefined, 'train'],
};

/** The role in a manifest's name or, without one, in its folder's name. */
export function roleOf(path: string): Role | undefined {
  const own = basename(path, extname(path));
  return roleOfName(own) ?? roleOfName(basename(dirname(path)));
}

/**
 * The paths, the most likely for a role first: by name, then by the number of folders shared with one of `near`, in turn, then by alphabet.
 * @param near paths chosen before: the model, the training data.
 */
export function rankManifests(role: Role, paths: readonly string[], near: readonly string[] = []): string[] {
  const rank = (path: string): number[] => [
    preferred[role].indexOf(roleOf(path)),
    ...near.map((other) => -sharedFolders(path, other)),
    path.split(sep).length,
  ];
  const ranked = paths.map((path) => ({ path, rank: rank(path) }));
  ranked.sort((a, b) => {
    const difference = a.rank.map((value, i) => value - (b.rank[i] ?? 0)).find((value) => value !== 0);
    return difference ?? a.path.localeCompare(b.path, 'en', { numeric: true });
  });
  return ranked.map(({ path }) => path);
}

function roleOfName(name: string): Role | undefined {
  const found = name
    .toLowerCase()
    .split(/[^a-z]+/u)
    .find((word) => Object.hasOwn(words, word));
  return found === undefined ? undefined : words[found];
}

function sharedFolders(a: string, b: string): number {
  const [left, right] = [a.split(sep), b.split(sep)];
  const end = left.findIndex((name, i) => name !== right[i]);
  return end < 0 ? left.length : end;
}
