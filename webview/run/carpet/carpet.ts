/** The carpet: every layer a row, time to the right, colour its sparsity, so that a whole run is one picture. */

import { count, percent, significant } from '../../../src/base/format.ts';
import './carpet.css';
import type { Series } from '../../../src/protocol/series.ts';
import type { HeatmapLayer } from '../../../src/protocol/views/heatmap.ts';
import { make, oncePerFrame, setText } from '../../ui/dom.ts';
import { themeShades } from '../../ui/sparsity/shades.ts';
import { onThemeChange } from '../../ui/theme.ts';
import type { Zoom } from '../../ui/chart/chartZoom.ts';
import type { Axis } from '../axis.ts';
import { inkOf, paintCarpet, rowsOfColumns } from './carpetPaint.ts';
import { carpetRows, type CarpetRows } from './carpetRows.ts';

export interface CarpetState {
  readonly series: Series;
  readonly layers: readonly HeatmapLayer[];
  readonly axis: Axis;
  readonly zoom: Zoom | undefined;
  /** The step that is shown; null for the newest. */
  readonly held: number | null;
}

export interface Carpet {
  readonly element: HTMLElement;
  readonly update: (state: CarpetState) => void;
  /** Moves the line of the step that is shown, and nothing else. */
  readonly hold: (step: number | null) => void;
}

export interface CarpetEvents {
  readonly onOpen: (layer: string) => void;
  /** @param step null for the newest. */
  readonly onHold: (step: number | null) => void;
  /** Pixels of all rows together, where they have room. */
  readonly height?: number;
}

/** Pixels: of all rows together where they have room, of a row at most, and between two labels. */
const [usual, thickest, labelHeight] = [480, 18, 13];
/** Pixels that a pointer moves before it scrubs. */
const still = 4;

/** Arrows move over layers and time, Enter opens the layer, Space shows the step, Escape goes back to the newest. */
export function carpet({ onOpen, onHold, height: wanted = usual }: CarpetEvents): Carpet {
  const canvas = make('canvas', { class: 'threads' });
  const labels = make('div', { class: 'labels', 'aria-hidden': 'true' });
  const line = make('div', { class: 'cursor', hidden: true });
  const band = make('div', { class: 'row-cursor', hidden: true });
  const heldLine = make('div', { class: 'held', hidden: true });
  const cloth = make(
    'div',
    {
      class: 'cloth',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'carpet',
      'aria-label':
        'Sparsity of every layer over the run. Arrows move over layers and time, Enter opens the layer, Space shows the step.',
    },
    canvas,
    band,
    line,
    heldLine,
  );
  const spoken = make('div', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  const tip = make('div', { class: 'carpet-tip', hidden: true, role: 'tooltip' });
  const ticks = make('div', { class: 'ticks quiet', 'aria-hidden': 'true' });
  const element = make('div', { class: 'carpet' }, labels, cloth, ticks, tip, spoken);
  let state: CarpetState | undefined;
  let rows: CarpetRows = { layers: [], blocks: [] };
  let names: readonly HeatmapLayer[] = [];
  let ink = inkOf(themeShades());
  let rowOfColumn = new Int32Array();
  /** Under the pointer or the keys: a place of 0..1 across, and a row of the carpet. */
  let at: { readonly x: number; readonly row: number } | undefined;
  let pressed: { readonly x: number; scrubs: boolean } | undefined;
  const draw = oncePerFrame(paint);
  const follow = oncePerFrame(drawCursor);

  new ResizeObserver(draw).observe(cloth);
  onThemeChange(() => {
    ink = inkOf(themeShades());
    draw();
  });
  cloth.addEventListener('pointermove', (event) => {
    at = placeOf(event);
    if (pressed && Math.abs(event.clientX - pressed.x) > still) pressed.scrubs = true;
    if (pressed?.scrubs) hold(at.x);
    follow();
  });
  cloth.addEventListener('pointerleave', () => {
    if (pressed) return;
    at = undefined;
    follow();
  });
  cloth.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    pressed = { x: event.clientX, scrubs: false };
    cloth.setPointerCapture(event.pointerId);
  });
  cloth.addEventListener('pointerup', (event) => {
    const clicked = pressed && !pressed.scrubs;
    pressed = undefined;
    if (clicked) open(placeOf(event).row);
  });
  cloth.addEventListener('pointercancel', () => (pressed = undefined));
  cloth.addEventListener('keydown', onKey);
  cloth.addEventListener('blur', () => {
    at = undefined;
    follow();
  });

  return {
    element,
    hold(held) {
      if (!state) return;
      state = { ...state, held };
      drawHeld();
    },
    update(next) {
      if (next.layers !== names) {
        names = next.layers;
        rows = carpetRows(names.map(({ name }) => name));
        layOut();
      }
      state = next;
      // Who updates does so once in a frame: the picture is on the screen with it and not after it.
      paint();
    },
  };

  function layOut(): void {
    const total = Math.max(1, rows.layers.length);
    const height = Math.max(1, Math.min(thickest, Math.floor(wanted / total)));
    cloth.style.height = `${total * height}px`;
    let free = -Infinity;
    labels.replaceChildren(
      ...rows.blocks.flatMap(({ label, title, first, count: layers }) => {
        const middle = (first + layers / 2) * height;
        const inside = Math.min(total * height - labelHeight / 2, Math.max(labelHeight / 2, middle));
        if (inside - free < labelHeight) return [];
        free = inside;
        const text = make('span', { title: title === '' ? label : `${title} ${label}` }, label);
        text.style.top = `${inside}px`;
        return [text];
      }),
    );
  }

  function paint(): void {
    const width = Math.round(cloth.clientWidth * devicePixelRatio);
    const height = rows.layers.length;
    if (!state || width === 0 || height === 0) return;
    const { series, axis } = state;
    const { min, max } = visible(state);
    rowOfColumn = rowsOfColumns(series, width, (column) => axis.stepAt(min + ((column + 0.5) / width) * (max - min)));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext('2d', { alpha: true });
    if (!context) return;
    const image = context.createImageData(width, height);
    paintCarpet(new Uint32Array(image.data.buffer), series, rows.layers, rowOfColumn, ink);
    context.putImageData(image, 0, 0);
    drawTicks(axis, min, max);
    drawHeld();
    drawCursor();
  }

  function drawTicks({ label, format }: Axis, min: number, max: number): void {
    const shown = max > min ? [min, (min + max) / 2, max] : [min];
    ticks.replaceChildren(
      ...shown.map((x, index) => make('span', {}, `${index === 0 ? `${label} ` : ''}${format(x)}`)),
    );
  }

  function drawHeld(): void {
    const { held = null, axis } = state ?? {};
    heldLine.hidden = held === null || !axis;
    if (held === null || !axis || !state) return;
    const { min, max } = visible(state);
    const x = (axis.of(held) - min) / Math.max(1e-12, max - min);
    heldLine.hidden = x < 0 || x > 1;
    heldLine.style.left = `${(100 * Math.min(1, Math.max(0, x))).toFixed(3)}%`;
  }

  function drawCursor(): void {
    const layer = at && rows.layers[at.row];
    line.hidden = band.hidden = tip.hidden = !at || layer === undefined || !state;
    if (!at || layer === undefined || !state) return;
    const { clientWidth: width, clientHeight: height } = cloth;
    const rowHeight = height / rows.layers.length;
    line.style.transform = `translateX(${(at.x * width).toFixed(1)}px)`;
    band.style.height = `${rowHeight}px`;
    band.style.transform = `translateY(${(at.row * rowHeight).toFixed(1)}px)`;
    const { series } = state;
    const row = rowOfColumn[Math.min(rowOfColumn.length - 1, Math.floor(at.x * rowOfColumn.length))] ?? -1;
    const across = series.layers.length;
    const share = row < 0 ? NaN : (series.sparsities[row * across + layer] ?? NaN);
    const threshold = row < 0 ? NaN : (series.thresholds[row * across + layer] ?? NaN);
    const { name = '', parameters = 0 } = state.layers[layer] ?? {};
    const step = row < 0 ? '–' : count(series.steps[row] ?? 0);
    const kept = Number.isNaN(share)
      ? ''
      : `${count(Math.round(parameters * (1 - share)))} of ${count(parameters)} weights kept`;
    const facts = [
      `Step ${step}`,
      `${percent(share)} zero`,
      ...(kept === '' ? [] : [kept]),
      ...(Number.isNaN(threshold) ? [] : [`threshold ${significant(threshold)} × initial RMS`]),
    ];
    tip.replaceChildren(make('div', { class: 'mono name' }, name), ...facts.map((text) => make('div', {}, text)));
    place(at.x * width, at.row * rowHeight);
  }

  /** Beside the pointer, on the side that has room. */
  function place(x: number, y: number): void {
    const { offsetWidth, offsetHeight } = tip;
    const room = element.clientWidth;
    const left = cloth.offsetLeft + x;
    const beside = left + 14 + offsetWidth > room ? left - 14 - offsetWidth : left + 14;
    tip.style.left = `${Math.max(0, Math.min(room - offsetWidth, beside))}px`;
    tip.style.top = `${Math.max(0, Math.min(element.clientHeight - offsetHeight, y + 14))}px`;
  }

  function placeOf(event: PointerEvent): { x: number; row: number } {
    const box = cloth.getBoundingClientRect();
    const x = Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
    const y = (event.clientY - box.top) / Math.max(1, box.height);
    const row = Math.min(rows.layers.length - 1, Math.max(0, Math.floor(y * rows.layers.length)));
    return { x, row };
  }

  function hold(x: number): void {
    if (!state) return;
    const { min, max } = visible(state);
    const last = Math.round(state.axis.stepAt(state.axis.last));
    const step = Math.round(state.axis.stepAt(min + x * (max - min)));
    onHold(step >= last ? null : Math.max(0, step));
  }

  function open(row: number): void {
    const layer = rows.layers[row];
    const name = layer === undefined ? undefined : names[layer]?.name;
    if (name !== undefined) onOpen(name);
  }

  function onKey(event: KeyboardEvent): void {
    const { x, row } = at ?? { x: 1, row: 0 };
    const far = event.shiftKey || event.ctrlKey ? 0.1 : 0.01;
    const move = (dx: number, dy: number): void => {
      const last = rows.layers.length - 1;
      at = { x: Math.min(1, Math.max(0, x + dx)), row: Math.min(last, Math.max(0, row + dy)) };
    };
    if (event.key === 'ArrowLeft') move(-far, 0);
    else if (event.key === 'ArrowRight') move(far, 0);
    else if (event.key === 'ArrowUp') move(0, -1);
    else if (event.key === 'ArrowDown') move(0, 1);
    else if (event.key === 'Home') move(-1, 0);
    else if (event.key === 'End') move(1, 0);
    else if (event.key === 'PageUp') move(0, -10);
    else if (event.key === 'PageDown') move(0, 10);
    else if (event.key === ' ') hold(x);
    else if (event.key === 'Enter') open(row);
    else if (event.key === 'Escape') onHold(null);
    else return;
    event.preventDefault();
    drawCursor();
    setText(spoken, Array.from(tip.children, (child) => child.textContent).join(', '));
  }
}

function visible({ axis, zoom }: CarpetState): Zoom {
  return zoom ?? { min: axis.first, max: axis.last };
}
