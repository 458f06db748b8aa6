/** Announces changes to screen readers, but not too often. */

import { make } from './dom.ts';

export interface Announcer {
  readonly element: HTMLElement;
  /** Announced if the last announcement is long enough ago; otherwise dropped, because a newer one will follow. */
  readonly say: (text: string) => void;
  /** Announced at once. */
  readonly sayNow: (text: string) => void;
}

/** @param pause minimum milliseconds between two announcements. */
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
