/** Physical cores from the system's description: two threads of one core count once; what this process may not use does not count. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { physicalCores } from '../../src/runtime/processors.ts';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function machine(siblings: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-test-processors-'));
  folders.push(folder);
  mkdirSync(join(folder, 'cpufreq'));
  siblings.forEach((list, i) => {
    mkdirSync(join(folder, `cpu${i}`, 'topology'), { recursive: true });
    writeFileSync(join(folder, `cpu${i}`, 'topology', 'thread_siblings_list'), `${list}\n`);
  });
  return folder;
}

test('two threads of one core count once', () => {
  expect(physicalCores(machine(['0-1', '0-1']))).toBe(1);
});

test('no more than this process may use', () => {
  const many = Array.from({ length: 4 * availableParallelism() }, (_, i) => String(i));
  expect(physicalCores(machine(many))).toBe(availableParallelism());
});

test('a system that does not say', () => {
  expect(physicalCores(machine([]))).toBeUndefined();
  expect(physicalCores('/nowhere')).toBeUndefined();
});
