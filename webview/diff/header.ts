/** The top of the diff page: the two models, the verdict on their error rates, and the buttons. */

import './header.css';
import type { DiffState, FromDiff } from '../../src/protocol/views/diff.ts';
import type { ModelName } from '../../src/protocol/views/evaluation.ts';
import { button, progressRing } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import type { Known } from '../ui/knownState.ts';
import { verdictOf } from './verdict.ts';

export interface Header {
  readonly element: HTMLElement;
  readonly update: (known: Known<DiffState>) => void;
}

export function header(post: (request: FromDiff) => void, onCopy: () => void): Header {
  const models = make('div', { class: 'models' });
  const verdict = make('section', { class: 'verdict', 'aria-label': 'Error rates' });
  const problem = make('p', { class: 'error', role: 'alert' });
  const busyText = make('span');
  const busy = make('div', { class: 'busy', role: 'status' }, progressRing('Working'), busyText);
  const compareSpeech = (): void => post({ kind: 'compareSpeech' });
  const speech = button({ label: 'Compare on Speech…', primary: true, onClick: compareSpeech });
  const otherSpeech = button({ label: 'Compare on Other Speech…', onClick: compareSpeech });
  const again = button({ label: 'Compare Again', onClick: () => post({ kind: 'again' }) });
  const copy = button({ label: 'Copy as Text', title: 'Tab-separated, for spreadsheets', onClick: onCopy });
  const buttons = make('div', { class: 'buttons' }, speech, otherSpeech, again, copy);
  return {
    element: make('header', {}, models, verdict, problem, busy, buttons),
    update(known) {
      const { a, b, result, problem: wrong } = known;
      if (a && b) models.replaceChildren(card('A', a, post), card('B', b, post));
      problem.hidden = wrong === null;
      setText(problem, wrong ?? '');
      busy.hidden = known.busy === null;
      setText(busyText, known.busy ?? '');
      for (const control of [speech, otherSpeech, again]) control.disabled = known.busy !== null;
      speech.hidden = result?.recognition !== null;
      otherSpeech.hidden = !result?.recognition;
      copy.hidden = result === null;
      verdict.hidden = result === null;
      if (result) drawVerdict(result.recognition);
    },
  };

  function drawVerdict(recognition: NonNullable<DiffState['result']>['recognition']): void {
    verdict.className = `verdict ${recognition?.verdict ?? 'unknown'}`;
    if (recognition === null) {
      verdict.replaceChildren(
        make('p', {}, 'The error rates are unknown: the two models have not been evaluated on the same speech.'),
      );
      return;
    }
    const { headline, evidence } = verdictOf(recognition);
    verdict.replaceChildren(
      make('p', { class: 'headline' }, headline),
      ...evidence.map((sentence) => make('p', { class: 'quiet' }, sentence)),
    );
  }
}

function card(name: 'A' | 'B', { title, path }: ModelName, post: (request: FromDiff) => void): HTMLElement {
  const side = name === 'A' ? 'a' : 'b';
  const open = button({
    label: 'Evaluation',
    title: `Open the evaluation of ${name}`,
    onClick: () => post({ kind: 'evaluate', side }),
  });
  open.setAttribute('aria-label', `Evaluation of ${name}`);
  return make(
    'div',
    { class: 'model' },
    make('span', { class: 'letter', 'aria-hidden': 'true' }, name),
    make(
      'div',
      { class: 'names' },
      make('h1', {}, make('span', { class: 'spoken' }, `${name}: `), title),
      make('p', { class: 'quiet' }, path),
    ),
    open,
  );
}
