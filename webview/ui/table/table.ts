/** A table that sorts by any column, by mouse and keyboard, and shows long lists page by page. */

import './table.css';
import { button } from '../controls.ts';
import { make, setText, type Child } from '../dom.ts';
import { inOrder, type Sort, type SortValue } from './tableOrder.ts';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** The column's meaning, on hover. */
  readonly description?: string;
  /** Numbers are aligned at the end, so that their digits line up. */
  readonly numeric?: boolean;
  /** The value that the rows are sorted by. */
  readonly value: (row: Row) => SortValue;
  /** The content of the cell. Default: the value. */
  readonly cell?: (row: Row) => Child;
}

export interface TableOptions<Row> {
  /** For screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** Number of rows at first, and of those added with each press of the button below. */
  readonly pageSize?: number;
  /** Text in place of rows when there are none. */
  readonly empty?: string;
}

export interface SortableTable<Row> {
  readonly element: HTMLElement;
  readonly setRows: (rows: readonly Row[]) => void;
}

export function sortableTable<Row>(options: TableOptions<Row>): SortableTable<Row> {
  const { columns, pageSize = 200 } = options;
  let rows: readonly Row[] = [];
  let ordered: readonly Row[] = [];
  let sort = options.sort;
  let shown = pageSize;

  const headings = new Map(columns.map((column) => [column.id, heading(column, () => sortBy(column))]));
  const body = make('tbody');
  const more = button({ label: '', onClick: () => showMore() });
  const foot = make('div', { class: 'table-more' }, more);
  const element = make(
    'div',
    { class: 'table' },
    make(
      'div',
      { class: 'table-scroll' },
      make(
        'table',
        { 'aria-label': options.label },
        make('thead', {}, make('tr', {}, ...Array.from(headings.values()))),
        body,
      ),
    ),
    foot,
  );
  draw();
  return {
    element,
    setRows(next) {
      rows = next;
      shown = pageSize;
      draw();
    },
  };

  /** Numbers sort from the largest down at first, words from A on. */
  function sortBy(column: Column<Row>): void {
    const first = column.numeric ? 'descending' : 'ascending';
    const other = column.numeric ? 'ascending' : 'descending';
    sort = { column: column.id, direction: sort.column === column.id && sort.direction === first ? other : first };
    draw();
    options.onSort?.(sort);
  }

  function showMore(): void {
    const first = shown;
    shown += pageSize;
    body.append(...ordered.slice(first, shown).map(rowElement));
    drawFoot();
  }

  function draw(): void {
    const column = columns.find(({ id }) => id === sort.column);
    ordered = column ? inOrder(rows, column.value, sort.direction) : rows;
    for (const [id, element] of headings) {
      element.setAttribute('aria-sort', id === sort.column ? sort.direction : 'none');
    }
    if (rows.length > 0) body.replaceChildren(...ordered.slice(0, shown).map(rowElement));
    else body.replaceChildren(make('tr', {}, make('td', { colspan: columns.length, class: 'quiet' }, options.empty)));
    drawFoot();
  }

  function drawFoot(): void {
    const hidden = ordered.length - shown;
    foot.hidden = hidden <= 0;
    if (hidden > 0) {
      setText(more, `Show ${Math.min(hidden, pageSize)} More of ${hidden.toLocaleString('en')}`);
    }
  }

  function rowElement(row: Row): HTMLTableRowElement {
    return make('tr', {}, ...columns.map((column) => cellElement(column, row)));
  }
}

function heading<Row>(column: Column<Row>, onPress: () => void): HTMLTableCellElement {
  const press = make('button', { type: 'button', title: column.description }, column.title);
  press.addEventListener('click', onPress);
  return make('th', { scope: 'col', class: column.numeric ? 'number' : undefined }, press);
}

function cellElement<Row>(column: Column<Row>, row: Row): HTMLTableCellElement {
  const content = column.cell ? column.cell(row) : String(column.value(row) ?? '');
  return make('td', { class: column.numeric ? 'number' : undefined }, content);
}
