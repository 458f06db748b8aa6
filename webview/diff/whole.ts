/** The whole models: a table of their totals, and the operators whose counts differ. */

import { count } from '../../src/base/format.ts';
import './whole.css';
import type { DiffResult } from '../../src/protocol/views/diff.ts';
import { make } from '../ui/dom.ts';
import { totalsRows } from './totals.ts';

export interface Whole {
  readonly element: HTMLElement;
  readonly update: (result: DiffResult) => void;
}

export function whole(): Whole {
  const tables = make('div', { class: 'whole' });
  return {
    element: make('section', { 'aria-label': 'Whole model' }, make('h2', {}, 'Whole model'), tables),
    update(result) {
      const { operators, vectors } = result;
      const rows = totalsRows(result).map(({ id, title, a, b, change }) => ({ id, cells: [title, a, b, change] }));
      const nodes = operators.map(({ operator, a, b }) => ({
        id: operator,
        cells: [operator, count(a), count(b), b > a ? `+${count(b - a)}` : `−${count(a - b)}`],
      }));
      tables.replaceChildren(
        table(['', 'A', 'B', 'B against A'], rows),
        make(
          'div',
          {},
          operators.length === 0
            ? make('p', { class: 'quiet' }, 'Both have the same operators.')
            : table(['Operator', 'A', 'B', 'Change'], nodes),
          make(
            'p',
            { class: 'quiet' },
            `${count(vectors.total)} biases and norms: ${vectors.differ === 0 ? 'none differs' : `${count(vectors.differ)} differ`}.`,
          ),
        ),
      );
    },
  };
}

function table(titles: readonly string[], rows: readonly { id: string; cells: readonly string[] }[]): HTMLElement {
  const head = titles.map((title, i) => make('th', { scope: 'col', class: i === 0 ? undefined : 'number' }, title));
  const lines = rows.map(({ id, cells: [title = '', ...values] }) =>
    make(
      'tr',
      { 'data-measure': id },
      make('th', { scope: 'row' }, title),
      ...values.map((value) => make('td', { class: 'number' }, value)),
    ),
  );
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...lines));
}
