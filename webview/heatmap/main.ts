/** The page of the heatmap: receives the host's messages and draws the changes, once per frame. */

import '../ui/ready.ts';
import { count, percent, significant } from '../../src/base/format.ts';
import '../ui/theme.css';
import './heatmap.css';
import type { StepPoint } from '../../src/protocol/series.ts';
import type { FromHeatmap, HeatmapCommand, ToHeatmap } from '../../src/protocol/views/heatmap.ts';
import { announcer } from '../ui/announcer.ts';
import { make, oncePerFrame } from '../ui/dom.ts';
import { connectHost, savedState } from '../ui/host.ts';
import { actions } from './actions.ts';
import { detailCard } from './detail.ts';
import { empty } from './empty.ts';
import { heatmapGrid } from './grid/grid.ts';
import { oncePer } from '../ui/oncePer.ts';
import { legend } from '../ui/sparsity/legend.ts';
import { HeatmapStore } from './store.ts';
import { summary } from './summary.ts';
import { timeline } from '../ui/timeline.ts';

/** State that survives while the view is hidden. */
interface Saved {
  readonly subject: string | undefined;
  readonly held: number | null;
  readonly scroll: number;
  readonly layer: string | undefined;
}

/** Milliseconds after the slider's last move before the exact step is requested from the host. */
const restFor = 150;

/** Milliseconds between two updates of the numbers above the grid during a run. */
const betweenNumbers = 200;

/** Milliseconds between two held steps that the run's page hears of. */
const betweenHolds = 50;

const store = new HeatmapStore();
const before = savedState();
/** The step that the slider holds; null for the newest. */
let held: number | null = null;
let pointed: { readonly layer: number; readonly cell: HTMLElement } | undefined;
let focused: string | undefined;
let resting: number | undefined;
let status: string | undefined;
let drawnAround = -Infinity;
let later: number | undefined;
/** The saved state belongs to one subject, and is used once. */
let restored = false;

const draw = oncePerFrame(drawNow);
const tellHeld = oncePer(betweenHolds, () => host.post({ kind: 'hold', step: held }));
const said = announcer();
const top = summary();
const buttons = actions(command);
const time = timeline(hold);
const card = detailCard();
const colours = legend();
const begin = empty(command);
const grid = heatmapGrid('Sparsity of each layer', {
  onOpen: (layer) => host.post({ kind: 'openLayer', layer: store.known.layers[layer]?.name ?? '' }),
  onPoint(layer, cell) {
    pointed = layer === undefined || cell === undefined ? undefined : { layer, cell };
    draw();
  },
  onFocus(layer) {
    focused = store.known.layers[layer]?.name;
    save();
  },
});
const content = make('main', { hidden: true }, top.element, buttons.element, time.element, grid.element, colours);
document.body.append(begin.element, content, card.element, said.element);
begin.element.hidden = true;

const host = connectHost<FromHeatmap, Saved>((message: ToHeatmap) => {
  if (message.kind === 'hold') {
    showStep(message.step);
    return;
  }
  const subject = store.known.subject?.id;
  store.take(message);
  if (store.known.subject?.id !== subject) {
    held = null;
    status = undefined;
    drawnAround = -Infinity;
  }
  draw();
});
window.addEventListener('scroll', save, { passive: true });

function drawNow(): void {
  const { subject, layers, run, trusted, model } = store.known;
  begin.element.hidden = subject !== null;
  begin.update(trusted);
  content.hidden = subject === null;
  if (!subject) {
    card.hide();
    return;
  }
  restore();
  const frame = store.frameAt(held);
  buttons.update(run);
  drawAround(frame, model === null);
  grid.setLayers(layers.map(({ name }) => name));
  grid.update(frame.sparsities, Number.isNaN(frame.step) ? null : frame.step);
  colours.hidden = layers.length === 0;
  showDetail(frame);
  announce(frame);
}

/** The numbers and the slider around the grid. While steps come quickly they follow less often, so that the cells do not wait for them. */
function drawAround(frame: StepPoint, isRun: boolean): void {
  const wait = drawnAround + betweenNumbers - performance.now();
  if (wait > 0 && isLive() && held === null) {
    later ??= setTimeout(() => {
      later = undefined;
      draw();
    }, wait);
    return;
  }
  drawnAround = performance.now();
  top.update(store, frame);
  time.update(isRun ? store.span : undefined, held, isLive());
}

function showDetail(frame: StepPoint): void {
  const layer = pointed && store.known.layers[pointed.layer];
  if (!pointed?.cell.isConnected || !layer || frame.sparsities.length === 0) card.hide();
  else card.show(pointed.cell, layer, pointed.layer, frame, store.trend(pointed.layer, frame.step));
}

/** How it goes, now and then; a new status at once. */
function announce(frame: StepPoint): void {
  const { run } = store.known;
  if (!run) return;
  const now = `${run.status}${run.message === null ? '' : `: ${run.message}`}`;
  if (status !== undefined && status !== now) said.sayNow(`Run ${now}`);
  status = now;
  if (run.status !== 'running' || held !== null || Number.isNaN(frame.step)) return;
  said.say(
    `Step ${count(frame.step)} of ${count(run.steps)}, sparsity ${percent(frame.sparsity, 0)}, loss ${significant(frame.loss)}`,
  );
}

function isLive(): boolean {
  const status = store.known.run?.status;
  return status === 'starting' || status === 'running' || status === 'stopping';
}

/** The slider moved. */
function hold(step: number | null): void {
  showStep(step);
  tellHeld();
}

function showStep(step: number | null): void {
  held = step;
  clearTimeout(resting);
  if (step !== null && !store.isExact(step)) {
    resting = setTimeout(() => host.post({ kind: 'recordAt', step }), restFor);
  }
  save();
  draw();
}

function command(command: HeatmapCommand): void {
  host.post({ kind: 'command', command });
}

function save(): void {
  if (restored) host.save({ subject: store.known.subject?.id, held, scroll: window.scrollY, layer: focused });
}

/** Restores the saved state of the page, as soon as the layers are there again. */
function restore(): void {
  const { subject, layers } = store.known;
  if (restored || layers.length === 0) return;
  restored = true;
  if (before['subject'] !== subject?.id) return;
  const { held: step, layer, scroll } = before;
  if (typeof step === 'number' && held === null) hold(step);
  grid.setLayers(layers.map(({ name }) => name));
  if (typeof layer === 'string') {
    focused = layer;
    grid.focusLayer(layer);
  }
  if (typeof scroll === 'number') requestAnimationFrame(() => window.scrollTo(0, scroll));
}
