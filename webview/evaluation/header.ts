/** The top of the evaluation page: model, speech, time, and the buttons. */

import { count, counted, duration } from '../../src/base/format.ts';
import type { EvaluationState, FromEvaluation } from '../../src/protocol/views/evaluation.ts';
import { button, dropdown, progressRing, type Button } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import type { Known } from '../ui/knownState.ts';

export interface Header {
  readonly element: HTMLElement;
  readonly update: (known: Known<EvaluationState>) => void;
}

/** @param onCopy copies the numbers to the clipboard. */
export function header(post: (request: FromEvaluation) => void, onCopy: (format: 'text' | 'csv') => void): Header {
  const title = make('h1');
  const path = make('p', { class: 'quiet path' });
  const about = make('p', { class: 'about' });
  const choice = make('div', { class: 'choice' });
  const problem = make('p', { class: 'error', role: 'alert' });
  const changed = make(
    'div',
    { class: 'notice', role: 'status' },
    make('span', {}, 'The model’s file has changed since this was measured.'),
  );
  const ask = (kind: 'evaluateAgain' | 'evaluateOther' | 'evaluateOriginal' | 'diffOriginal' | 'reveal') => () =>
    post({ kind });
  const again = button({ label: 'Evaluate Again', onClick: ask('evaluateAgain') });
  const other = button({ label: 'Evaluate on Other Data…', onClick: ask('evaluateOther') });
  const original = button({ label: 'Evaluate the Original Too', primary: true, onClick: ask('evaluateOriginal') });
  const diff = button({ label: 'Diff with the Original', onClick: ask('diffOriginal') });
  const copy = [
    button({ label: 'Copy as Text', onClick: () => onCopy('text') }),
    button({ label: 'Copy as CSV', onClick: () => onCopy('csv') }),
  ];
  const files = button({
    label: 'Show Files',
    title: 'The hypotheses as JSON lines and as trn files for sclite',
    onClick: ask('reveal'),
  });
  const buttons = make('div', { class: 'buttons' }, original, again, other, diff, ...copy, files);
  const busyText = make('span');
  const busy = make('div', { class: 'busy', role: 'status' }, progressRing('Working'), busyText);
  let choices = '';

  return {
    element: make('header', {}, title, path, about, choice, changed, problem, busy, buttons),
    update(known) {
      const { model, shown, original: from, problem: wrong } = known;
      setText(title, model?.title ?? '');
      setText(path, model?.path ?? '');
      about.hidden = shown === null;
      if (shown) setText(about, describe(shown));
      changed.hidden = shown?.modelChanged !== true;
      problem.hidden = wrong === null;
      setText(problem, wrong ?? '');
      busy.hidden = known.busy === null;
      setText(busyText, known.busy ?? '');
      for (const control of [again, other, original, diff]) setDisabled(control, known.busy !== null);
      for (const control of [again, ...copy, files]) control.hidden = shown === null;
      other.hidden = model === null;
      original.hidden = shown === null || from === null || from.kept !== null;
      diff.hidden = from === null;
      drawChoice(shown);
    },
  };

  /** The choice between several evaluations. */
  function drawChoice(shown: Known<EvaluationState>['shown']): void {
    const now = JSON.stringify([shown?.all, shown?.name]);
    if (now === choices) return;
    choices = now;
    choice.hidden = shown === null || shown.all.length < 2;
    if (choice.hidden || !shown) return;
    const list = dropdown({
      label: 'Test data',
      choices: shown.all.map((name) => ({ value: name, label: name })),
      value: shown.name,
      onChange: (name) => post({ kind: 'show', name }),
    });
    choice.replaceChildren(make('span', { 'aria-hidden': 'true' }, 'Test data'), list);
  }
}

function describe({ data, numbers }: NonNullable<EvaluationState['shown']>): string {
  const { utterances, unit, words, audioSeconds, device, batch, skipped, time } = numbers;
  const when =
    time === undefined
      ? ''
      : `, ${new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}`;
  return [
    `${count(utterances)} ${utterances === 1 ? 'utterance' : 'utterances'} of ${data}: ${counted(words, unit ?? 'word')} in ${duration(audioSeconds)}.`,
    `Measured on ${device}, ${batch === 1 ? 'one utterance at a time' : `${batch} utterances at a time`}${when}.`,
    ...(skipped.length > 0
      ? [
          `${skipped.length} could not be read and count nowhere, first ${skipped[0]?.id ?? ''}: ${skipped[0]?.reason ?? ''}`,
        ]
      : []),
  ].join(' ');
}

function setDisabled(control: Button, disabled: boolean): void {
  control.disabled = disabled;
}
