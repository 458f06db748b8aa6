/** The layers: both heatmaps side by side, and a table of the differences. */

import { percent, significant } from '../../src/base/format.ts';
import './layers.css';
import type { LayerDiff } from '../../src/protocol/results/diff.ts';
import { heatmapGrid } from '../heatmap/grid/grid.ts';
import { legend } from '../ui/sparsity/legend.ts';
import { make, setText } from '../ui/dom.ts';
import { filteredTable } from '../ui/table/filteredTable.ts';
import type { Column } from '../ui/table/table.ts';
import type { FilteredView } from '../ui/table/tableFilter.ts';

/** In the order of the model. */
export const firstLayersView: FilteredView = {
  sort: { column: 'order', direction: 'ascending' },
  text: '',
  only: false,
};

export interface Layers {
  readonly element: HTMLElement;
  readonly update: (layers: readonly LayerDiff[]) => void;
}

export function layers(view: FilteredView, onView: (view: FilteredView) => void): Layers {
  let gated: readonly LayerDiff[] = [];
  const detail = make('p', { class: 'detail quiet', 'aria-live': 'off' });
  const grids = (['a', 'b'] as const).map((side) => {
    const name = side.toUpperCase();
    const grid = heatmapGrid(`Sparsity of each layer in ${name}`, {
      onPoint: (layer) => setText(detail, describe(layer === undefined ? undefined : gated[layer])),
      onOpen: (layer) => rows.find(gated[layer]?.name ?? ''),
    });
    return { side, grid, element: make('div', { class: 'side' }, make('h3', {}, name), grid.element) };
  });
  const heatmaps = make(
    'div',
    {},
    make('div', { class: 'sides' }, ...grids.map(({ element }) => element)),
    detail,
    legend(),
  );
  const rows = filteredTable<LayerDiff>({
    label: 'Layers',
    columns,
    empty: 'No layer fits the filter.',
    noun: ['layer', 'layers'],
    view,
    onView,
    filter: { label: 'Filter layers', placeholder: 'Filter by name', text: ({ name }) => name.toLowerCase() },
    only: { label: 'Only gated layers', keeps: ({ gated }) => gated },
  });
  setText(detail, describe(undefined));
  return {
    element: make('section', { 'aria-label': 'Layers' }, make('h2', {}, 'Layers'), heatmaps, rows.filter, rows.table),
    update(next) {
      gated = next.filter((layer) => layer.gated);
      heatmaps.hidden = gated.length === 0;
      for (const { side, grid } of grids) {
        grid.setLayers(gated.map(({ name }) => name));
        const sparsities = gated.map((layer) => layer[side]?.sparsity ?? NaN);
        grid.update(sparsities, null);
      }
      rows.setRows(next);
    },
  };
}

const share = (value: number | null | undefined): string => percent(value ?? NaN);
const threshold = (value: number | null | undefined): string => significant(value ?? NaN);

function describe(layer: LayerDiff | undefined): string {
  if (layer === undefined) return 'Point at a cell to see its layer; click it to find the layer in the table.';
  const { name, a, b, changed } = layer;
  if (!a || !b) return `${name}: only in ${a ? 'A' : 'B'}, sparsity ${share((a ?? b)?.sparsity)}`;
  return `${name}: sparsity ${share(a.sparsity)} in A, ${share(b.sparsity)} in B; weights changed ${share(changed)}`;
}

function numeric(
  id: string,
  title: string,
  description: string,
  value: (layer: LayerDiff) => number | null,
  format: (value: number | null) => string,
): Column<LayerDiff> {
  return { id, title, description, numeric: true, value, cell: (layer) => format(value(layer)) };
}

/** The name, which may wrap after its dots, and the shapes if they differ. */
function nameElement(layer: LayerDiff): HTMLElement {
  const parts = layer.name.split(/(?<=\.)/u).flatMap((part) => [part, make('wbr')]);
  const shape = shapeText(layer);
  return make(
    'div',
    { class: 'layer-name' },
    ...parts,
    shape === undefined ? undefined : make('div', { class: 'quiet' }, shape),
  );
}

/** A difference of fractions in percentage points: `+1.3`, `−1.3`, `0.0`. */
function signed(difference: number): string {
  const text = Math.abs(100 * difference).toFixed(1);
  return Number(text) === 0 ? text : `${difference > 0 ? '+' : '−'}${text}`;
}

/** Undefined if both layers have the same shape. */
function shapeText({ a, b }: LayerDiff): string | undefined {
  const text = (shape: readonly number[]): string => shape.join(' × ');
  if (!a || !b) return a ? `only in A, ${text(a.shape)}` : `only in B, ${text(b?.shape ?? [])}`;
  return text(a.shape) === text(b.shape) ? undefined : `${text(a.shape)} in A, ${text(b.shape)} in B`;
}

function grew({ a, b }: LayerDiff): number | null {
  return a && b ? b.sparsity - a.sparsity : null;
}

const columns: readonly Column<LayerDiff>[] = [
  {
    id: 'name',
    title: 'Layer',
    value: ({ name }) => name,
    cell: nameElement,
  },
  numeric(
    'sparsityA',
    'Sparsity A',
    'Fraction of the layer’s weights that are zero in A',
    ({ a }) => a?.sparsity ?? null,
    share,
  ),
  numeric(
    'sparsityB',
    'Sparsity B',
    'Fraction of the layer’s weights that are zero in B',
    ({ b }) => b?.sparsity ?? null,
    share,
  ),
  numeric('grew', 'Change', 'Sparsity in B minus sparsity in A, in percentage points', grew, (value) =>
    value === null ? '–' : signed(value),
  ),
  numeric(
    'thresholdA',
    'Threshold A',
    'In units of the layer’s root-mean-square weight',
    ({ a }) => a?.threshold ?? null,
    threshold,
  ),
  numeric(
    'thresholdB',
    'Threshold B',
    'In units of the layer’s root-mean-square weight',
    ({ b }) => b?.threshold ?? null,
    threshold,
  ),
  numeric('changed', 'Changed', 'Fraction of the weights that differ', ({ changed }) => changed, share),
  numeric(
    'overlap',
    'Overlap',
    'Weights that are non-zero in both ÷ non-zero in at least one (Jaccard index)',
    ({ overlap }) => overlap,
    share,
  ),
];
