/** The utterances, the worst first: alignment, filter and sound. */

import { count, percent } from '../../src/base/format.ts';
import './utterances.css';
import type { UtteranceRow } from '../../src/protocol/views/evaluation.ts';
import { alignmentElement, alignmentLegend } from '../ui/alignment.ts';
import { checkbox, textField } from '../ui/controls.ts';
import { make, oncePerFrame, setText } from '../ui/dom.ts';
import { sortableTable } from '../ui/table.ts';
import type { Sort } from '../ui/tableOrder.ts';
import type { Player } from './player.ts';

/** How the table is looked at; survives while the page is hidden. */
export interface UtterancesView {
  readonly sort: Sort;
  readonly filter: string;
  readonly onlyErrors: boolean;
}

export const firstView: UtterancesView = {
  sort: { column: 'errors', direction: 'descending' },
  filter: '',
  onlyErrors: false,
};

export interface Utterances {
  readonly element: HTMLElement;
  /** @param total how many there will be. */
  readonly add: (rows: readonly UtteranceRow[], total: number) => void;
  readonly clear: () => void;
}

interface Row extends UtteranceRow {
  readonly index: number;
  /** Where the filter looks. */
  readonly haystack: string;
}

const pageSize = 50;

export function utterances(view: UtterancesView, player: Player, onView: (view: UtterancesView) => void): Utterances {
  let { sort, filter, onlyErrors } = view;
  let rows: Row[] = [];
  let total = 0;
  const summary = make('span', { class: 'quiet', role: 'status' });
  const table = sortableTable<Row>({
    label: 'Utterances',
    pageSize,
    sort,
    empty: 'No utterance fits the filter.',
    onSort(next) {
      player.stop();
      sort = next;
      changed();
    },
    columns: [
      {
        id: 'errors',
        title: 'Errors',
        description: 'Word errors, and words of the reference',
        numeric: true,
        value: ({ errors }) => errors,
        cell: ({ errors, words }) =>
          make('span', {}, make('b', {}, count(errors)), make('span', { class: 'quiet' }, ` of ${count(words)}`)),
      },
      {
        id: 'rate',
        title: 'WER',
        description: 'Word error rate of this utterance',
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
  const draw = oncePerFrame(() => {
    player.stop();
    const shown = rows.filter(fits);
    table.setRows(shown);
    const all = `${count(total)} ${total === 1 ? 'utterance' : 'utterances'}`;
    setText(
      summary,
      rows.length < total ? `Reading ${all}…` : shown.length === total ? all : `${count(shown.length)} of ${all}`,
    );
  });

  const field = textField({
    label: 'Filter utterances',
    placeholder: 'Filter by words or name',
    value: filter,
    onInput(value) {
      filter = value;
      changed();
      draw();
    },
  });
  const box = checkbox({
    label: 'Only with errors',
    checked: onlyErrors,
    onChange(checked) {
      onlyErrors = checked;
      changed();
      draw();
    },
  });
  return {
    element: make(
      'section',
      { 'aria-label': 'Utterances' },
      make('h2', {}, 'Utterances'),
      make('div', { class: 'filter' }, field, box, summary),
      alignmentLegend(),
      table.element,
    ),
    add(more, all) {
      const first = rows.length === 0;
      rows.push(...more.map((row, i) => ({ ...row, index: rows.length + i, haystack: haystackOf(row) })));
      total = all;
      // The first piece has the worst, which are on the screen at once; those between would only be drawn over.
      if (first || rows.length === total) draw();
    },
    clear() {
      rows = [];
      total = 0;
      draw();
    },
  };

  function fits({ errors, haystack }: Row): boolean {
    return (!onlyErrors || errors > 0) && haystack.includes(filter.trim().toLowerCase());
  }

  function changed(): void {
    onView({ sort, filter, onlyErrors });
  }
}

function haystackOf({ id, reference, hypothesis }: UtteranceRow): string {
  return `${id}\n${reference}\n${hypothesis}`.toLowerCase();
}
