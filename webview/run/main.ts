/** The page of a run: receives the host's messages and draws the changes. */

import '../ui/readyUnlessTold.ts';
import { percent, count, significant } from '../../src/base/format.ts';
import { newCourse } from '../../src/protocol/course.ts';
import '../ui/theme.css';
import '../ui/page.css';
import './run.css';
import type { FromRun, RunEvent, RunPageState, RunSubject, ToRun } from '../../src/protocol/views/run.ts';
import { announcer } from '../ui/announcer.ts';
import { dropdown } from '../ui/controls.ts';
import type { Zoom } from '../ui/chart/chartZoom.ts';
import { make, oncePerFrame, scrollOnce } from '../ui/dom.ts';
import { connectHost, savedState } from '../ui/host.ts';
import { oncePer } from '../ui/oncePer.ts';
import { whenStill } from '../ui/whenStill.ts';
import { legend } from '../ui/sparsity/legend.ts';
import { timeline } from '../ui/timeline.ts';
import { about } from './about.ts';
import { axisKinds, axisOf, type Axis, type AxisKind } from './axis.ts';
import { carpet } from './carpet/carpet.ts';
import { carpetTable } from './carpet/carpetTable.ts';
import { runCharts } from './charts.ts';
import { eventLane, eventTable } from './events.ts';
import { further } from './further.ts';
import { header } from './header.ts';
import { outcome } from './outcome.ts';
import { RunPageStore } from './store.ts';

/** State that survives while the page is hidden. The host reads the subject when it restores the panel. */
interface Saved {
  readonly subject: RunSubject | undefined;
  readonly axis: AxisKind;
  readonly scroll: number;
}

/**
 * Milliseconds: between two drawings of charts, of the carpet, from the last scrub to the question for the exact step, and between two steps that
 * the sidebar hears of.
 */
const [betweenCharts, betweenCarpets, restFor, betweenHolds] = [1000, 200, 150, 50];

/** What the pictures show; all else is in words and numbers. */
const pictured = [
  ...(['series', 'course', 'layers', 'events', 'evaluations', 'checkpoints', 'stepsPerEpoch', 'held'] as const),
] as const satisfies readonly (keyof RunPageState)[];

const store = new RunPageStore();
const nothing: readonly RunEvent[] = [];
const before = savedState();
let kind = axisKinds.find((each) => each === before['axis']) ?? 'step';
let zoom: Zoom | undefined;
let resting: number | undefined;
let scroll = typeof before['scroll'] === 'number' ? before['scroll'] : 0;
const toScroll = scrollOnce(scroll);

const said = announcer();
const top = header((command) => host.post({ kind: 'command', command }));
const lane = eventLane((step) => hold(step));
const cloth = carpet({ onOpen: openLayer, onHold: hold });
const time = timeline(hold);
const cells = carpetTable(openLayer);
const charts = runCharts({
  onZoom: zoomTo,
  onPick: (x) => hold(Math.round(axis().stepAt(x))),
  onSave: (name, content) => host.post({ kind: 'save', name, content }),
});
const events = eventTable();
const result = outcome((command, checkpoint) =>
  host.post({ kind: 'command', command, ...(checkpoint !== undefined && { checkpoint }) }),
);
const furtherOn = further(
  (checkpoint, sparsity) => host.post({ kind: 'command', command: 'pruneFurther', checkpoint, sparsity }),
  (name, content) => host.post({ kind: 'save', name, content }),
);
const what = about((text) => host.post({ kind: 'copy', text }));
const axisChoice = dropdown({
  label: 'Time axis',
  value: kind,
  choices: [
    { value: 'step', label: 'Steps' },
    { value: 'epoch', label: 'Epochs' },
    { value: 'hours', label: 'Hours' },
  ],
  onChange(value) {
    kind = axisKinds.find((each) => each === value) ?? 'step';
    zoom = undefined;
    charts.zoom(undefined);
    save();
    drawAll();
  },
});
const none = make('p', { class: 'quiet' }, 'No step is finished yet: curves and layers show with the first one.');
const noGates = make('p', { class: 'quiet' }, 'This run has no gates, so there are no layers to show.');
const colours = legend();
const scrubbing = make(
  'p',
  { class: 'quiet hint' },
  'Hover for numbers, click for the layer, drag to scrub: the sidebar follows.',
);
const layers = make(
  'section',
  {},
  make('div', { class: 'heading' }, make('h2', {}, 'Layers over the run'), colours),
  noGates,
  lane.element,
  cloth.element,
  time.element,
  scrubbing,
  cells.element,
);
const curves = make(
  'section',
  {},
  make('div', { class: 'heading' }, make('h2', {}, 'Curves'), axisChoice),
  charts.element,
  make(
    'p',
    { class: 'quiet hint' },
    'Lines are smoothed; the area behind them is what single steps had. Drag to zoom, double-click to reset, click to hold a step.',
  ),
);
const happened = make('section', {}, make('h2', {}, 'Events'), events.element);
const content = make(
  'main',
  { hidden: true },
  top.element,
  result.element,
  none,
  layers,
  curves,
  happened,
  furtherOn.element,
  what.element,
);
document.body.append(content, said.element);

const drawAll = oncePerFrame(() => {
  drawTop();
  drawCarpet();
  if (saidDrawn || !store.known.series) {
    drawBelow();
    drawCharts();
    return;
  }
  // The first picture is the carpet's; what stands below it comes a frame later.
  saidDrawn = true;
  drawAll();
  whenStill(() => host.post({ kind: 'drawn' }));
});
let drawnCharts = -Infinity;
let drawnCarpet = -Infinity;
let later: number | undefined;
let saidDrawn = false;

const host = connectHost<FromRun, Saved>((message: ToRun) => {
  store.take(message);
  if (message.kind === 'state' && message.state.subject) save();
  if (message.kind === 'points' || (message.kind === 'state' && !pictured.some((key) => key in message.state)))
    drawSteps();
  else drawAll();
});
window.addEventListener(
  'scroll',
  () => {
    scroll = window.scrollY;
    save();
  },
  { passive: true },
);

/** New steps come up to twenty times a second; numbers follow at once, pictures as often as one sees. */
const drawSteps = oncePerFrame(() => {
  drawTop();
  drawBelow();
  const now = performance.now();
  if (now - drawnCarpet >= betweenCarpets) drawCarpet();
  if (now - drawnCharts >= betweenCharts) drawCharts();
  clearTimeout(later);
  later = setTimeout(drawAll, betweenCharts);
});

/** What stands above the carpet, and what of the page is there at all. */
function drawTop(): void {
  const { known } = store;
  content.hidden = known.subject === undefined;
  top.update(store);
  result.update(store);
  const empty = !known.course || known.course.count === 0;
  none.hidden = !known.run || !empty;
  curves.hidden = layers.hidden = empty;
  happened.hidden = !known.run;
  document.body.dataset['step'] = String(known.latest?.step ?? '');
  announce();
}

/** What stands below the curves. */
function drawBelow(): void {
  const { known } = store;
  furtherOn.update(known.name ?? '', known.curve, known.trusted !== false);
  what.update(known.about);
  events.update(known.events ?? nothing);
}

function drawCarpet(): void {
  const { series, course, layers: gated = [], held = null, events: marks = [] } = store.known;
  if (!series || !course || course.count === 0) return;
  drawnCarpet = performance.now();
  const now = axis();
  const gates = gated.length > 0;
  noGates.hidden = gates;
  cloth.element.hidden = cells.element.hidden = scrubbing.hidden = colours.hidden = !gates;
  lane.update(marks, now, zoom);
  if (gates) {
    cloth.update({ series, layers: gated, axis: now, zoom, held });
    cells.update(series, gated, store.shown);
  }
  drawTime();
  toScroll();
}

function drawTime(): void {
  const { series, latest, held = null } = store.known;
  time.update({ first: series?.steps[0] ?? 0, last: latest?.step ?? 0 }, held, store.isLive);
}

function drawCharts(): void {
  const { course, name = '', held = null, events: marks = [], evaluations = [], checkpoints = [] } = store.known;
  const gates = (store.known.layers ?? []).length > 0;
  if (!course || course.count === 0) return;
  drawnCharts = performance.now();
  charts.update({ name, course, axis: axis(), held, gates, events: marks, evaluations, checkpoints });
}

function axis(): Axis {
  const { course, stepsPerEpoch = null } = store.known;
  return axisOf(kind, course ?? newCourse(2), stepsPerEpoch);
}

function zoomTo(to: Zoom | undefined): void {
  zoom = to;
  drawCarpet();
}

const tellHeld = oncePer(betweenHolds, () => host.post({ kind: 'hold', step: store.known.held ?? null }));

/** Shows a step here and in the sidebar; null for the newest. */
function hold(step: number | null): void {
  const newest = store.known.latest?.step ?? 0;
  const held = step !== null && step < newest ? step : null;
  if (held === (store.known.held ?? null)) return;
  store.take({ kind: 'state', state: { held } });
  tellHeld();
  clearTimeout(resting);
  if (held !== null && !store.isExact(held))
    resting = setTimeout(() => host.post({ kind: 'recordAt', step: held }), restFor);
  drawHeld();
}

const drawHeld = oncePerFrame(() => {
  const { held = null, series, layers: gated = [] } = store.known;
  cloth.hold(held);
  charts.hold(axis(), held);
  drawTime();
  if (series) cells.update(series, gated, store.shown);
});

function openLayer(layer: string): void {
  host.post({ kind: 'openLayer', layer });
}

/** How it goes, now and then. */
function announce(): void {
  const { run, latest } = store.known;
  if (run?.status !== 'running' || !latest) return;
  said.say(
    `Step ${count(latest.step)} of ${count(run.steps)}, sparsity ${percent(latest.sparsity, 0)}, loss ${significant(latest.loss)}`,
  );
}

function save(): void {
  const { subject } = store.known;
  if (subject) host.save({ subject, axis: kind, scroll });
}
