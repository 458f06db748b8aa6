/** The utterances, most errors first: alignment, filter and audio. */

import { count, percent } from '../../src/base/format.ts';
import './utterances.css';
import type { UtteranceRow } from '../../src/protocol/views/evaluation.ts';
import { alignmentElement, alignmentLegend } from '../ui/alignment.ts';
import { make } from '../ui/dom.ts';
import { filteredTable } from '../ui/table/filteredTable.ts';
import type { FilteredView } from '../ui/table/tableFilter.ts';
import type { Player } from './player.ts';

/** Most errors first. */
export const firstView: FilteredView = {
  sort: { column: 'errors', direction: 'descending' },
  text: '',
  only: false,
};

export interface Utterances {
  readonly element: HTMLElement;
  /** @param total number of utterances in the result. */
  readonly add: (rows: readonly UtteranceRow[], total: number) => void;
  readonly clear: () => void;
}

interface Row extends UtteranceRow {
  readonly index: number;
  /** The text that the filter searches, in lower case. */
  readonly haystack: string;
}

export function utterances(view: FilteredView, player: Player, onView: (view: FilteredView) => void): Utterances {
  let rows: Row[] = [];
  const list = filteredTable<Row>({
    label: 'Utterances',
    pageSize: 50,
    empty: 'No utterance fits the filter.',
    noun: ['utterance', 'utterances'],
    view,
    onView,
    filter: {
      label: 'Filter utterances',
      placeholder: 'Filter by words or name',
      text: ({ haystack }) => haystack,
    },
    only: { label: 'Only with errors', keeps: ({ errors }) => errors > 0 },
    beforeDraw: () => player.stop(),
    columns: [
      {
        id: 'errors',
        title: 'Errors',
        description: 'Errors, and words of the reference: characters or phones where the model writes these',
        numeric: true,
        value: ({ errors }) => errors,
        cell: ({ errors, words }) =>
          make('span', {}, make('b', {}, count(errors)), make('span', { class: 'quiet' }, ` of ${count(words)}`)),
      },
      {
        id: 'rate',
        title: 'Error rate',
        description: 'Errors of this utterance, divided by what the reference has',
        numeric: true,
        value: ({ errors, words }) => errors / Math.max(1, words),
        cell: ({ errors, words }) => (words === 0 ? '–' : percent(errors / words, 0)),
      },
      {
        id: 'id',
        title: 'Utterance',
        value: ({ id }) => id,
        cell: (row) =>
          make(
            'div',
            { class: 'utterance' },
            make('div', { class: 'utterance-id quiet' }, row.id),
            alignmentElement(row),
            make('div', { class: 'player' }),
          ),
      },
      {
        id: 'seconds',
        title: 'Length',
        numeric: true,
        value: ({ seconds }) => seconds,
        cell: ({ seconds }) => (seconds === null ? '–' : `${seconds.toFixed(1)} s`),
      },
      {
        id: 'sound',
        title: 'Sound',
        value: ({ audible }) => Number(audible),
        cell: ({ index, id, audible }) => (audible ? player.control(index, id) : make('span', { class: 'quiet' }, '–')),
      },
    ],
  });
  return {
    element: make(
      'section',
      { 'aria-label': 'Utterances' },
      make('h2', {}, 'Utterances'),
      list.filter,
      alignmentLegend(),
      list.table,
    ),
    add(more, total) {
      const first = rows.length === 0;
      rows.push(...more.map((row, i) => ({ ...row, index: rows.length + i, haystack: haystackOf(row) })));
      // The first piece holds the worst utterances, which are visible at once. The pieces between would be drawn over.
      if (first || rows.length === total) list.setRows(rows, total);
    },
    clear() {
      rows = [];
      list.setRows(rows);
    },
  };
}

function haystackOf({ id, reference, hypothesis }: UtteranceRow): string {
  return `${id}\n${reference}\n${hypothesis}`.toLowerCase();
}
