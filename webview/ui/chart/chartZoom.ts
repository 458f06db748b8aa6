/** Zooms a chart and moves its cursor by keyboard. */

import type uPlot from 'uplot';

/** The visible part of an axis. */
export interface Zoom {
  readonly min: number;
  readonly max: number;
}

/** Arrows move the cursor, + and - zoom around it, Escape resets. */
export function steer(plot: uPlot | undefined, event: KeyboardEvent): void {
  if (!plot || plot.data[0].length === 0) return;
  const steps = plot.data[0];
  const at = plot.cursor.idx ?? steps.length - 1;
  if (event.key === 'ArrowLeft') moveCursor(plot, at - 1);
  else if (event.key === 'ArrowRight') moveCursor(plot, at + 1);
  else if (event.key === 'Home') moveCursor(plot, 0);
  else if (event.key === 'End') moveCursor(plot, steps.length - 1);
  else if (event.key === '+') zoomAround(plot, at, 0.5);
  else if (event.key === '-') zoomAround(plot, at, 2);
  else if (event.key === 'Escape') showAll(plot);
  else return;
  event.preventDefault();
}

function moveCursor(plot: uPlot, index: number): void {
  const x = plot.data[0][Math.min(plot.data[0].length - 1, Math.max(0, index))];
  if (x !== undefined) plot.setCursor({ left: plot.valToPos(x, 'x'), top: plot.over.clientHeight / 2 });
}

function zoomAround(plot: uPlot, index: number, factor: number): void {
  const { min, max } = plot.scales['x'] ?? {};
  const first = plot.data[0].at(0) ?? 0;
  const last = plot.data[0].at(-1) ?? 0;
  const centre = plot.data[0][index] ?? last;
  if (min === undefined || max === undefined) return;
  const half = ((max - min) * factor) / 2;
  if (2 * half >= last - first) showAll(plot);
  else plot.setScale('x', { min: Math.max(first, centre - half), max: Math.min(last, centre + half) });
}

/** The visible part of the x axis, if it is not all. */
export function zoomOf(plot: uPlot): Zoom | undefined {
  const { min, max } = plot.scales['x'] ?? {};
  const first = plot.data[0].at(0);
  const last = plot.data[0].at(-1);
  if (min === undefined || max === undefined || first === undefined || last === undefined) return undefined;
  return min > first || max < last ? { min, max } : undefined;
}

export function showAll(plot: uPlot): void {
  plot.setData(plot.data);
}
