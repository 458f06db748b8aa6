/** Alignments on a page: the words that each letter stands for, and how they are said. */

import { describe, expect, test } from 'vitest';
import { alignmentSteps, spokenErrors } from '../../../webview/ui/alignmentSteps.ts';

const text = { reference: 'turn the red  light on', hypothesis: 'turn a red light on now', edits: 'CSCCCI' };

test('each step has its words', () => {
  expect(alignmentSteps(text)).toEqual([
    { kind: 'C', reference: 'turn', hypothesis: 'turn' },
    { kind: 'S', reference: 'the', hypothesis: 'a' },
    { kind: 'C', reference: 'red', hypothesis: 'red' },
    { kind: 'C', reference: 'light', hypothesis: 'light' },
    { kind: 'C', reference: 'on', hypothesis: 'on' },
    { kind: 'I', hypothesis: 'now' },
  ]);
});

test('a deletion has no recognised word', () => {
  expect(alignmentSteps({ reference: 'a b', hypothesis: 'b', edits: 'DC' })?.[0]).toEqual({
    kind: 'D',
    reference: 'a',
  });
});

test('what was not aligned has no steps', () => {
  expect(alignmentSteps({ ...text, edits: null })).toBeUndefined();
  expect(spokenErrors({ ...text, edits: null })).toBeUndefined();
});

describe('said', () => {
  test.each([
    ['a substitution and an insertion', text, 'the recognised as a, now added'],
    ['a deletion', { reference: 'a b', hypothesis: 'b', edits: 'DC' }, 'a left out'],
    ['nothing wrong', { reference: 'a', hypothesis: 'a', edits: 'C' }, 'No errors'],
  ])('%s', (_, aligned, said) => expect(spokenErrors(aligned)).toBe(said));
});
