/** The documents agree with the project: links lead to files and headings that exist, and the defaults that are written down are those of the code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultSettings } from '../src/protocol/settings.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
  'bench/README.md',
];

/** As GitHub names the headings of a page. */
const anchors = (text: string): string[] =>
  Array.from(text.matchAll(/^#+ (.+)$/gmu), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

test.each(documents)('every link in %s leads to something that is there', (file) => {
  const text = read(file);
  const broken = Array.from(text.matchAll(/\]\(([^)\s]+)\)/gu), ([, link = '']) => link).filter((link) => {
    if (/^https?:/u.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(read(target)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('docs/run-folder.md has the defaults of the settings', () => {
  const [, json = ''] = /```json\n(.*?)```/su.exec(read('docs/run-folder.md')) ?? [];
  expect(JSON.parse(json)).toEqual(defaultSettings);
});

test('every command of the README has a section in docs/commands.md', () => {
  const commands = Array.from(read('README.md').matchAll(/^\| `pinch (\w+)/gmu), ([, name = '']) => name);
  expect(commands.length).toBe(12);
  const sections = anchors(read('docs/commands.md'));
  expect(commands.filter((name) => !sections.some((section) => section.startsWith(`pinch-${name}`)))).toEqual([]);
});
