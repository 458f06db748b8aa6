/**
 * Vocabularies of many kinds, as transformers saves them: the text of random paths of symbols is transformers' own, but for spaces beside spaces,
 * and so are the error rates, because labels of a text write that text again. Needs a Python with transformers: PINCH_PYTHON, or python3.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { collapse } from '../../src/speech/text/greedy.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';
import { python } from './madeModels.ts';

interface Decoded {
  readonly folder: string;
  readonly name: string;
  readonly paths: readonly number[][];
  readonly texts: readonly string[];
}

const canMake = spawnSync(python, ['-c', 'import transformers']).status === 0;
if (!canMake) console.log(`${python} lacks transformers: vocabularies are not compared.`);

describe.skipIf(!canMake)('as transformers decodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-vocabularies-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const units: Readonly<Record<string, string>> = {
    Chinese: 'character',
    Thai: 'character',
    phones: 'phone',
    'phones and words': 'phone',
  };

  test('ten kinds', async () => {
    const script = 'test/shared/vocabularies_reference.py';
    const lines = execFileSync(python, [script, join(folder, 'kinds')], { encoding: 'utf8', stdio: 'pipe' }).trim();
    const kinds = lines.split('\n').map((line) => JSON.parse(line) as Decoded);
    expect(kinds).toHaveLength(10);
    for (const { folder: kind, name, paths, texts } of kinds) {
      const { vocabulary } = await readProcessor(kind);
      expect([name, vocabulary.unit]).toEqual([name, units[name] ?? 'word']);
      const ours = paths.map((path) => vocabulary.text(collapse(path, vocabulary.blank)));
      expect(ours).toEqual(texts.map((text) => text.trim().split(/\s+/u).join(' ')));
      for (const text of ours) {
        const { labels, missing } = vocabulary.spell(text);
        expect(missing).toEqual([]);
        expect(vocabulary.text([...labels])).toBe(text);
        expect(vocabulary.spaced(text)).toBe(text);
      }
    }
  });
});
