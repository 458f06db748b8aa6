/** The curves of a run in charts that share their time axis, zoom and cursor. */

import { percent } from '../../src/base/format.ts';
import { curveOf, type Course } from '../../src/protocol/course.ts';
import type { RunCheckpoint, RunEvaluation, RunEvent } from '../../src/protocol/views/run.ts';
import { lineChart, type ZoomableChart } from '../ui/chart/chart.ts';
import type { ChartTable } from '../ui/chart/chartTable.ts';
import type { Zoom } from '../ui/chart/chartZoom.ts';
import type { Band, Mark } from '../ui/chart/overlays.ts';
import { make } from '../ui/dom.ts';
import type { Axis, AxisKind } from './axis.ts';
import { curveCharts, type CurveChart } from './curves.ts';
import { figure } from './figure.ts';
import { smoothed } from './smooth.ts';

export interface ChartsState {
  readonly name: string;
  readonly course: Course;
  readonly axis: Axis;
  readonly held: number | null;
  /** Whether anything is pruned. */
  readonly gates: boolean;
  readonly events: readonly RunEvent[];
  readonly evaluations: readonly RunEvaluation[];
  readonly checkpoints: readonly RunCheckpoint[];
}

export interface Charts {
  readonly element: HTMLElement;
  readonly update: (state: ChartsState) => void;
  readonly zoom: (to: Zoom | undefined) => void;
  /** Moves the mark of the step that is shown, and nothing else. */
  readonly hold: (axis: Axis, step: number | null) => void;
}

export interface ChartsEvents {
  readonly onZoom: (to: Zoom | undefined) => void;
  readonly onPick: (x: number) => void;
  readonly onSave: (name: string, content: string | Uint8Array<ArrayBuffer>) => void;
}

const height = 190;
const eventColours = {
  alert: '--vscode-charts-red',
  rewind: '--vscode-charts-red',
  resume: '--vscode-charts-yellow',
  rest: '--vscode-charts-yellow',
  removal: '--vscode-charts-purple',
} as const;

/** One chart: made anew for another kind of axis, whose numbers read differently. */
interface Drawn {
  /** Shown only where something is pruned. */
  readonly onlyGates: boolean;
  readonly figure: HTMLElement;
  readonly chart: ZoomableChart;
  readonly draw: (state: ChartsState, marks: readonly Mark[]) => void;
}

export function runCharts(events: ChartsEvents): Charts {
  const element = make('div', { class: 'charts' });
  let kind: AxisKind | undefined;
  let drawn: Drawn[] = [];
  let state: ChartsState | undefined;
  let zoomed: Zoom | undefined;
  const zoomAll = (to: Zoom | undefined): void => {
    zoomed = to;
    for (const { chart } of drawn) chart.zoom(to);
  };
  const options = (axis: Axis) => ({
    height,
    xLabel: axis.label,
    sync: 'run',
    formatX: axis.format,
    wholeX: axis.kind === 'step',
    onPick: events.onPick,
    onZoom: (to: Zoom | undefined): void => {
      zoomAll(to);
      events.onZoom(to);
    },
  });
  return {
    element,
    update(next) {
      state = next;
      if (kind !== next.axis.kind) {
        kind = next.axis.kind;
        drawn = [
          ...curveCharts.slice(0, 2).map((chart) => curveChart(chart, options(next.axis), save)),
          errorRateChart(options(next.axis), save),
          ...curveCharts.slice(2).map((chart) => curveChart(chart, options(next.axis), save)),
        ];
        element.replaceChildren(...drawn.map(({ figure: one }) => one));
      }
      const marks = marksOf(next);
      const held = next.held === null ? undefined : next.axis.of(next.held);
      for (const { draw, chart, figure: shown, onlyGates } of drawn) {
        shown.hidden = onlyGates && !next.gates;
        chart.hold(held);
        draw(next, marks);
      }
      if (zoomed) zoomAll(zoomed);
    },
    zoom: zoomAll,
    hold(axis, held) {
      if (!state) return;
      state = { ...state, axis, held };
      const x = held === null ? undefined : axis.of(held);
      for (const { chart } of drawn) chart.hold(x);
    },
  };

  function save(id: string, extension: string, content: string | Uint8Array<ArrayBuffer>): void {
    const name = `${state?.name ?? 'run'} ${id}`.replaceAll(/[^\w. -]/gu, '_').replace(/^[^\w]+/u, '');
    events.onSave(`${name.slice(0, 110)}.${extension}`, content);
  }
}

type Save = (id: string, extension: string, content: string | Uint8Array<ArrayBuffer>) => void;
type ChartOptions = Omit<Parameters<typeof lineChart>[0], 'label' | 'lines'>;

function curveChart(chart: CurveChart, options: ChartOptions, save: Save): Drawn {
  const plot = lineChart({
    ...options,
    label: `${chart.title} over the run`,
    ...(chart.range && { range: chart.range }),
    lines: chart.lines.map((line) => ({ ...line, format: chart.format })),
  });
  let table: ChartTable | undefined;
  const shown = figure(
    chart.title,
    plot,
    () => table,
    (extension, content) => save(chart.id, extension, content),
  );
  return {
    figure: shown,
    chart: plot,
    onlyGates: chart.id === 'sparsity',
    draw({ course, axis, name }, marks) {
      const { count, steps } = course;
      const x = Float64Array.from(steps.subarray(0, count), axis.of);
      const means = chart.lines.map(({ number, noisy }) =>
        noisy ? smoothed(curveOf(course, number).mean, count) : curveOf(course, number).mean.subarray(0, count),
      );
      const bands = chart.lines.flatMap(({ number, noisy, colour }): Band[] => {
        const { low, high } = curveOf(course, number);
        return noisy ? [{ low: low.subarray(0, count), high: high.subarray(0, count), colour }] : [];
      });
      plot.setData(x, means, { bands, marks });
      table = {
        title: `${name}: ${chart.title}`,
        xLabel: axis.label,
        x,
        range: chart.range,
        formatX: axis.format,
        format: chart.format,
        lines: chart.lines.map((line, at) => ({
          ...line,
          values: means[at] ?? [],
          ...(line.noisy && {
            mean: curveOf(course, line.number).mean,
            low: curveOf(course, line.number).low,
            high: curveOf(course, line.number).high,
          }),
        })),
      };
    },
  };
}

/** Error rates are measured now and then: points, with a line between them, and the checkpoints as marks. */
function errorRateChart(options: ChartOptions, save: Save): Drawn {
  const title = 'Error rate on the development data';
  const format = (value: number): string => percent(value);
  const line = { label: 'Error rate', colour: '--vscode-charts-red', dots: true, format };
  const plot = lineChart({ ...options, label: `${title} over the run`, lines: [line] });
  const none = make('p', { class: 'quiet none' }, 'Not measured.');
  let table: ChartTable | undefined;
  const shown = figure(
    title,
    plot,
    () => table,
    (extension, content) => save('wer', extension, content),
  );
  shown.append(none);
  return {
    figure: shown,
    chart: plot,
    onlyGates: false,
    draw(state, marks) {
      const { axis, evaluations, name } = state;
      none.hidden = evaluations.length > 0;
      // The ends of the axis, so that the chart is as wide as the others.
      const places = [axis.first, ...evaluations.map(({ step }) => axis.of(step)), axis.last];
      const rates = [NaN, ...evaluations.map(({ wer }) => wer), NaN];
      const order = places.map((_, at) => at).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
      const x = order.map((at) => places[at] ?? 0);
      const values = order.map((at) => rates[at] ?? NaN);
      plot.setData(x, [values], { marks: [...marks, ...keptMarks(state)] });
      const [own, wers] = [evaluations.map(({ step }) => axis.of(step)), evaluations.map(({ wer }) => wer)];
      table = {
        ...{ title: `${name}: ${title}`, xLabel: axis.label, x: own, formatX: axis.format, format },
        lines: [{ ...line, values: wers }],
      };
    },
  };
}

function keptMarks({ checkpoints, axis }: ChartsState): Mark[] {
  return checkpoints.map(({ step, best }) => ({ x: axis.of(step), colour: '--vscode-charts-blue', strong: best }));
}

function marksOf({ events, axis }: ChartsState): Mark[] {
  return events.flatMap(({ kind, step }): Mark[] => {
    const colour = (eventColours as Partial<Record<string, string>>)[kind];
    return colour === undefined ? [] : [{ x: axis.of(step), colour }];
  });
}
