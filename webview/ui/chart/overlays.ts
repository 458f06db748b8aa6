/** What a chart draws besides its lines: the spread of each line's steps, and vertical marks. */

import uPlot from 'uplot';
import { themeColour } from '../theme.ts';

/** The least and the greatest values around a line, as long as its x. */
export interface Band {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** A theme variable. */
  readonly colour: string;
}

export interface Mark {
  readonly x: number;
  /** A theme variable. */
  readonly colour: string;
  /** The mark of the step that is shown. Others are thin. */
  readonly strong?: boolean;
}

const bandInk = 0.28;

/** Fills each band, and draws its edges where it is thinner than a line. */
export function drawBands(plot: uPlot, bands: readonly Band[]): void {
  const { ctx } = plot;
  const [xs] = plot.data;
  const { min = -Infinity, max = Infinity } = plot.scales['x'] ?? {};
  clipped(plot, () => {
    for (const { low, high, colour } of bands) {
      const path = new Path2D();
      const edge = new Path2D();
      const seen: number[] = [];
      for (let at = 0; at < xs.length; at++) {
        const next = xs[at + 1] ?? Infinity;
        const before = xs[at - 1] ?? -Infinity;
        if (next < min || before > max || !Number.isFinite(high[at] ?? NaN)) continue;
        const [x, y] = [plot.valToPos(xs[at] ?? 0, 'x', true), plot.valToPos(high[at] ?? 0, 'y', true)];
        if (seen.length === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
        if (seen.length === 0) edge.moveTo(x, y);
        else edge.lineTo(x, y);
        seen.push(at);
      }
      for (const at of seen.toReversed())
        path.lineTo(plot.valToPos(xs[at] ?? 0, 'x', true), plot.valToPos(low[at] ?? 0, 'y', true));
      path.closePath();
      ctx.globalAlpha = bandInk;
      ctx.fillStyle = ctx.strokeStyle = themeColour(colour, '--vscode-foreground');
      ctx.lineWidth = uPlot.pxRatio;
      ctx.fill(path);
      ctx.stroke(edge);
    }
  });
}

/** The least and greatest of the bands between two places; undefined without any. */
export function extentOf(
  bands: readonly Band[],
  xs: ArrayLike<number>,
  from: number,
  to: number,
): readonly [number, number] | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const { low, high } of bands) {
    for (let at = 0; at < xs.length; at++) {
      const x = xs[at] ?? NaN;
      if (x < from || x > to) continue;
      const [below, above] = [low[at] ?? NaN, high[at] ?? NaN];
      if (below < least) least = below;
      if (above > most) most = above;
    }
  }
  return least <= most ? [least, most] : undefined;
}

export function drawMarks(plot: uPlot, marks: readonly Mark[], dashed = false): void {
  const { ctx, bbox } = plot;
  clipped(plot, () => {
    for (const { x: at, colour, strong = false } of marks) {
      const x = Math.round(plot.valToPos(at, 'x', true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width + 1) continue;
      ctx.strokeStyle = themeColour(colour, '--vscode-foreground');
      ctx.lineWidth = (strong ? 1.5 : 1) * uPlot.pxRatio;
      ctx.globalAlpha = strong || dashed ? 1 : 0.45;
      ctx.setLineDash(dashed ? [4 * uPlot.pxRatio, 3 * uPlot.pxRatio] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  });
}

function clipped({ ctx, bbox }: uPlot, draw: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}
