/** Which files are studies, and where their reports are. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isStudy, reportOf } from '../../../src/host/study/studyFiles.ts';
import { someResults } from '../../study/someResults.ts';

const study = { model: 'model', train: 't.jsonl', dev: 'd.jsonl', test: 'e.jsonl', methods: ['ump'] };

describe('a study’s file', () => {
  test('is one', () => expect(isStudy(JSON.stringify({ ...study, sparsities: [0.5] }))).toBe(true));
  test('that is wrong in its details is one, so that running it says what is wrong', () =>
    expect(isStudy(JSON.stringify({ ...study, sparsities: 'many' }))).toBe(true));

  test.each([
    ['settings of a run', JSON.stringify({ ...study, methods: undefined, method: 'ump' })],
    ['results', JSON.stringify(someResults)],
    ['a study without test data', JSON.stringify({ ...study, test: undefined })],
    ['no object', '[1]'],
    ['nothing', 'null'],
    ['no JSON', '{"model":'],
  ])('is not %s', (_, text) => expect(isStudy(text)).toBe(false));
});

describe('the report of', () => {
  let folder = '';
  const at = (...parts: string[]): string => join(folder, ...parts);
  const write = (path: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-studies-'));
    for (const name of ['digits.json', 'digits.study/study.html', 'digits.study/study.json', 'new.json'])
      write(at(name));
    for (const name of ['study.json', 'study.html', 'study.study/study.html']) write(at('same', name));
    mkdirSync(at('odd/study.html'), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['a study’s file', 'digits.json'],
    ['the folder', 'digits.study'],
    ['the results', 'digits.study/study.json'],
    ['the report itself', 'digits.study/study.html'],
  ])('%s', async (_, name) => expect(await reportOf(at(name))).toBe(at('digits.study/study.html')));

  test('a study’s file that is called as results are is the one of its own folder', async () =>
    expect(await reportOf(at('same/study.json'))).toBe(at('same/study.study/study.html')));

  test.each([
    ['a study that has not begun', 'new.json'],
    ['a file that is not there', 'none.json'],
    ['a folder without one', '.'],
  ])('%s is not there', async (_, name) => expect(await reportOf(at(name))).toBeUndefined());

  test('a folder that is called as reports are is none', async () => expect(await reportOf(at('odd'))).toBeUndefined());
});
