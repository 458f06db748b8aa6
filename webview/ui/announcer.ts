/** Tells a screen reader what changes on its own, but not so often that it gets in the way. */

import { make } from './dom.ts';

export interface Announcer {
  readonly element: HTMLElement;
  /** Said if the last announcement is long enough ago; otherwise dropped, for the next one will be newer. */
  readonly say: (text: string) => void;
  /** Said at once. */
  readonly sayNow: (text: string) => void;
}

/** @param pause least milliseconds between two announcements. */
export function announcer(pause = 10_000): Announcer {
  const element = make('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  let last = -Infinity;
  const sayNow = (text: string): void => {
    last = performance.now();
    element.textContent = text;
  };
  return {
    element,
    sayNow,
    say(text) {
      if (performance.now() - last >= pause && text !== element.textContent) sayNow(text);
    },
  };
}
