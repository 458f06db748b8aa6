/** The sets of `pinch evaluate`: names, files, and what is called twice. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { evaluationSets } from '../../src/cli/evaluationSets.ts';

test.each([
  ['a manifest', 'data/test.jsonl', { name: 'test', manifest: 'data/test.jsonl' }],
  ['a folder', 'LibriSpeech/test-clean/', { name: 'test-clean', manifest: 'LibriSpeech/test-clean/' }],
  ['a name and a manifest', 'clean=a/b.tsv', { name: 'clean', manifest: 'a/b.tsv' }],
  ['a path with a sign of equality', 'a=b/c.tsv', { name: 'a', manifest: 'b/c.tsv' }],
  ['a path that cannot begin with a name', './a=b.tsv', { name: 'a=b', manifest: './a=b.tsv' }],
])('%s', (_, given, set) => expect(evaluationSets([given])).toEqual([set]));

test('a file that is there is meant before a name is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-sets-'));
  const before = process.cwd();
  try {
    process.chdir(folder);
    writeFileSync('a=b.tsv', '');
    expect(evaluationSets(['a=b.tsv'])).toEqual([{ name: 'a=b', manifest: 'a=b.tsv' }]);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
});

test('two of one name are refused', () => {
  expect(() => evaluationSets(['dev/manifest.jsonl', 'test/Manifest.jsonl'])).toThrow(
    'two sets are called "Manifest"; name them, as in --data first=test/Manifest.jsonl.',
  );
});
