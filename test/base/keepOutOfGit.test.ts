import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { keepOutOfGit } from '../../src/base/keepOutOfGit.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinch-git-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the folder gets a .gitignore once, and what a user made of it stays', async () => {
  const own = join(folder, '.pinch');
  await keepOutOfGit(own);
  expect(readFileSync(join(own, '.gitignore'), 'utf8')).toBe('*\n');
  writeFileSync(join(own, '.gitignore'), '');
  await keepOutOfGit(own);
  expect(readFileSync(join(own, '.gitignore'), 'utf8')).toBe('');
});
