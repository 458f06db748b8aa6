/** A number with its name, in a `dl`. */

import { make, setText } from './dom.ts';

export interface Fact {
  readonly element: HTMLElement;
  /** Hides the element if the text is empty. */
  readonly set: (text: string) => void;
}

/** @param meaning shown on hover, where the name alone is not clear. */
export function fact(name: string, meaning?: string): Fact {
  const value = make('dd');
  const element = make('div', { title: meaning }, make('dt', {}, name), value);
  return {
    element,
    set(text) {
      setText(value, text);
      element.hidden = text === '';
    },
  };
}
