/** The heatmap: one cell for each layer, coloured by its sparsity and updated in place. */

import { percent } from '../../../src/base/format.ts';
import '../grid.css';
import { make } from '../../ui/dom.ts';
import { onThemeChange } from '../../ui/theme.ts';
import type { Shade } from '../../ui/sparsity/colourScale.ts';
import { themeShades } from '../../ui/sparsity/shades.ts';
import { gridLayout, type GridGroup } from '../../ui/layers/gridLayout.ts';
import { tableOf } from './gridTable.ts';
import { initials } from '../../ui/layers/layerLabels.ts';
import { moveFocus, type GridMove } from './gridMove.ts';

export interface HeatmapGrid {
  readonly element: HTMLElement;
  /** Builds the cells again if the layers have changed. */
  readonly setLayers: (names: readonly string[]) => void;
  /** @param sparsities by layer, fractions; NaN where unknown. @param step written to each cell as `data-step`. */
  readonly update: (sparsities: ArrayLike<number>, step: number | null) => void;
  readonly focusLayer: (name: string) => void;
}

export interface GridEvents {
  readonly onOpen?: (layer: number) => void;
  /** The layer under the mouse, otherwise the one with the keyboard focus; undefined without one. */
  readonly onPoint?: (layer: number | undefined, cell: HTMLElement | undefined) => void;
  readonly onFocus?: (layer: number) => void;
}

/** A cell and its present content: only changes are written. */
interface Cell {
  readonly element: HTMLElement;
  readonly number: Text;
  percent: number;
  step: string;
}

const notKnown = -1;

/** Pixels: width of a column with two digits, and width of the row numbers. */
const roomForText = 19;
const roomForNumbers = 28;

/** @param label for screen readers. */
export function heatmapGrid(label: string, events: GridEvents = {}): HeatmapGrid {
  const element = make('div', { class: 'heatmap', role: 'group', 'aria-label': label });
  let names: readonly string[] = [];
  let cells: Cell[] = [];
  /** Rows of layers over all tables, for the arrow keys. */
  let rows: (number | undefined)[][] = [];
  let shades = themeShades();
  let tables: { readonly table: HTMLElement; readonly columns: number }[] = [];

  new ResizeObserver(() => fit()).observe(element);
  onThemeChange(() => {
    shades = themeShades();
    for (const cell of cells) paint(cell, shades);
  });
  element.addEventListener('click', (event) => {
    const layer = layerOf(event.target);
    if (layer === undefined) return;
    focus(layer);
    events.onOpen?.(layer);
  });
  element.addEventListener('keydown', onKey);
  element.addEventListener('focusin', (event) => {
    const layer = layerOf(event.target);
    if (layer === undefined) return;
    makeTabStop(layer);
    events.onFocus?.(layer);
    point(layer);
  });
  element.addEventListener('focusout', () => point(undefined));
  element.addEventListener('pointerover', (event) => {
    const layer = layerOf(event.target);
    if (layer !== undefined) point(layer);
  });
  element.addEventListener('pointerleave', () => point(layerOf(document.activeElement)));

  return {
    element,
    setLayers(next) {
      if (next.length === names.length && next.every((name, at) => name === names[at])) return;
      names = next;
      build(gridLayout(names));
    },
    update(sparsities, step) {
      const stepText = step === null ? '' : String(step);
      for (const [layer, cell] of cells.entries()) {
        const share = sparsities[layer] ?? NaN;
        const now = Number.isNaN(share) ? notKnown : Math.round(100 * Math.min(1, Math.max(0, share)));
        if (cell.percent !== now) {
          cell.percent = now;
          paint(cell, shades);
          cell.number.data = now === notKnown ? '' : String(now);
          cell.element.setAttribute('aria-label', `${names[layer] ?? ''}, ${describe(share)}`);
        }
        if (cell.step !== stepText) {
          cell.step = stepText;
          cell.element.dataset['step'] = stepText;
        }
      }
    },
    focusLayer(name) {
      const layer = names.indexOf(name);
      if (layer >= 0) makeTabStop(layer);
    },
  };

  function build(groups: readonly GridGroup[]): void {
    cells = names.map((name, layer) => {
      const number = document.createTextNode('');
      const attributes = { 'data-layer': name, 'data-index': layer, 'aria-label': name };
      return {
        element: make('td', { role: 'gridcell', tabindex: -1, class: 'cell', ...attributes }, make('div', {}, number)),
        number,
        percent: notKnown,
        step: '',
      };
    });
    rows = groups.flatMap((group) => group.rows.map((row) => [...row.cells]));
    const titled = groups.length > 1;
    tables = groups.map((group) => ({
      table: tableOf(group, titled, (layer) => cells[layer]?.element),
      columns: group.columns.length,
    }));
    element.replaceChildren(...tables.map(({ table }) => table));
    fit();
    const first = rows[0]?.find((layer) => layer !== undefined);
    if (first !== undefined) makeTabStop(first);
  }

  /** Where two digits do not fit, only the colour is shown. */
  function fit(): void {
    const width = element.clientWidth - roomForNumbers;
    for (const { table, columns } of tables) {
      table.classList.toggle('narrow', width / columns < roomForText);
      for (const title of table.querySelectorAll<HTMLElement>('.parts span')) {
        const whole = title.dataset['title'] ?? '';
        title.textContent = whole;
        if (title.scrollWidth > title.clientWidth) title.textContent = initials(whole);
      }
    }
  }

  function onKey(event: KeyboardEvent): void {
    const from = layerOf(event.target);
    if (from === undefined) return;
    if (event.key === 'Enter' || event.key === ' ') events.onOpen?.(from);
    else if (event.key === 'Escape') point(undefined);
    else if (Object.hasOwn(moves, event.key)) {
      const to = moveFocus(rows, from, moves[event.key] ?? 'left', event.ctrlKey || event.metaKey);
      if (to !== undefined) focus(to);
    } else return;
    event.preventDefault();
  }

  function focus(layer: number): void {
    cells[layer]?.element.focus();
  }

  function makeTabStop(layer: number): void {
    for (const [at, cell] of cells.entries()) cell.element.tabIndex = at === layer ? 0 : -1;
  }

  function point(layer: number | undefined): void {
    events.onPoint?.(layer, layer === undefined ? undefined : cells[layer]?.element);
  }
}

const moves: Readonly<Record<string, GridMove>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

function paint({ element, percent: share }: Cell, shades: readonly Shade[]): void {
  const shade = shades[share];
  element.style.backgroundColor = shade?.background ?? '';
  element.style.color = shade?.text ?? '';
}

function describe(share: number): string {
  return Number.isNaN(share) ? 'sparsity not known' : `sparsity ${percent(share, 0)}`;
}

function layerOf(target: EventTarget | null): number | undefined {
  if (!(target instanceof HTMLElement)) return undefined;
  const index = target.closest<HTMLElement>('.cell')?.dataset['index'];
  return index === undefined ? undefined : Number(index);
}
