/** The carpet as a table: the sparsity of each layer at a few steps, for those who read rather than look. */

import { count, percent, significant } from '../../../src/base/format.ts';
import type { Series, StepPoint } from '../../../src/protocol/series.ts';
import type { HeatmapLayer } from '../../../src/protocol/views/heatmap.ts';
import { make } from '../../ui/dom.ts';
import { sortableTable, type SortableTable } from '../../ui/table/table.ts';

export interface CarpetTable {
  readonly element: HTMLDetailsElement;
  /** Draws only while it is open. */
  readonly update: (series: Series, layers: readonly HeatmapLayer[], shown: StepPoint) => void;
}

interface Row {
  readonly name: string;
  readonly parameters: number;
  readonly now: number;
  readonly threshold: number;
  readonly before: readonly number[];
}

/** Quarters of the run that have a column. */
const quarters = [0, 1, 2, 3];

export function carpetTable(onOpen: (layer: string) => void): CarpetTable {
  const place = make('div');
  const element = make('details', {}, make('summary', {}, 'Layers as a table'), place);
  let table: SortableTable<Row> | undefined;
  let made = '';
  let latest: Parameters<CarpetTable['update']> | undefined;
  element.addEventListener('toggle', () => latest && draw(...latest));
  return {
    element,
    update(...next) {
      latest = next;
      draw(...next);
    },
  };

  function draw(series: Series, layers: readonly HeatmapLayer[], shown: StepPoint): void {
    if (!element.open) return;
    const rows = series.count < 2 ? [] : quarters.map((quarter) => Math.floor((quarter * (series.count - 1)) / 4));
    const steps = rows.map((row) => series.steps[row] ?? 0);
    const key = JSON.stringify([steps, shown.step]);
    if (!table || key !== made) {
      made = key;
      table = tableOf(steps, shown.step);
      place.replaceChildren(table.element);
    }
    const across = series.layers.length;
    table.setRows(
      layers.map(({ name, parameters }, layer) => ({
        name,
        parameters,
        now: shown.sparsities[layer] ?? NaN,
        threshold: shown.thresholds[layer] ?? NaN,
        before: rows.map((row) => series.sparsities[row * across + layer] ?? NaN),
      })),
    );
  }

  function tableOf(steps: readonly number[], step: number): SortableTable<Row> {
    return sortableTable<Row>({
      label: 'Sparsity of each layer over the run',
      sort: { column: '', direction: 'ascending' },
      columns: [
        { id: 'name', title: 'Layer', value: ({ name }) => name, cell: ({ name }) => link(name) },
        {
          ...{ id: 'parameters', title: 'Weights', numeric: true },
          value: ({ parameters }) => parameters,
          cell: ({ parameters }) => count(parameters),
        },
        ...steps.map((at, index) => ({
          ...{ id: `before${index}`, title: `Step ${count(at)}`, numeric: true },
          value: ({ before }: Row) => before[index] ?? NaN,
          cell: ({ before }: Row) => percent(before[index] ?? NaN),
        })),
        {
          ...{ id: 'now', title: `Step ${count(step)}`, numeric: true },
          value: ({ now }) => now,
          cell: ({ now }) => percent(now),
        },
        {
          ...{ id: 'threshold', title: 'Threshold', numeric: true },
          description: 'In units of the layer’s root-mean-square weight before training',
          value: ({ threshold }) => threshold,
          cell: ({ threshold }) => significant(threshold),
        },
      ],
    });
  }

  function link(name: string): HTMLElement {
    const button = make('button', { type: 'button', class: 'link mono' }, name);
    button.addEventListener('click', () => onOpen(name));
    return button;
  }
}
