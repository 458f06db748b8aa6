/** Line charts, sparklines and histograms in the theme's colours. The only file that uses the chart library. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import './chart.css';
import { showAll, steer, zoomOf, type Zoom } from './chartZoom.ts';
import { drawBands, drawMarks, extentOf, type Band, type Mark } from './overlays.ts';
import { make } from '../dom.ts';
import { isHighContrast, onThemeChange, themeColour } from '../theme.ts';

export interface Line {
  readonly label: string;
  /** A theme variable. */
  readonly colour: string;
  readonly dashed?: boolean;
  /** Its points are drawn, too: there are few, and each is a measurement. */
  readonly dots?: boolean;
  readonly format: (value: number) => string;
}

/** Unknown numbers are NaN: the line has a gap there. */
export type Numbers = ArrayLike<number>;

export interface LineChart {
  readonly element: HTMLElement;
  /** @param lines one list as long as `x` for each line. The zoom is kept. */
  readonly setData: (x: Numbers, lines: readonly Numbers[], overlays?: Overlays) => void;
}

/** What is drawn besides the lines. Bands are as long as `x`. */
export interface Overlays {
  readonly bands?: readonly Band[];
  readonly marks?: readonly Mark[];
}

/** A chart whose visible part others share. */
export interface ZoomableChart extends LineChart {
  /** Shows a part of the x axis; undefined for all of it. `onZoom` is not called. */
  readonly zoom: (to: Zoom | undefined) => void;
  /** Shows a place of the x axis by a line; undefined for none. It costs no drawing. */
  readonly hold: (x: number | undefined) => void;
}

export interface LineChartOptions {
  /** For screen readers. Put the values in a table as well. */
  readonly label: string;
  readonly height: number;
  readonly xLabel: string;
  readonly lines: readonly Line[];
  /** The fixed range of the values. Default: their own. */
  readonly range?: readonly [number, number];
  /** Charts with the same key show the cursor at the same place. */
  readonly sync?: string;
  readonly formatX?: (value: number) => string;
  /** Only whole numbers stand at the x axis. */
  readonly wholeX?: boolean;
  /** The user has chosen another part of the x axis; undefined for all of it. */
  readonly onZoom?: (to: Zoom | undefined) => void;
  /** A click that was no drag, or Enter, at a place of the x axis. */
  readonly onPick?: (x: number) => void;
}

/** Drag to zoom, double-click to reset. Keys: arrows move the cursor, + and - zoom around it, Escape resets, Enter picks. */
export function lineChart(options: LineChartOptions): ZoomableChart {
  const { lines, range, sync, onZoom, onPick, formatX, wholeX = false } = options;
  const format = lines[0]?.format ?? String;
  let overlays: Overlays = {};
  let zoom: Zoom | undefined;
  /** Not the user, but the page moves the axis. */
  let quiet = false;
  const heldLine = make('div', { class: 'held', hidden: true });
  let heldAt: number | undefined;
  const look = (): Look => ({
    series: [
      {
        label: options.xLabel,
        value: (_, value: number | null) => (value === null ? '' : (formatX?.(value) ?? value.toLocaleString('en'))),
      },
      ...lines.map((line) => ({
        label: line.label,
        stroke: themeColour(line.colour, '--vscode-foreground'),
        width: 1.5,
        ...(line.dashed === true && { dash: [4, 4] }),
        ...(line.dots === true && { spanGaps: true }),
        // A single step is a dot, or nothing would be seen.
        points: { show: (plot: uPlot) => line.dots === true || plot.data[0].length === 1, size: 6 },
        value: (_: uPlot, value: number | null) => (value === null ? '' : line.format(value)),
      })),
    ],
    scales: {
      x: { time: false },
      y: { range: range ? ([range[0], range[1]] as uPlot.Range.MinMax) : fitted },
    },
    axes: [
      {
        ...axis(),
        size: xAxisSize,
        ...(formatX && { values: (_, values) => values.map(formatX) }),
        ...(wholeX && { incrs: wholeSteps }),
      },
      { ...axis(), size: 56, values: (_, values) => values.map(format) },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, dist: 4 },
      points: { size: 7 },
      ...(sync !== undefined && { sync: { key: sync } }),
    },
    legend: { markers: { width: 2, dash: (_, series) => (lines[series - 1]?.dashed === true ? 'dashed' : 'solid') } },
    hooks: {
      setCursor: [showLast],
      setData: [showLast],
      setScale: [told],
      drawAxes: [(plot) => drawBands(plot, overlays.bands ?? [])],
      draw: [(plot) => drawMarks(plot, overlays.marks ?? []), placeHeld],
    },
  });
  const chart = mount(options.label, options.height, look, (plot) => zoom && showZoom(plot, zoom));
  chart.element.tabIndex = 0;
  chart.element.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') pick();
    else steer(chart.plot, event);
  });
  if (onPick) chart.element.addEventListener('click', pick);
  return {
    element: chart.element,
    setData(x, values, next = {}) {
      overlays = next;
      quietly(() => chart.setData([withGaps(x), ...values.map(withGaps)] as uPlot.AlignedData));
    },
    hold(x) {
      heldAt = x;
      if (chart.plot) placeHeld(chart.plot);
    },
    zoom(to) {
      zoom = to;
      const { plot } = chart;
      if (!plot) return;
      const now = zoomOf(plot);
      if (now?.min === to?.min && now?.max === to?.max) return;
      if (to) showZoom(plot, to);
      else quietly(() => showAll(plot));
    },
  };

  function showZoom(plot: uPlot, to: Zoom): void {
    quietly(() => plot.setScale('x', to));
  }

  function placeHeld(plot: uPlot): void {
    const x = heldAt === undefined ? NaN : plot.valToPos(heldAt, 'x');
    heldLine.hidden = !(x >= 0 && x <= plot.over.clientWidth);
    if (heldLine.hidden) return;
    if (heldLine.parentElement !== plot.over) plot.over.append(heldLine);
    heldLine.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** uPlot calls its hooks when it draws, after the call that caused it. */
  function quietly(move: () => void): void {
    quiet = true;
    move();
    queueMicrotask(() => (quiet = false));
  }

  function told(plot: uPlot, scale: string): void {
    if (scale !== 'x' || quiet || !onZoom) return;
    const now = zoomOf(plot);
    if (now?.min === zoom?.min && now?.max === zoom?.max) return;
    zoom = now;
    onZoom(now);
  }

  function pick(): void {
    const { plot } = chart;
    const x = plot && typeof plot.cursor.idx === 'number' ? plot.data[0][plot.cursor.idx] : undefined;
    // The click at the end of a drag has zoomed.
    if (plot && x !== undefined && plot.select.width === 0) onPick?.(x);
  }

  /** The values in sight, with those of the bands. */
  function fitted(plot: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
    const { min = -Infinity, max = Infinity } = plot.scales['x'] ?? {};
    const [below, above] = extentOf(overlays.bands ?? [], plot.data[0], min, max) ?? [Infinity, -Infinity];
    const [least, most] = [Math.min(low ?? Infinity, below), Math.max(high ?? -Infinity, above)];
    // Otherwise a constant would be at half the height of an axis to twice its value: 200 % of errors.
    if (least === most && least !== 0) return [Math.min(0, 1.1 * least), Math.max(0, 1.1 * least)];
    return least <= most ? uPlot.rangeNum(least, most, 0.1, true) : [0, 1];
  }
}

/** 1, 2, 5, 10, … */
const wholeSteps = Array.from({ length: 30 }, (_, at) => ([1, 2, 5][at % 3] ?? 1) * 10 ** Math.floor(at / 3));

/** A line without axes, as wide as its container. */
export function sparkline(options: {
  readonly label: string;
  readonly height: number;
  readonly colour: string;
}): LineChart {
  const chart = mount(options.label, options.height, () => ({
    series: [{}, { stroke: themeColour(options.colour, '--vscode-foreground'), width: 1.25, points: { show: false } }],
    scales: { x: { time: false } },
    axes: [{ show: false }, { show: false }],
    cursor: { show: false },
    legend: { show: false },
    padding: [2, 0, 2, 0],
  }));
  return {
    element: chart.element,
    setData: (x, values) => chart.setData([withGaps(x), ...values.map(withGaps)] as uPlot.AlignedData),
  };
}

export interface Histogram {
  readonly element: HTMLElement;
  readonly setData: (data: HistogramData) => void;
}

export interface HistogramData {
  /** The edges of the bins, which have equal width. */
  readonly low: number;
  readonly high: number;
  readonly counts: Numbers;
  /** Values marked by a vertical line. */
  readonly marks: readonly number[];
}

export function histogram(options: {
  readonly label: string;
  readonly height: number;
  readonly xLabel: string;
  readonly colour: string;
  readonly markColour: string;
  readonly formatX: (value: number) => string;
}): Histogram {
  let marks: readonly number[] = [];
  const bars = uPlot.paths.bars?.({ size: [1, Infinity], gap: 1 });
  const chart = mount(options.label, options.height, () => ({
    series: [
      { label: options.xLabel, value: (_, value: number | null) => (value === null ? '–' : options.formatX(value)) },
      {
        label: 'Count',
        fill: themeColour(options.colour, '--vscode-foreground'),
        width: 0,
        points: { show: false },
        value: (_, value: number | null) => value?.toLocaleString('en') ?? '–',
        ...(bars && { paths: bars }),
      },
    ],
    scales: {
      // The range includes the marks, even those beyond the values.
      x: { time: false, range: (_, low, high) => [Math.min(low, ...marks), Math.max(high, ...marks)] },
      y: { range: (_, __, high) => [0, Math.max(1, high * 1.05)] },
    },
    axes: [
      { ...axis(), size: xAxisSize, values: (_, values) => values.map(options.formatX) },
      { ...axis(), size: 56, values: (_, values) => values.map((value) => value.toLocaleString('en')) },
    ],
    cursor: { y: false, drag: { x: true, y: false, dist: 4 }, points: { show: false } },
    hooks: {
      draw: [
        (plot: uPlot) =>
          drawMarks(
            plot,
            marks.map((x) => ({ x, colour: options.markColour, strong: true })),
            true,
          ),
      ],
    },
  }));
  return {
    element: chart.element,
    setData({ low, high, counts, marks: next }) {
      marks = next;
      const width = (high - low) / Math.max(1, counts.length);
      const centres = Array.from(counts, (_, bin) => low + (bin + 0.5) * width);
      chart.setData([centres, Array.from(counts)]);
    },
  };
}

/** Pixels of a line of numbers. */
const xAxisSize = 28;

type Look = Omit<uPlot.Options, 'width' | 'height'>;

interface Mounted {
  readonly element: HTMLElement;
  readonly plot: uPlot | undefined;
  readonly setData: (data: uPlot.AlignedData) => void;
}

/**
 * Keeps a plot as wide as its container, and builds it again when the theme changes, because it reads the theme only once. What is out of
 * sight is drawn when it comes into sight: most charts of a live run's page are.
 */
function mount(label: string, height: number, look: () => Look, onBuilt?: (plot: uPlot) => void): Mounted {
  const element = make('div', { class: 'chart', role: 'img', 'aria-label': label });
  element.style.minHeight = `${height}px`;
  let plot: uPlot | undefined;
  let data: uPlot.AlignedData = [[], []];
  let inSight = false;
  let stale = false;
  const width = (): number => Math.max(40, Math.floor(element.clientWidth));
  const build = (): void => {
    plot?.destroy();
    plot = new uPlot({ ...look(), width: width(), height }, data, element);
    stale = false;
    onBuilt?.(plot);
  };
  const show = (to: uPlot): void => {
    stale = false;
    const zoom = zoomOf(to);
    if (zoom) {
      to.batch(() => {
        to.setData(data, false);
        to.setScale('x', zoom);
      });
    } else to.setData(data);
  };
  new IntersectionObserver((looks) => {
    inSight = looks.at(-1)?.isIntersecting === true;
    if (!inSight || element.clientWidth === 0) return;
    // Each in a task of its own, so that the page shows what it has.
    if (!plot) setTimeout(() => plot ?? build());
    else if (stale) show(plot);
  }).observe(element);
  new ResizeObserver(() => {
    if (element.clientWidth > 0 && plot && plot.width !== width()) plot.setSize({ width: width(), height });
  }).observe(element);
  onThemeChange(() => plot && build());
  return {
    element,
    get plot() {
      return plot;
    },
    setData(next) {
      data = next;
      stale = true;
      if (plot && inSight) show(plot);
    },
  };
}

/** Without a cursor, the legend shows the newest values. */
function showLast(plot: uPlot): void {
  if (typeof plot.cursor.idx === 'number') return;
  let last = plot.data[0].length - 1;
  while (last > 0 && plot.data.slice(1).every((values) => values[last] === null)) last -= 1;
  if (last >= 0) plot.setLegend({ idx: last }, false);
}

function axis(): uPlot.Axis {
  const ink = themeColour('--vscode-descriptionForeground', '--vscode-foreground');
  const grid = `color-mix(in srgb, ${themeColour('--vscode-foreground')} ${isHighContrast() ? 30 : 12}%, transparent)`;
  const font = `11px ${themeColour('--vscode-font-family')}`;
  return { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, gap: 6 };
}

function withGaps(values: Numbers): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}
