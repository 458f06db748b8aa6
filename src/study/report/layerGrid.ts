/** Sparsity of each layer as small heatmaps: transformer blocks down, kinds of layer across, one for each model, method and target. */

import { percent } from '../../base/format.ts';
import type { RunResult, StudyResults } from '../../protocol/results/study.ts';
import { html, type Markup } from './svg.ts';

const cell = 18;
const gap = 2;

/** The first seed of each method and target, without the dense model. */
export function layerGrids({ models, runs }: StudyResults): Markup {
  return html`${models.map(({ name }) => html`${models.length > 1 ? html`<h3>${name}</h3>` : ''}${gridsOf(runs.filter(({ model }) => model === name))}`)}`;
}

function gridsOf(runs: readonly RunResult[]): Markup {
  const seen = new Set<string>();
  const shown = runs.filter(({ method, target, found }) => {
    const key = `${method} ${target ?? ''}`;
    if (target === null || found === null || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return html`<div class="grids">${shown.map(grid)}</div>`;
}

interface Place {
  readonly row: number;
  readonly column: string;
  readonly name: string;
  readonly sparsity: number;
}

function grid({ method, target, seed, found }: RunResult): Markup {
  const places = (found?.layers ?? []).map(({ name, sparsity }) => ({ ...placeOf(name), name, sparsity }));
  const columns = Array.from(new Set(places.map(({ column }) => column)));
  const rows = Array.from(new Set(places.map(({ row }) => row))).sort((a, b) => a - b);
  const width = columns.length * (cell + gap);
  const height = rows.length * (cell + gap);
  const label = `Sparsity of each layer, ${method}, ${percent(target ?? 0)} wanted`;
  return html`<figure>
    <svg
      class="cells"
      width="${width}"
      height="${height}"
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="${label}"
    >
      ${places.map((place) => square(place, columns.indexOf(place.column), rows.indexOf(place.row)))}
    </svg>
    <figcaption>
      ${method}, ${percent(target ?? 0)}<br /><span>seed ${seed}: ${percent(found?.sparsity ?? 0)}</span>
    </figcaption>
  </figure>`;
}

/** The block is the last number in the name; the rest of the name is the kind. */
function placeOf(name: string): Pick<Place, 'row' | 'column'> {
  const parts = name.split('.');
  const at = parts.findLastIndex((part) => /^\d+$/u.test(part));
  return at < 0
    ? { row: -1, column: name }
    : { row: Number(parts[at]), column: [...parts.slice(0, at), '*', ...parts.slice(at + 1)].join('.') };
}

/** Twenty shades as CSS classes: a page with a strict policy may not have styles in its elements. */
function square({ name, sparsity }: Place, column: number, row: number): Markup {
  const shade = Math.min(19, Math.floor(20 * sparsity));
  return html`<rect
    class="s${shade}"
    x="${column * (cell + gap)}"
    y="${row * (cell + gap)}"
    width="${cell}"
    height="${cell}"
    rx="2"
    ><title>${name}: ${percent(sparsity)}</title></rect
  >`;
}
