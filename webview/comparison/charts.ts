/** The curves of several runs laid over each other. */

import { percent } from '../../src/base/format.ts';
import { curveOf } from '../../src/protocol/course.ts';
import type { ComparedRun } from '../../src/protocol/views/comparison.ts';
import { curveCharts } from '../run/curves.ts';
import { axisOf, type AxisKind } from '../run/axis.ts';
import { figure } from '../run/figure.ts';
import { smoothed } from '../run/smooth.ts';
import { lineChart, type ZoomableChart } from '../ui/chart/chart.ts';
import type { ChartTable } from '../ui/chart/chartTable.ts';
import type { Zoom } from '../ui/chart/chartZoom.ts';
import { make } from '../ui/dom.ts';
import { lookOf } from './colours.ts';
import { atAllPlaces, onOneGrid, type Sampled } from './resample.ts';

export type PlacedRun = readonly [place: number, run: ComparedRun];

export interface ComparedCharts {
  readonly element: HTMLElement;
  /** @param runs with their places among all that are compared, which have their colours. */
  readonly update: (runs: readonly PlacedRun[], kind: AxisKind) => void;
}

interface Shown {
  readonly id: string;
  readonly title: string;
  readonly format: (value: number) => string;
  readonly range?: readonly [number, number];
  readonly dots: boolean;
  readonly sample: (run: ComparedRun, of: (step: number) => number) => Sampled;
}

const rate: Shown = {
  ...{ id: 'wer', title: 'Error rate on the development data', dots: true },
  format: (value) => percent(value),
  sample: ({ evaluations }, of) => ({
    x: evaluations.map(({ step }) => of(step)),
    values: evaluations.map(({ wer }) => wer),
    count: evaluations.length,
  }),
};

/** The first line of each of a run's charts: one line a run. */
const shown: readonly Shown[] = curveCharts.flatMap((chart): Shown[] => {
  const [line] = chart.lines;
  if (!line) return [];
  const { id, format, range } = chart;
  const own: Shown = {
    ...{ id, format, dots: false, ...(range && { range }) },
    title: chart.lines.length > 1 && id === 'loss' ? line.label : chart.title,
    sample: ({ course }, of) => {
      const { count, steps } = course;
      const { mean } = curveOf(course, line.number);
      return {
        x: Float64Array.from(steps.subarray(0, count), of),
        values: line.noisy ? smoothed(mean, count) : mean.subarray(0, count),
        count,
      };
    },
  };
  return id === 'sparsity' ? [own, rate] : [own];
});

const height = 210;

export function comparedCharts(
  onSave: (name: string, content: string | Uint8Array<ArrayBuffer>) => void,
): ComparedCharts {
  const element = make('div', { class: 'charts' });
  let made = '';
  let charts: { readonly chart: ZoomableChart; readonly none: HTMLElement; readonly table: { now?: ChartTable } }[] =
    [];
  return {
    element,
    update(runs, kind) {
      const key = JSON.stringify([kind, runs.map(([place, { folder }]) => [place, folder])]);
      if (key !== made) {
        made = key;
        build(runs, kind);
      }
      const axes = runs.map(([, { course, stepsPerEpoch }]) => axisOf(kind, course, stepsPerEpoch));
      for (const [at, one] of shown.entries()) {
        const curves = runs.map(([, run], index) => one.sample(run, axes[index]?.of ?? ((step) => step)));
        const { x, lines } = one.dots ? atAllPlaces(curves) : onOneGrid(curves);
        const drawn = charts[at];
        if (!drawn) continue;
        drawn.chart.setData(x, lines);
        drawn.none.hidden = x.length > 0;
        drawn.table.now = {
          ...{ title: one.title, xLabel: axes[0]?.label ?? '', x, range: one.range, format: one.format },
          formatX: axes[0]?.format ?? String,
          lines: runs.map(([place, { name }], index) => ({
            label: name,
            ...lookOf(place),
            dots: one.dots,
            values: lines[index] ?? [],
          })),
        };
      }
    },
  };

  function build(runs: readonly PlacedRun[], kind: AxisKind): void {
    const first = runs[0]?.[1];
    if (!first) return;
    const axis = axisOf(kind, first.course, first.stepsPerEpoch);
    const zoomAll = (to: Zoom | undefined): void => {
      for (const { chart } of charts) chart.zoom(to);
    };
    const figures: HTMLElement[] = [];
    charts = shown.map(({ id, title, format, range, dots }) => {
      const table: { now?: ChartTable } = {};
      const chart = lineChart({
        ...{ label: `${title} of each run`, height, xLabel: axis.label, sync: 'comparison', formatX: axis.format },
        ...(range && { range }),
        wholeX: kind === 'step',
        onZoom: zoomAll,
        lines: runs.map(([place, { name }]) => ({ label: name, ...lookOf(place), dots, format })),
      });
      const none = make('p', { class: 'quiet none' }, 'Nothing measured yet.');
      const save = (extension: string, content: string | Uint8Array<ArrayBuffer>): void =>
        onSave(`comparison ${id}.${extension}`, content);
      const shownIn = figure(title, chart, () => table.now, save);
      shownIn.append(none);
      figures.push(shownIn);
      return { chart, none, table };
    });
    element.replaceChildren(...figures);
  }
}
