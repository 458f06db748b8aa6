/** A thousand lines like Common Voice's in six scripts: none is lost that the vocabulary can spell, and the report counts what each step did. */

import { expect, test } from 'vitest';
import { autoSteps, lackingSteps } from '../../../../src/protocol/textSteps.ts';
import { spellTexts } from '../../../../src/speech/text/steps/spellTexts.ts';
import { impossible, linesOf, scripts, type Script } from './collection.ts';

const perScript = Math.ceil(1000 / scripts.length);
const utterance = (text: string, at: number): { id: string; audio: string; text: string } => ({
  id: String(at),
  audio: `/${at}.wav`,
  text,
});

test.each(scripts.map((script): [string, Script] => [script.name, script]))('%s', async (_, script) => {
  const { vocabulary } = script;
  const lines = linesOf(script, perScript, 8);
  const { utterances, report } = await spellTexts(
    lines.map(({ text }, at) => utterance(text, at)),
    vocabulary,
    autoSteps,
  );
  expect(utterances.map(({ text }) => text)).toEqual(lines.map(({ spelled }) => spelled));
  for (const { text } of utterances) expect(vocabulary.spell(text).missing).toEqual([]);
  expect(report.left).toEqual([]);
  const touched = Object.fromEntries(report.changes.map(({ step, texts }) => [step, texts]));
  const expected = Object.keys(lackingSteps).map((step) => [step, lines.filter(({ steps }) => steps.has(step)).length]);
  expect(touched).toEqual(Object.fromEntries(expected.filter(([, texts]) => texts !== 0)));
  for (const { characters, texts, examples } of report.changes) {
    expect(characters).toBeGreaterThanOrEqual(texts);
    expect(examples.length).toBe(Math.min(3, texts));
    expect(examples.every(({ before, after }) => before !== after)).toBe(true);
  }
});

test('what cannot be spelled stays, is counted by its kind, and takes nothing else along', async () => {
  const [script] = scripts as [Script];
  const lines = linesOf(script, 40, 9);
  const texts = lines.map((line, at) => utterance(at < 20 ? impossible(line, at) : line.text, at));
  const { utterances, report } = await spellTexts(texts, script.vocabulary, autoSteps);
  const lost = utterances.filter(({ text }) => script.vocabulary.spell(text).missing.length > 0);
  expect(lost.map(({ id }) => Number(id))).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(report.left).toEqual([
    { kind: 'number', texts: 10, times: 10, examples: ['1,984', '5'] },
    { kind: 'marker', texts: 5, times: 5, examples: ['[noise]'] },
    { kind: 'sign', texts: 5, times: 5, examples: ['%'] },
  ]);
});
