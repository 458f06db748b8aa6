/** Walks through the steps of a guided choice, forwards and back, and keeps what was chosen. */

/** Which step this is, for the title of its question. */
export interface Place {
  readonly title: string;
  /** From 1 on. */
  readonly step: number;
  readonly total: number;
  readonly canGoBack: boolean;
}

export type StepAnswer<T> =
  | { readonly kind: 'next'; readonly choices: T }
  /** To the step before, or to the one that is named. */
  | { readonly kind: 'back'; readonly to?: string }
  | { readonly kind: 'cancel' };

export interface Step<T> {
  readonly name: string;
  /** Whether there is anything to ask, after these choices; without it there always is. */
  readonly applies?: (choices: T) => boolean;
  /** @param choices of all steps so far, this one's too if it was asked before. */
  readonly ask: (choices: T, place: Place) => Promise<StepAnswer<T>>;
}

/** The choices after the last step; undefined if somebody cancelled one. */
export async function walkSteps<T>(title: string, steps: readonly Step<T>[], first: T): Promise<T | undefined> {
  let choices = first;
  const applies = (step: Step<T>): boolean => step.applies?.(choices) ?? true;
  let step = steps.find(applies);
  while (step !== undefined) {
    const applying = steps.filter(applies);
    const at = applying.indexOf(step);
    const answer = await step.ask(choices, { title, step: at + 1, total: applying.length, canGoBack: at > 0 });
    switch (answer.kind) {
      case 'cancel':
        return undefined;
      case 'next':
        choices = answer.choices;
        step = steps.slice(steps.indexOf(step) + 1).find(applies);
        break;
      case 'back':
        step = applying.find(({ name }) => name === answer.to) ?? applying[at - 1] ?? step;
    }
  }
  return choices;
}
