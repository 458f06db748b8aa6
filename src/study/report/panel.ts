/** One panel of a study's main picture: a model's error rate on one set against sparsity, a line for each method. */

import type { MethodResult, ModelResult, Point, PointRate } from '../../protocol/results/study.ts';
import { placeArrows, type ArrowPlace } from './arrows.ts';
import { linearScale, type Scale } from './scale.ts';
import { rateNameOf, type Signs } from './signs.ts';
import { html, type Markup } from './svg.ts';

/** In units of the drawing. A panel that stands alone is larger. */
export interface PanelSize {
  readonly width: number;
  readonly height: number;
}

interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A method's line: its points that were measured on the set. */
interface Line {
  readonly method: MethodResult['method'];
  readonly places: readonly Place[];
  /** The greatest lossless sparsity. */
  readonly lossless: number | null;
}

interface Place extends PointRate {
  readonly point: Point;
  readonly x: number;
  readonly y: number;
}

interface Axes {
  readonly plot: Plot;
  readonly x: Scale;
  readonly y: Scale;
}

/** @returns a sentence if no pruned run is finished. */
export function panel(model: ModelResult, set: string, signs: Signs, { width, height }: PanelSize): Markup {
  const points = model.methods.flatMap((method) => method.points);
  if (points.every(({ rates }) => rates[set] === undefined)) return html`<p>No pruned run is done yet.</p>`;
  const plot: Plot = { left: 56, right: width - 16, top: 36, bottom: height - 60 };
  const dense = model.dense?.rates[set];
  const rates = [...points.map(({ rates }) => rates[set]), dense].flatMap((rate) => rate ?? []);
  const axes: Axes = {
    plot,
    x: linearScale(
      points.map(({ sparsity }) => 100 * sparsity),
      plot.left,
      plot.right,
    ),
    y: linearScale(
      rates.flatMap(({ low, high }) => [100 * low, 100 * high]),
      plot.bottom,
      plot.top,
      6,
    ),
  };
  const lines = model.methods.map((method) => lineOf(method, set, axes));
  const rateName = rateNameOf(model, set);
  const label = `${model.name}: ${rateName} on ${set} against sparsity, for ${model.methods.map(({ method }) => method).join(', ')}`;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
    ${frame(axes, rateName)} ${dense ? denseLine(dense, axes) : ''} ${lines.map((line) => band(line, axes, signs))}
    ${lines.map((line) => drawn(line, axes, signs, rateName))} ${arrows(lines, plot, signs)}
  </svg>`;
}

function lineOf({ method, points, greatestLossless }: MethodResult, set: string, { x, y }: Axes): Line {
  const places = points.flatMap((point) => {
    const rate = point.rates[set];
    return rate ? [{ ...rate, point, x: x.at(100 * point.sparsity), y: y.at(100 * rate.wer) }] : [];
  });
  return { method, places, lossless: greatestLossless[set] ?? null };
}

function frame({ plot, x, y }: Axes, rateName: string): Markup {
  return html`<g class="axis">
    ${y.ticks.map((tick) => html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y.at(tick)}" y2="${y.at(tick)}" /><text x="${plot.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`)}
    ${x.ticks.map((tick) => html`<line class="tick" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${plot.bottom}" y2="${plot.bottom + 5}" /><text x="${x.at(tick)}" y="${plot.bottom + 23}" text-anchor="middle">${tick}</text>`)}
    <line class="tick" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}" />
    <text class="title" x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 48}" text-anchor="middle"
      >sparsity of the gated weights, %</text
    >
    <text class="title" x="0" y="16">${rateName}, %</text>
  </g>`;
}

function denseLine({ wer, low, high }: PointRate, { plot, y }: Axes): Markup {
  const at = y.at(100 * wer);
  return html`<g class="dense"
    ><rect
      class="band"
      x="${plot.left}"
      y="${y.at(100 * high)}"
      width="${plot.right - plot.left}"
      height="${y.at(100 * low) - y.at(100 * high)}" />
    <line class="line" x1="${plot.left}" x2="${plot.right}" y1="${at}" y2="${at}"
  /></g>`;
}

function band({ method, places }: Line, { y }: Axes, signs: Signs): Markup {
  const corner = (x: number, rate: number): string => `${x.toFixed(2)},${y.at(100 * rate).toFixed(2)}`;
  const upper = places.map(({ x, high }) => corner(x, high));
  const lower = places.map(({ x, low }) => corner(x, low)).reverse();
  return html`<polygon class="band ${signs.styleOf(method)}" points="${[...upper, ...lower].join(' ')}" />`;
}

function drawn({ method, places }: Line, { y }: Axes, signs: Signs, rateName: string): Markup {
  const corners = places.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`);
  return html`<g class="${signs.styleOf(method)}"
    ><polyline class="line" points="${corners.join(' ')}" />
    ${places.map((place) => html`<g class="marker" transform="translate(${place.x} ${place.y})">${signs.markerOf(method)}${whiskers(place, y)}<title>${describe(method, place, rateName)}</title></g>`)}</g
  >`;
}

/** The 95 % interval as a vertical line: a band is invisible where a method has only one point. */
function whiskers({ wer, low, high }: Place, y: Scale): Markup {
  const at = (rate: number): number => y.at(100 * rate) - y.at(100 * wer);
  return html`<line class="whisker" x1="0" x2="0" y1="${at(low)}" y2="${at(high)}" />`;
}

function arrows(lines: readonly Line[], plot: Plot, signs: Signs): Markup[] {
  const wanted = lines.flatMap(({ method, places, lossless }) => {
    const place = places.find(({ point }) => point.sparsity === lossless);
    return place ? [{ method, place }] : [];
  });
  const placed = placeArrows(
    wanted.map(({ place }) => place),
    { plot, lines: lines.map(({ places }) => places) },
  );
  return wanted.map(({ method, place }, at) => {
    const arrow = placed[at];
    return arrow
      ? drawArrow(
          arrow,
          signs.styleOf(method),
          `${method}: the greatest lossless sparsity is ${(100 * place.point.sparsity).toFixed(1)} %`,
        )
      : html``;
  });
}

function drawArrow({ tail, tip, wings: [left, right] }: ArrowPlace, style: string, title: string): Markup {
  return html`<g class="arrow ${style}"
    ><path d="M${tail.x} ${tail.y} L${tip.x} ${tip.y} M${left.x} ${left.y} L${tip.x} ${tip.y} L${right.x} ${right.y}" />
    <title>${title}</title></g
  >`;
}

function describe(method: string, { point, wer, low, high }: Place, rateName: string): string {
  const { sparsity, seeds } = point;
  const percent = (share: number): string => (100 * share).toFixed(2);
  return `${method} at ${percent(sparsity)} %: ${rateName} ${percent(wer)} % (${percent(low)} to ${percent(high)}), ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}`;
}
