/** Walks through the steps of a guided choice, forwards and back, and keeps what was chosen. */

/** Which step this is, for the title of its question. */
export interface Place {
  readonly title: string;
  /** From 1 on. */
  readonly step: number;
  readonly total: number;
  readonly canGoBack: boolean;
}

export type Answer<T> =
  | { readonly kind: 'next'; readonly choices: T }
  /** To the step before, or to the one that is named. */
  | { readonly kind: 'back'; readonly to?: string }
  | { readonly kind: 'cancel' };

export interface Step<T> {
  readonly name: string;
  /** @param choices of all steps so far, this one's too if it was asked before. */
  readonly ask: (choices: T, place: Place) => Promise<Answer<T>>;
}

/** The choices after the last step; undefined if somebody cancelled one. */
export async function walkSteps<T>(title: string, steps: readonly Step<T>[], first: T): Promise<T | undefined> {
  let choices = first;
  let at = 0;
  for (let step = steps[at]; step !== undefined; step = steps[at]) {
    const place = { title, step: at + 1, total: steps.length, canGoBack: at > 0 };
    const answer = await step.ask(choices, place);
    switch (answer.kind) {
      case 'cancel':
        return undefined;
      case 'next':
        choices = answer.choices;
        at += 1;
        break;
      case 'back': {
        const named = steps.findIndex(({ name }) => name === answer.to);
        at = named < 0 ? Math.max(0, at - 1) : named;
      }
    }
  }
  return choices;
}
