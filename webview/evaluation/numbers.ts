/** The numbers of an evaluation: the few that matter most in large, and all of them in a table. */

import './numbers.css';
import { make } from '../ui/dom.ts';
import { ratioText, type Figure } from './figures.ts';

/** Shown in large, in this order. */
const headlines = ['wer', 'cer', 'gatedSparsity', 'gzipped', 'realTimeFactor'];

export interface Numbers {
  readonly element: HTMLElement;
  /** @param title of the model. @param originalTitle of the dense original. */
  readonly update: (rows: readonly Figure[], title: string, originalTitle: string) => void;
}

export function numbers(): Numbers {
  const tiles = make('ul', { class: 'tiles', 'aria-label': 'Main results' });
  const table = make('table', { class: 'figures' });
  const element = make('section', { 'aria-label': 'Results' }, tiles, make('h2', {}, 'All numbers'), table);
  return {
    element,
    update(rows, title, originalTitle) {
      const compared = rows.some(({ original }) => original !== undefined);
      const large = headlines.map((id) => rows.find((row) => row.id === id)).filter((row) => row !== undefined);
      tiles.replaceChildren(...large.map((row, index) => tile(row, index === 0)));
      table.replaceChildren(head(title, compared ? originalTitle : undefined), body(rows, compared));
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
          { class: 'quiet number' },
          ratio === undefined ? `original ${original}` : `${ratioText(ratio)} the original’s ${original}`,
        ),
  );
}

function head(title: string, originalTitle: string | undefined): HTMLElement {
  const cells =
    originalTitle === undefined
      ? [heading(title)]
      : [heading(title), heading(originalTitle, 'The model that was pruned'), heading('Ratio')];
  return make(
    'thead',
    {},
    make('tr', {}, make('th', { scope: 'col' }, make('span', { class: 'spoken' }, 'Measure')), ...cells),
  );
}

function heading(text: string, description?: string): HTMLElement {
  return make('th', { scope: 'col', class: 'number', title: description }, text);
}

function body(rows: readonly Figure[], compared: boolean): HTMLElement {
  const lines = rows.map(({ id, title, description, part, text, original, ratio }) =>
    make(
      'tr',
      { class: part ? 'part' : undefined, 'data-measure': id },
      make('th', { scope: 'row', title: description }, title),
      make('td', { class: 'number' }, text),
      ...(compared
        ? [make('td', { class: 'number' }, original ?? '–'), make('td', { class: 'number' }, ratioText(ratio))]
        : []),
    ),
  );
  return make('tbody', {}, ...lines);
}
