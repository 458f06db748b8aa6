/** The tables of the heatmap: one for each group of layers, with row and column headings. */

import { make } from '../../ui/dom.ts';
import type { GridGroup } from '../../ui/layers/gridLayout.ts';

/** @param titled whether the group's name is shown, where there are several. @param cellOf the cell of a layer, made by the caller. */
export function tableOf(
  group: GridGroup,
  titled: boolean,
  cellOf: (layer: number) => HTMLElement | undefined,
): HTMLTableElement {
  const { title, columns, rows } = group;
  const name = title === '' ? 'Other layers' : title;
  const table = make('table', {
    role: 'grid',
    'aria-label': name,
    class: title === '' ? 'single' : rows.length > 24 ? 'many' : rows.length <= 8 ? 'few' : undefined,
  });
  if (titled) table.append(make('caption', {}, name));
  const numbers = make('col');
  // A layer outside blocks has its whole name in place of a number.
  numbers.style.width =
    title === '' ? '60%' : `${rows.reduce((most, { label }) => Math.max(most, label.length), 1) + 1}ch`;
  table.append(make('colgroup', {}, numbers));
  if (columns.length > 1) table.append(headOf(group));
  table.append(
    make(
      'tbody',
      {},
      ...rows.map(({ label, cells }) =>
        make(
          'tr',
          { role: 'row' },
          make('th', { scope: 'row', role: 'rowheader', title: label }, label),
          ...cells.map((layer) => (layer === undefined ? make('td', { class: 'none' }) : cellOf(layer))),
        ),
      ),
    ),
  );
  return table;
}

function headOf({ parts, columns }: GridGroup): HTMLElement {
  const head = make('thead');
  if (parts.some(({ title }) => title !== '')) {
    head.append(
      make(
        'tr',
        { class: 'parts', role: 'row' },
        make('td'),
        ...parts.map(({ title, span }) =>
          make(
            'th',
            { colspan: span, scope: 'colgroup', role: 'columnheader', title },
            make('span', { 'data-title': title.replaceAll('_', ' ') }),
          ),
        ),
      ),
    );
  }
  head.append(
    make(
      'tr',
      { class: 'kinds', role: 'row' },
      make('td'),
      ...columns.map(({ kind, label }) =>
        make('th', { scope: 'col', role: 'columnheader', title: kind }, make('span', {}, label)),
      ),
    ),
  );
  return head;
}
