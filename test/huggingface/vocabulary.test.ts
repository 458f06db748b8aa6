/** The vocabulary of a new CTC head. */

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TextStep } from '../../src/protocol/textSteps.ts';
import { vocabularyOfFile, vocabularyOfTexts } from '../../src/huggingface/newHead.ts';

const special = ['<pad>', '<s>', '</s>', '<unk>', '|'];

const ofTexts = (...texts: readonly string[]): Promise<string[]> => afterSteps([], ...texts);

async function afterSteps(steps: readonly TextStep[], ...texts: readonly string[]): Promise<string[]> {
  const manifest = join(await mkdtemp(join(tmpdir(), 'pinch-')), 'train.jsonl');
  const lines = texts.map((text, i) => JSON.stringify({ audio_filepath: `${i}.wav`, text }));
  await writeFile(manifest, `${lines.join('\n')}\n`);
  return vocabularyOfTexts(manifest, steps);
}

async function ofFile(content: unknown): Promise<string[]> {
  const file = join(await mkdtemp(join(tmpdir(), 'pinch-')), 'vocab.json');
  await writeFile(file, JSON.stringify(content));
  return vocabularyOfFile(file);
}

describe('a vocabulary of texts', () => {
  test('has each character once, in order, behind the special tokens', async () => {
    expect(await ofTexts('two one', "one's")).toEqual([...special, "'", 'e', 'n', 'o', 's', 't', 'w']);
  });

  test('has those that are left after steps that need no vocabulary', async () => {
    const steps = ['punctuation', 'lower', { remove: '.' }, { replace: { '&': ' und ' } }] as const;
    expect(await afterSteps(steps, 'A&A, B.')).toEqual([...special, ',', 'a', 'b', 'd', 'n', 'u']);
  });

  test('keeps capitals where there is nothing else, and takes small letters where both are', async () => {
    expect(await ofTexts('BAD')).toEqual([...special, 'A', 'B', 'D']);
    expect(await ofTexts('Bad')).toEqual([...special, 'a', 'b', 'd']);
  });

  test('composes accents, and leaves out spaces, controls and the delimiter itself', async () => {
    expect(await ofTexts('e\u0301\t|a\u00a0\u200b')).toEqual([...special, 'a', 'é']);
  });

  test('needs texts', async () => {
    await expect(ofTexts('|')).rejects.toThrow('there are no texts to make a vocabulary of');
  });
});

describe('a vocabulary of a file', () => {
  test('has tokens by their ids', async () => {
    expect(await ofFile({ a: 2, '[PAD]': 0 })).toEqual(['[PAD]', '', 'a']);
  });

  test.each([
    [{ '<pad>': 0, a: 0 }, 'the id of token "a" must be a whole number that no other token has'],
    [{ '<pad>': 0, a: 1e9 }, 'the id of token "a"'],
    [{ '<pad>': 0, a: '1' }, 'the id of token "a"'],
    [{ a: 0 }, 'needs a token for padding'],
  ])('%o is refused', async (content, message) => {
    await expect(ofFile(content)).rejects.toThrow(message);
  });
});
