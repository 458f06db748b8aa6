/** Runs the steps of a guided choice, forwards and back, and collects the choices. */

/** Position of a step, for the title of its question. */
export interface Place {
  readonly title: string;
  /** Counts from 1. */
  readonly step: number;
  readonly total: number;
  readonly canGoBack: boolean;
}

export type StepAnswer<T> =
  | { readonly kind: 'next'; readonly choices: T }
  /** To the previous step, or to the named one. */
  | { readonly kind: 'back'; readonly to?: string }
  | { readonly kind: 'cancel' };

export interface Step<T> {
  readonly name: string;
  /** Whether there is a question after these choices. Default: always. */
  readonly applies?: (choices: T) => boolean;
  /** @param choices of all steps so far, including an earlier answer to this one. */
  readonly ask: (choices: T, place: Place) => Promise<StepAnswer<T>>;
}

/**
 * The choices after the last step; undefined if the user cancelled.
 * @param from the name of the step to begin with, which one can go back from. Default: the first.
 */
export async function walkSteps<T>(
  title: string,
  steps: readonly Step<T>[],
  first: T,
  from?: string,
): Promise<T | undefined> {
  let choices = first;
  const applies = (step: Step<T>): boolean => step.applies?.(choices) ?? true;
  let step = steps.find((one) => one.name === from && applies(one)) ?? steps.find(applies);
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
