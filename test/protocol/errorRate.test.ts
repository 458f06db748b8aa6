/** The names of error rates by what they count. */

import { expect, test } from 'vitest';
import { errorRateName, errorRateShort, inUnits } from '../../src/protocol/errorRate.ts';

test.each([
  [undefined, 'word error rate', 'WER', 'Words left out; one word.'],
  ['word', 'word error rate', 'WER', 'Words left out; one word.'],
  ['character', 'character error rate', 'CER', 'Characters left out; one character.'],
  ['phone', 'phone error rate', 'PER', 'Phones left out; one phone.'],
] as const)('%s', (unit, name, short, sentence) => {
  expect([errorRateName(unit), errorRateShort(unit), inUnits('Words left out; one word.', unit)]).toEqual([
    name,
    short,
    sentence,
  ]);
});
