/** What users type or paste as a model of the hub. */

import { expect, test } from 'vitest';
import { parseModelName } from '../../../src/host/hub/modelId.ts';

const commit = 'c'.repeat(40);

test.each([
  ['a name', 'facebook/wav2vec2-base-960h', 'facebook/wav2vec2-base-960h', undefined],
  ['spaces around it', ' org/model \n', 'org/model', undefined],
  ['a branch', 'org/model@main', 'org/model', 'main'],
  ['a branch with slashes', 'org/model@refs/pr/1', 'org/model', 'refs/pr/1'],
  ['a commit', `org/model@${commit}`, 'org/model', commit],
  ['the address of its page', 'https://huggingface.co/org/model', 'org/model', undefined],
  ['one with more behind it', 'https://huggingface.co/org/model/?library=transformers#card', 'org/model', undefined],
  ['that of a revision', 'https://huggingface.co/org/model/tree/v1.0', 'org/model', 'v1.0'],
])('%s', (_, text, id, revision) => expect(parseModelName(text)).toEqual({ id, revision }));

test.each([
  ['nothing', ''],
  ['a name without its owner', 'wav2vec2-base'],
  ['three parts', 'a/b/c'],
  ['a path upwards', '../model'],
  ['a path upwards at its end', 'org/..'],
  ['an option', '--out/x y'],
  ['spaces in it', 'org/my model'],
  ['another page', 'https://huggingface.co/docs/hub/models/index'],
])('%s is no name', (_, text) => expect(parseModelName(text)).toMatch(/^Write owner\/name/u));

test.each(['org/model@', 'org/model@a b', 'org/model@../x', 'org/model@a@b'])('%s has no revision', (text) =>
  expect(parseModelName(text)).toMatch(/^Write a branch, a tag or a commit/u),
);
