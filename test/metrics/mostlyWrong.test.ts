/** The warning about a trained model that gets nearly everything wrong: when it comes, and the cause it finds for each kind of mistake. */

import { expect, test } from 'vitest';
import { warnOfMostlyWrong } from '../../src/metrics/mostlyWrong.ts';
import type { ScoringUnit } from '../../src/protocol/errorRate.ts';

const pair = (reference: string, hypothesis: string): { reference: string; hypothesis: string } => ({
  reference,
  hypothesis,
});

test.each<[string, [string, string][], ScoringUnit, number, RegExp]>([
  [
    'spaces',
    [['ONE TWO THREE', 'ONETWOTHREE']],
    'word',
    0,
    /100\.0 % of the words .*Without spaces only 0\.0 %.*word_delimiter_token/u,
  ],
  [
    'silence',
    [
      ['ONE', ''],
      ['TWO', ''],
    ],
    'word',
    0,
    /writes nothing for 100(\.0)? %.*pad_token/u,
  ],
  ['case', [['One Two', 'oNE tWO']], 'word', 0, /Without regard to case only 0\.0 %/u],
  ['punctuation', [['one, two.', 'one two']], 'word', 2, /lacks characters.*Without punctuation only 0\.0 %/u],
  ['accents', [['élan été', 'elan ete']], 'word', 0, /Without accents only 0\.0 %/u],
  ['plain spelling for phones', [['two', 't uː']], 'phone', 1, /no phone of the vocabulary/u],
  ['no cause', [['one', 'xyz']], 'word', 0, /show no cause: look whether the tokenizer files/u],
])('%s', (_, texts, unit, lacking, says) => {
  expect(
    warnOfMostlyWrong(
      texts.map(([a, b]) => pair(a, b)),
      unit,
      lacking,
    ),
  ).toMatch(says);
});

test('nothing is said up to 90 %, or of no references', () => {
  const nine = Array.from({ length: 9 }, () => pair('one', 'two'));
  expect(warnOfMostlyWrong([...nine, pair('one', 'one')], 'word', 0)).toBeUndefined();
  expect(warnOfMostlyWrong([...nine, pair('one', 'two')], 'word', 0)).toContain('wrong');
  expect(warnOfMostlyWrong([pair('', 'two')], 'word', 0)).toBeUndefined();
});
