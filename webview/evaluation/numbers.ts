/** The numbers of an evaluation: the most important ones in large type, and all of them in a table. */

import './numbers.css';
import { make } from '../ui/dom.ts';
import { groups, ratioText, type Figure } from './figures.ts';

/** Shown in large type, in this order. */
const headlines = ['wer', 'cer', 'gatedSparsity', 'gzipped', 'realTimeFactor'];

export interface Numbers {
  readonly element: HTMLElement;
  readonly update: (rows: readonly Figure[]) => void;
}

export function numbers(): Numbers {
  const tiles = make('ul', { class: 'tiles', 'aria-label': 'Main results' });
  const tables = make('div', { class: 'figures' });
  return {
    element: make('section', { 'aria-label': 'Results' }, tiles, tables),
    update(rows) {
      const large = headlines.map((id) => rows.find((row) => row.id === id)).filter((row) => row !== undefined);
      tiles.replaceChildren(...large.map((row, index) => tile(row, index === 0)));
      tables.replaceChildren(
        ...groups.map((group) =>
          table(
            group,
            rows.filter((row) => row.group === group),
          ),
        ),
      );
    },
  };
}

function tile({ id, title, description, text, original, ratio }: Figure, first: boolean): HTMLElement {
  return make(
    'li',
    { class: first ? 'tile first' : 'tile', title: description, 'data-measure': id },
    make('span', { class: 'tile-title' }, title),
    make('strong', { class: 'tile-value number' }, text),
    original === undefined
      ? undefined
      : make(
          'span',
          { class: 'tile-original quiet' },
          make('span', {}, `original ${original}`),
          ratio === undefined ? undefined : make('span', {}, ratioText(ratio)),
        ),
  );
}

function table(group: string, rows: readonly Figure[]): HTMLElement {
  const compared = rows.some(({ original }) => original !== undefined);
  const titles = compared ? ['This model', 'Original', 'Ratio'] : ['This model'];
  const heading = (text: string): HTMLElement => make('th', { scope: 'col', class: 'number' }, text);
  return make(
    'table',
    {},
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, group), ...titles.map(heading))),
    make('tbody', {}, ...rows.map((row) => line(row, compared))),
  );
}

function line({ id, title, description, part, text, original, ratio }: Figure, compared: boolean): HTMLElement {
  const cell = (content: string): HTMLElement => make('td', { class: 'number' }, content);
  return make(
    'tr',
    { class: part ? 'part' : undefined, 'data-measure': id },
    make('th', { scope: 'row', title: description }, title),
    cell(text),
    ...(compared ? [cell(original ?? '–'), cell(ratioText(ratio))] : []),
  );
}
