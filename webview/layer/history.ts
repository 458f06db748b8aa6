/** The layer's sparsity and threshold over the run's steps: as charts, and as a table for screen readers. */

import { count, percent, significant } from '../../src/base/format.ts';
import type { LayerState } from '../../src/protocol/views/layer.ts';
import { lineChart } from '../ui/chart/chart.ts';
import { make } from '../ui/dom.ts';
import { sortableTable } from '../ui/table/table.ts';
import { historyRows, type HistoryRow } from './store.ts';

export interface HistoryView {
  readonly element: HTMLElement;
  readonly update: (known: LayerState) => void;
}

const height = 200;

/** Milliseconds between two drawings: charts of a thousand points need not follow twenty steps a second. */
const redraw = 200;

/** Rows of the table: enough to show the course. */
const tableRows = 25;

export function historyView(): HistoryView {
  const sparsity = lineChart({
    label: 'Sparsity of the layer over the steps',
    height,
    xLabel: 'Step',
    range: [0, 1],
    sync: 'step',
    lines: [
      { label: 'This layer', colour: '--vscode-charts-blue', format: (value) => percent(value, 0) },
      { label: 'All gated layers', colour: '--vscode-charts-green', format: (value) => percent(value, 0) },
      { label: 'Target', colour: '--vscode-descriptionForeground', dashed: true, format: (value) => percent(value, 0) },
    ],
  });
  const threshold = lineChart({
    label: 'Threshold of the layer over the steps',
    height,
    xLabel: 'Step',
    sync: 'step',
    lines: [{ label: 'Threshold, × RMS before training', colour: '--vscode-charts-yellow', format: significant }],
  });
  const table = sortableTable<HistoryRow>({
    label: 'Sparsity and threshold of the layer over the steps',
    sort: { column: 'step', direction: 'descending' },
    columns: [
      { id: 'step', title: 'Step', numeric: true, value: ({ step }) => step, cell: ({ step }) => count(step) },
      percentColumn('sparsity', 'Sparsity'),
      percentColumn('sparsityTarget', 'Target'),
      {
        id: 'threshold',
        title: 'Threshold',
        description: 'In units of the layer’s root-mean-square weight before training',
        numeric: true,
        value: (row) => row.threshold,
        cell: (row) => significant(row.threshold),
      },
      { id: 'loss', title: 'Loss', numeric: true, value: ({ loss }) => loss, cell: ({ loss }) => significant(loss) },
    ],
  });
  const numbers = make('details', {}, make('summary', {}, 'Numbers'), table.element);
  const none = make('p', { class: 'quiet' }, 'No step is finished yet.');
  const noThreshold = make('p', { class: 'quiet' }, '– This run has no thresholds.');
  const charts = make(
    'div',
    { class: 'charts' },
    make('figure', {}, make('figcaption', {}, 'Sparsity'), sparsity.element),
    make('figure', {}, make('figcaption', {}, 'Threshold'), threshold.element, noThreshold),
  );
  const hint = make('p', { class: 'quiet hint' }, 'Drag to zoom, double-click to reset.');
  const element = make('section', {}, make('h2', {}, 'Over the run'), none, charts, hint, numbers);
  let current: LayerState = {};
  let drawn = -Infinity;
  let waiting = false;
  numbers.addEventListener('toggle', () => draw());

  return {
    element,
    update(known) {
      current = known;
      element.hidden = !known.series;
      if (waiting) return;
      waiting = true;
      setTimeout(() => draw(), Math.max(0, drawn + redraw - performance.now()));
    },
  };

  function draw(): void {
    waiting = false;
    drawn = performance.now();
    const { series } = current;
    const empty = !series || series.count === 0;
    none.hidden = !empty;
    for (const part of [charts, hint, numbers]) part.hidden = empty;
    if (empty) return;
    const rows = (values: Float32Array | Float64Array): Float32Array | Float64Array => values.subarray(0, series.count);
    const steps = rows(series.steps);
    sparsity.setData(steps, [rows(series.sparsities), rows(series.sparsity), rows(series.sparsityTarget)]);
    const thresholds = rows(series.thresholds);
    threshold.element.hidden = thresholds.every(Number.isNaN);
    noThreshold.hidden = !threshold.element.hidden;
    threshold.setData(steps, [thresholds]);
    if (numbers.open) table.setRows(historyRows(current, tableRows));
  }
}

function percentColumn(id: 'sparsity' | 'sparsityTarget', title: string) {
  return {
    id,
    title,
    numeric: true,
    value: (row: HistoryRow) => row[id],
    cell: (row: HistoryRow) => percent(row[id]),
  };
}
