/** The texts of a manifest after the steps, and what was done to them. */

import { setImmediate } from 'node:timers/promises';
import type { TextReport, LeftKind } from '../../../protocol/results/texts.ts';
import type { TextStep } from '../../../protocol/textSteps.ts';
import type { Utterance } from '../../manifest/utterance.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { leftIn } from './left.ts';
import { changedPart } from './changedPart.ts';
import { TextSteps } from './textSteps.ts';

export interface SpelledTexts {
  /** With the texts as they are spelled and scored; `written` is the text of the manifest, where they differ. */
  readonly utterances: readonly Utterance[];
  readonly report: TextReport;
}

const mostExamples = 3;

/** Texts after which signals and messages have their turn. */
const together = 500;

/** Carries out the steps on all texts. Training, evaluation during a run and `pinch evaluate` get their texts here. */
export async function spellTexts(
  utterances: readonly Utterance[],
  vocabulary: Vocabulary,
  steps: readonly TextStep[],
): Promise<SpelledTexts> {
  const all = new TextSteps(steps, vocabulary);
  const changes = steps.map(() => ({ texts: 0, characters: 0, examples: new Map<string, string>() }));
  const left = new Map<LeftKind, { texts: number; times: number; examples: Set<string> }>();
  const spelled: Utterance[] = [];
  for (const [i, utterance] of utterances.entries()) {
    if (i % together === together - 1) await setImmediate();
    const text = all.apply(utterance.text, (step, before, after, characters) => {
      const change = changes[step];
      if (!change) return;
      change.texts += 1;
      change.characters += characters;
      if (change.examples.size >= mostExamples) return;
      const part = changedPart(before, after);
      if (!change.examples.has(part.before)) change.examples.set(part.before, part.after);
    });
    for (const { kind, examples } of leftIn(text, vocabulary)) {
      const known = left.get(kind) ?? { texts: 0, times: 0, examples: new Set<string>() };
      left.set(kind, known);
      known.texts += 1;
      known.times += examples.length;
      for (const example of examples) if (known.examples.size < mostExamples) known.examples.add(example);
    }
    spelled.push(text === utterance.text ? utterance : { ...utterance, text, written: utterance.text });
  }
  const report: TextReport = {
    steps: [...steps],
    texts: utterances.length,
    changes: changes.flatMap(({ texts, characters, examples }, step) =>
      texts === 0
        ? []
        : [
            {
              step: all.name(step),
              texts,
              characters,
              examples: [...examples].map(([before, after]) => ({ before, after })),
            },
          ],
    ),
    left: [...left].map(([kind, { texts, times, examples }]) => ({ kind, texts, times, examples: [...examples] })),
  };
  return { utterances: spelled, report };
}
