/** The slider over the run's steps: live at its right end; elsewhere it holds a step. */

import { count } from '../../src/base/format.ts';
import './timeline.css';
import { make, setText } from './dom.ts';

export interface Timeline {
  readonly element: HTMLElement;
  /** @param held the step that is shown, null for the newest. @param live whether more steps will come. */
  readonly update: (span: Span | undefined, held: number | null, live: boolean) => void;
}

export interface Span {
  readonly first: number;
  readonly last: number;
}

/** @param onHold receives the step to hold, null for the newest. */
export function timeline(onHold: (step: number | null) => void): Timeline {
  const range = make('input', { type: 'range', step: 1, 'aria-label': 'Step' });
  const label = make('span', { class: 'step' });
  const back = make('button', { type: 'button', class: 'link' });
  back.addEventListener('click', () => onHold(null));
  const element = make('div', { class: 'timeline' }, make('div', { class: 'row' }, label, back), range);
  range.addEventListener('input', () => {
    const step = Number(range.value);
    onHold(step >= Number(range.max) ? null : step);
  });
  return {
    element,
    update(span, held, live) {
      element.hidden = span === undefined || span.last <= span.first;
      if (!span) return;
      const step = held ?? span.last;
      const newest = live ? 'live' : 'last';
      // While it is dragged, the slider follows the mouse only.
      if (range.min !== String(span.first)) range.min = String(span.first);
      if (range.max !== String(span.last)) range.max = String(span.last);
      if (range.value !== String(step)) range.value = String(step);
      setText(label, held === null ? `Step ${count(step)}, ${newest}` : `Step ${count(step)} of ${count(span.last)}`);
      range.setAttribute('aria-valuetext', label.textContent);
      setText(back, live ? 'Go Live' : 'Go to Last');
      back.hidden = held === null;
    },
  };
}
