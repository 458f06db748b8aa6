/** The study's main chart: word error rate against sparsity, a line for each method, and an arrow at its greatest lossless sparsity. */

import type { MethodResult, Point, StudyResults } from '../../protocol/results/study.ts';
import { linearScale, type Scale } from './scale.ts';
import { html, type Markup } from './svg.ts';

const width = 720;
const height = 400;
const plot = { left: 64, right: 700, top: 24, bottom: 344 } as const;

/** Lines, markers and bands of one method have the same class everywhere: `m0`, `m1` … */
export const methodClass = (at: number): string => `m${at % 6}`;

/** @returns nothing if no pruned run is finished. */
export function werChart({ methods, dense }: StudyResults): Markup {
  const points = methods.flatMap((method) => method.points);
  if (points.length === 0) return html`<p>No pruned run is done yet.</p>`;
  const rates = [...points, ...(dense ? [dense] : [])].flatMap(({ low, high }) => [100 * low, 100 * high]);
  const x = linearScale(
    points.map(({ sparsity }) => 100 * sparsity),
    plot.left,
    plot.right,
  );
  const y = linearScale(rates, plot.bottom, plot.top);
  const label = `Word error rate on the test set against sparsity, for ${methods.map(({ method }) => method).join(', ')}`;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
    ${axes(x, y)} ${dense ? denseLine(dense, y) : ''} ${methods.map((method, at) => band(method, at, x, y))}
    ${methods.map((method, at) => line(method, at, x, y))} ${methods.map((method, at) => arrow(method, at, x, y))}
  </svg>`;
}

function axes(x: Scale, y: Scale): Markup {
  return html`<g class="axis">
    ${y.ticks.map((tick) => html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y.at(tick)}" y2="${y.at(tick)}" /><text x="${plot.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`)}
    ${x.ticks.map((tick) => html`<line class="tick" x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${plot.bottom}" y2="${plot.bottom + 5}" /><text x="${x.at(tick)}" y="${plot.bottom + 20}" text-anchor="middle">${tick}</text>`)}
    <line class="tick" x1="${plot.left}" x2="${plot.right}" y1="${plot.bottom}" y2="${plot.bottom}" />
    <text class="title" x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 44}" text-anchor="middle"
      >sparsity of the gated weights, %</text
    >
    <text class="title" x="${-(plot.top + plot.bottom) / 2}" y="18" text-anchor="middle" transform="rotate(-90)"
      >word error rate, %</text
    >
  </g>`;
}

function denseLine({ wer, low, high }: Point, y: Scale): Markup {
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

function band({ points }: MethodResult, at: number, x: Scale, y: Scale): Markup {
  const corner = (point: Point, rate: number): string =>
    `${x.at(100 * point.sparsity).toFixed(2)},${y.at(100 * rate).toFixed(2)}`;
  const upper = points.map((point) => corner(point, point.high));
  const lower = points.map((point) => corner(point, point.low)).reverse();
  return html`<polygon class="band ${methodClass(at)}" points="${[...upper, ...lower].join(' ')}" />`;
}

function line({ method, points }: MethodResult, at: number, x: Scale, y: Scale): Markup {
  const places = points.map((point) => `${x.at(100 * point.sparsity).toFixed(2)},${y.at(100 * point.wer).toFixed(2)}`);
  return html`<g class="${methodClass(at)}"
    ><polyline class="line" points="${places.join(' ')}" />
    ${points.map((point) => html`<g class="marker" transform="translate(${x.at(100 * point.sparsity)} ${y.at(100 * point.wer)})">${marker(at)}${whiskers(point, y)}<title>${describePoint(method, point)}</title></g>`)}</g
  >`;
}

/** The 95 % interval as a vertical line: a band is invisible where a method has only one point. */
function whiskers({ wer, low, high }: Point, y: Scale): Markup {
  const place = (rate: number): number => y.at(100 * rate) - y.at(100 * wer);
  return html`<line class="whisker" x1="0" x2="0" y1="${place(low)}" y2="${place(high)}" />`;
}

/** Shapes distinguish the methods where colours do not. */
export function marker(at: number): Markup {
  const shapes = [
    html`<circle r="4.5" />`,
    html`<rect x="-4" y="-4" width="8" height="8" />`,
    html`<path d="M0 -5.5 L5.5 4 L-5.5 4 Z" />`,
    html`<path d="M0 -6 L6 0 L0 6 L-6 0 Z" />`,
    html`<path d="M0 5.5 L5.5 -4 L-5.5 -4 Z" />`,
    html`<path d="M-5 -2 H-2 V-5 H2 V-2 H5 V2 H2 V5 H-2 V2 H-5 Z" />`,
  ];
  return shapes[at % shapes.length] ?? html``;
}

function arrow({ method, points, greatestLossless }: MethodResult, at: number, x: Scale, y: Scale): Markup {
  const point = points.find(({ sparsity }) => sparsity === greatestLossless);
  if (!point) return html``;
  const [tipX, tipY] = [x.at(100 * point.sparsity), y.at(100 * point.wer)];
  // From below where there is room, since other lines come down on the upper side.
  const up = tipY + 52 < plot.bottom ? 1 : -1;
  return html`<g class="arrow ${methodClass(at)}"
    ><path d="M${tipX} ${tipY + 48 * up} V${tipY + 11 * up} m-5 ${9 * up} l5 ${-9 * up} l5 ${9 * up}" />
    <title>${method}: the greatest lossless sparsity is ${(100 * point.sparsity).toFixed(1)} %</title></g
  >`;
}

function describePoint(method: string, { sparsity, wer, low, high, seeds }: Point): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  return `${method} at ${percent(sparsity)} %: word error rate ${percent(wer)} % (${percent(low)} to ${percent(high)}), ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}`;
}
