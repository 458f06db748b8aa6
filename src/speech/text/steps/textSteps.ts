/** The steps of a run, for one vocabulary: the one place where texts are changed before they are spelled, scored or compared. */

import { everyPlace, isExpression } from '../../../protocol/pattern.ts';
import { lackingSteps, plainSteps, stepName, type TextStep } from '../../../protocol/textSteps.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { changeMatches, changeText, type Change } from './change.ts';
import { toCaseOf } from './letterCase.ts';
import { outsideMarkers } from './markers.ts';
import { withoutPunctuation } from './punctuation.ts';
import { toApostropheOf, toHyphenOf, toQuotesOf, withoutInvisible } from './signs.ts';
import { tokensNotComposed, toFormOf } from './unicodeForm.ts';

/** Is told what a step changed. */
export type OnChange = (step: number, before: string, after: string, characters: number) => void;

export class TextSteps {
  readonly steps: readonly TextStep[];
  readonly vocabulary: Vocabulary;
  private readonly changes: readonly { readonly change: Change; readonly onlyLacking: boolean }[];
  private readonly composed: boolean;

  constructor(steps: readonly TextStep[], vocabulary: Vocabulary) {
    this.steps = steps;
    this.vocabulary = vocabulary;
    this.changes = steps.map((step) => {
      const change = changeOf(step, vocabulary);
      const onlyLacking = typeof step === 'string' && step in lackingSteps;
      const keepsMarkers = onlyLacking && vocabulary.words.kind !== 'phones';
      return { change: keepsMarkers ? outsideMarkers(change, vocabulary) : change, onlyLacking };
    });
    this.composed = tokensNotComposed(vocabulary).size === 0;
  }

  /** A step's name in messages. */
  name(step: number): string {
    const found = this.steps[step];
    return found === undefined ? '' : stepName(found);
  }

  /** A text after all steps, with its words as the vocabulary writes them (`Vocabulary.spaced`): as it is spelled and scored. */
  apply(text: string, onChange?: OnChange): string {
    let now = text;
    let written = this.isWritten(now);
    this.changes.forEach(({ change, onlyLacking }, step) => {
      if (onlyLacking && written) return;
      const { text: after, characters } = change(now);
      if (after === now) return;
      onChange?.(step, now, after, characters);
      now = after;
      written = this.isWritten(now);
    });
    return this.vocabulary.spaced(now);
  }

  /** Whether the vocabulary has all of a text, so that most steps have nothing to do: true for most texts of most corpora. */
  private isWritten(text: string): boolean {
    return this.composed && this.vocabulary.hasAll(text) && text === text.normalize('NFC');
  }
}

/** A text after those of the steps that need no vocabulary, to make one of such texts. */
export function applyPlainSteps(steps: readonly TextStep[], text: string): string {
  return steps.reduce((now, step) => {
    if (typeof step !== 'string') return givenChange(step)(now).text;
    return step in plainSteps ? plainChange(step as keyof typeof plainSteps)(now).text : now;
  }, text);
}

function changeOf(step: TextStep, vocabulary: Vocabulary): Change {
  if (typeof step !== 'string') return givenChange(step);
  switch (step) {
    case 'invisible':
      return withoutInvisible(vocabulary);
    case 'unicode':
      return toFormOf(vocabulary);
    case 'quotes':
      return toQuotesOf(vocabulary);
    case 'apostrophes':
      return toApostropheOf(vocabulary);
    case 'dashes':
      return toHyphenOf(vocabulary);
    case 'case':
      return toCaseOf(vocabulary);
    case 'punctuation':
      return withoutPunctuation(vocabulary);
    default:
      return plainChange(step);
  }
}

function plainChange(step: keyof typeof plainSteps): Change {
  switch (step) {
    case 'lower':
      return changeText((text) => text.toLowerCase());
    case 'upper':
      return changeText((text) => text.toUpperCase());
    case 'NFC':
    case 'NFD':
    case 'NFKC':
      return changeText((text) => text.normalize(step));
  }
}

function givenChange(step: Exclude<TextStep, string>): Change {
  if ('remove' in step) {
    const { remove } = step;
    const removed = new Set(isExpression(remove) ? [] : remove);
    return isExpression(remove)
      ? changeMatches(everyPlace(remove), () => '')
      : changeMatches(/./gsu, (character) => (removed.has(character) ? '' : character));
  }
  const changes = Object.entries(step.replace).map(([from, to]) => changeMatches(everyPlace(from), () => to));
  return (text) =>
    changes.reduce(
      (before, change) => {
        const { text: after, characters } = change(before.text);
        return { text: after, characters: before.characters + characters };
      },
      { text, characters: 0 },
    );
}
