/** A sortable table below a text filter and a checkbox, and the number of rows that pass both. */

import { checkbox, textField } from '../controls.ts';
import { make, oncePerFrame, setText } from '../dom.ts';
import { filterSummary, passes, type FilteredView } from './tableFilter.ts';
import { sortableTable, type TableOptions } from './table.ts';

export interface FilteredTableOptions<Row> extends Omit<TableOptions<Row>, 'sort' | 'onSort'> {
  readonly view: FilteredView;
  /** Called with each change of the order, the text or the checkbox. */
  readonly onView: (view: FilteredView) => void;
  /** The text field. `text` is the part of a row that the filter searches, in lower case. */
  readonly filter: { readonly label: string; readonly placeholder: string; readonly text: (row: Row) => string };
  /** The checkbox. `keeps` tells whether a row stays when it is checked. */
  readonly only: { readonly label: string; readonly keeps: (row: Row) => boolean };
  /** One row and many rows in words: `layer`, `layers`. */
  readonly noun: readonly [one: string, many: string];
  /** Called before rows leave the page or move. */
  readonly beforeDraw?: () => void;
}

export interface FilteredTable<Row> {
  /** Text field, checkbox and number of rows, in one line. */
  readonly filter: HTMLElement;
  readonly table: HTMLElement;
  /** @param total how many rows there will be. Default: those given. */
  readonly setRows: (rows: readonly Row[], total?: number) => void;
  /** Sets the text of the filter. */
  readonly find: (text: string) => void;
}

export function filteredTable<Row>(options: FilteredTableOptions<Row>): FilteredTable<Row> {
  const { onView, filter, only, noun, beforeDraw } = options;
  let { view } = options;
  let rows: readonly Row[] = [];
  let total = 0;
  const summary = make('span', { class: 'quiet', role: 'status' });
  const table = sortableTable<Row>({
    ...options,
    sort: view.sort,
    onSort(sort) {
      beforeDraw?.();
      change({ sort });
    },
  });
  const draw = oncePerFrame(() => {
    beforeDraw?.();
    const shown = rows.filter((row) => passes(view, filter.text(row), only.keeps(row)));
    table.setRows(shown);
    setText(summary, filterSummary(noun, { shown: shown.length, read: rows.length, total }));
  });
  const field = textField({ ...filter, value: view.text, onInput: filterBy });
  const box = checkbox({
    label: only.label,
    checked: view.only,
    onChange(checked) {
      change({ only: checked });
      draw();
    },
  });
  return {
    filter: make('div', { class: 'filter' }, field, box, summary),
    table: table.element,
    setRows(next, all = next.length) {
      rows = next;
      total = all;
      draw();
    },
    find(text) {
      field.value = text;
      filterBy(text);
    },
  };

  function filterBy(text: string): void {
    change({ text });
    draw();
  }

  function change(part: Partial<FilteredView>): void {
    view = { ...view, ...part };
    onView(view);
  }
}
