/** The utterances with more or fewer errors in B, with the alignments of both models. */

import { count } from '../../src/base/format.ts';
import './utterances.css';
import type { AlignedUtterance, DiffRecognition } from '../../src/protocol/views/diff.ts';
import type { AlignedText } from '../../src/protocol/views/alignedText.ts';
import { alignmentElement, alignmentLegend } from '../ui/alignment.ts';
import { dropdown } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import { sortableTable } from '../ui/table/table.ts';

const choices = [
  { value: 'all', label: 'All changes' },
  { value: 'more', label: 'More errors in B' },
  { value: 'fewer', label: 'Fewer errors in B' },
] as const;

export interface ChangedUtterances {
  readonly element: HTMLElement;
  readonly update: (recognition: DiffRecognition) => void;
}

export function changedUtterances(): ChangedUtterances {
  let wanted: string = 'all';
  let all: readonly AlignedUtterance[] = [];
  const summary = make('p');
  const table = sortableTable<AlignedUtterance>({
    label: 'Utterances that changed',
    pageSize: 50,
    sort: { column: 'order', direction: 'ascending' },
    empty: 'No utterance changed in this way.',
    columns: [
      {
        id: 'change',
        title: 'Change',
        description: 'Errors in B minus errors in A',
        numeric: true,
        value: change,
        cell: (row) => make('b', {}, change(row) > 0 ? `+${change(row)}` : `−${-change(row)}`),
      },
      { id: 'a', title: 'Errors A', numeric: true, value: ({ a }) => a.errors },
      { id: 'b', title: 'Errors B', numeric: true, value: ({ b }) => b.errors },
      {
        id: 'id',
        title: 'Utterance',
        value: ({ id }) => id,
        cell: ({ id, a, b }) =>
          make('div', { class: 'utterance' }, make('div', { class: 'quiet' }, id), heard('A', a), heard('B', b)),
      },
    ],
  });
  const filter = dropdown({
    label: 'Which utterances',
    choices,
    value: wanted,
    onChange(value) {
      wanted = value;
      draw();
    },
  });
  return {
    element: make(
      'section',
      { 'aria-label': 'Utterances that changed' },
      make('h2', {}, 'Utterances that changed'),
      summary,
      make('div', { class: 'filter' }, filter, alignmentLegend()),
      table.element,
    ),
    update({ changed, fewer, more, utterances }) {
      all = changed;
      const left = fewer + more - changed.length;
      setText(
        summary,
        `B makes more errors than A in ${count(more)} of ${count(utterances)} utterances, and fewer in ${count(fewer)}.${
          left > 0 ? ` The ${count(changed.length)} that changed most are shown.` : ''
        }`,
      );
      draw();
    },
  };

  function draw(): void {
    table.setRows(
      wanted === 'all' ? all : all.filter((row) => (wanted === 'more' ? change(row) > 0 : change(row) < 0)),
    );
  }
}

function change({ a, b }: AlignedUtterance): number {
  return b.errors - a.errors;
}

function heard(name: string, text: AlignedText): HTMLElement {
  return make('div', { class: 'heard-by' }, make('b', { class: 'quiet' }, name), alignmentElement(text));
}
