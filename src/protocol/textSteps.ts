/** The setting `text`: named steps, in order, that turn a manifest's texts into what the vocabulary can spell. */

import * as v from 'valibot';
import { isExpression, isPattern } from './pattern.ts';
import type { Shape } from './schema.ts';

/** Steps that change only what the vocabulary lacks, and what each does to it. */
export const lackingSteps = {
  invisible: 'characters without a shape are removed: zero-width ones, byte order marks, soft hyphens',
  unicode: 'the Unicode form that the vocabulary has: composed, decomposed, or the plain form of a full-width one',
  quotes: 'quotation marks become those of the vocabulary; single ones around words go if it has none',
  apostrophes: 'apostrophes become the one of the vocabulary',
  dashes: 'dashes become the hyphen of the vocabulary',
  case: 'letters take the case of the vocabulary',
  punctuation: 'punctuation is removed; between two words it becomes a space',
} as const;

/** Steps that change every text, whatever the vocabulary has. */
export const plainSteps = {
  NFC: 'composed characters',
  NFD: 'letters and marks apart',
  NFKC: 'composed characters, compatibility forms made plain',
  lower: 'lower case',
  upper: 'upper case',
} as const;

type LackingStep = keyof typeof lackingSteps;
type PlainStep = keyof typeof plainSteps;

/** No list of steps is longer. */
const mostSteps = 1000;

const names = [...Object.keys(lackingSteps), ...Object.keys(plainSteps)] as (LackingStep | PlainStep)[];

const removeText =
  'must be characters, or "re:" and a valid regular expression; a text such as "[noise]" is removed by {"replace": {"[noise]": ""}}';
/** A list of characters; with letters or digits among them it was most likely meant as a text. */
const isRemoved = (text: string): boolean =>
  isPattern(text) && (isExpression(text) || !/[\p{L}\p{Nd}]/u.test(text.replaceAll(/\p{Lm}/gu, '')));

const remove = v.strictObject({ remove: v.pipe(v.string(removeText), v.check(isRemoved, removeText)) });

const replaceText = 'must be an object of texts, or "re:" and a valid regular expression, and what they become';
const replace = v.strictObject({
  replace: v.pipe(
    v.record(v.string(), v.string(replaceText), replaceText),
    v.check((texts) => Object.keys(texts).every(isPattern), replaceText),
  ),
});

const stepText = `must be "auto" or a list of steps: ${names.join(', ')}, {"remove": "characters"}, {"replace": {"this": "that"}}`;

const textStep = v.union([v.picklist(names), remove, replace], stepText);

export type TextStep = Shape<typeof textStep>;

const steps = <T extends v.GenericSchema>(step: T) => v.pipe(v.array(step, stepText), v.maxLength(mostSteps, stepText));

/** Steps as they were carried out. */
export const textSteps = steps(textStep);

/** The setting: "auto" for `autoSteps`, or steps, among which "auto" stands for these. */
export const textSetting = v.union(
  [v.literal('auto'), steps(v.union([v.literal('auto'), textStep], stepText))],
  (issue) => reasonOf(issue.input),
);

export type TextSetting = Shape<typeof textSetting>;

/**
 * What makes texts spellable without losing a letter, a mark or a digit. Each of them leaves alone what the vocabulary has, so they are the same
 * for every vocabulary and every text.
 */
export const autoSteps: readonly TextStep[] = [
  'invisible',
  'unicode',
  'quotes',
  'apostrophes',
  'dashes',
  'case',
  'punctuation',
];

/** What was done to every text before there was a setting. */
export const stepsBeforeTheSetting: readonly TextStep[] = ['unicode', 'case'];

/** The steps of a setting, without "auto". */
export function textStepsOf(setting: TextSetting): readonly TextStep[] {
  return setting === 'auto' ? autoSteps : setting.flatMap((step) => (step === 'auto' ? autoSteps : [step]));
}

/** A step's name in messages: `punctuation`, `remove "—"`, `replace "&" by " and "`. */
export function stepName(step: TextStep): string {
  if (typeof step === 'string') return step;
  if ('remove' in step) return `remove ${JSON.stringify(step.remove)}`;
  const [first, ...others] = Object.entries(step.replace);
  if (!first) return 'replace nothing';
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `replace ${JSON.stringify(first[0])} by ${JSON.stringify(first[1])}${more}`;
}

/** The sentence of the part that is wrong, where it can be told. */
function reasonOf(input: unknown): string {
  const list = Array.isArray(input) ? (input as readonly unknown[]) : [];
  for (const step of list) {
    const given = typeof step === 'object' && step !== null ? step : {};
    if ('remove' in given && !v.is(remove, step)) return `has a "remove" that ${removeText}`;
    if ('replace' in given && !v.is(replace, step)) return `has a "replace" that ${replaceText}`;
  }
  return stepText;
}
