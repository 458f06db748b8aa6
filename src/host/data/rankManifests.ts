/** Which of the manifests found is most likely the training, development or test data. */

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

/** What is offered first for a role, then second and so on; undefined stands for data whose name says nothing. */
const preferred: Readonly<Record<Role, readonly (Role | undefined)[]>> = {
  train: ['train', undefined, 'dev', 'test'],
  dev: ['dev', undefined, 'test', 'train'],
  test: ['test', 'dev', undefined, 'train'],
};

/** What a manifest's name says of it, or if it says nothing, its folder's name. */
export function roleOf(path: string): Role | undefined {
  const own = basename(path, extname(path));
  return roleOfName(own) ?? roleOfName(basename(dirname(path)));
}

/**
 * The paths with the likeliest for a role first: by name, then by how many folders they share with one of `near`, in turn, then by alphabet.
 * @param near paths of what was chosen so far: the model, the training data.
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
