/** What was done to the texts of a manifest before they were spelled. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';
import { textSteps } from '../textSteps.ts';

/** What the vocabulary lacks and no step of "auto" takes out, because it is read aloud, or is not known to be no text. */
export const leftKinds = ['number', 'sign', 'marker', 'mark'] as const;

export const textReport = v.object({
  /** All steps, in order. */
  steps: textSteps,
  texts: count,
  /** Steps that changed something. */
  changes: v.array(
    v.object({
      /** Its name in messages. */
      step: text,
      texts: count,
      characters: count,
      /** At most three: the part of a text that changed. */
      examples: v.array(v.object({ before: text, after: text })),
    }),
  ),
  left: v.array(
    v.object({
      /** Numbers in digits; signs that are read aloud, such as "&"; markers such as "[noise]"; marks of vowels and the like. */
      kind: v.picklist(leftKinds),
      texts: count,
      /** How often. */
      times: count,
      /** At most three. */
      examples: v.array(text),
    }),
  ),
});
export type TextReport = Shape<typeof textReport>;
export type LeftKind = (typeof leftKinds)[number];
