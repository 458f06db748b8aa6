/** The page that compares runs: where they stand, what differs between them, their curves over each other, and their carpets. */

import '../ui/ready.ts';
import { counted } from '../../src/base/format.ts';
import '../ui/theme.css';
import '../ui/page.css';
import './comparison.css';
import type {
  ComparedRun,
  ComparisonSubject,
  FromComparison,
  ToComparison,
} from '../../src/protocol/views/comparison.ts';
import { axisKinds, axisOf, type AxisKind } from '../run/axis.ts';
import { carpet, type Carpet } from '../run/carpet/carpet.ts';
import { dropdown, progressRing } from '../ui/controls.ts';
import { make, oncePerFrame, setText } from '../ui/dom.ts';
import { connectHost, savedState } from '../ui/host.ts';
import { whenStill } from '../ui/whenStill.ts';
import { legend } from '../ui/sparsity/legend.ts';
import { comparedCharts } from './charts.ts';
import { differences } from './differences.ts';
import { ends, link, swatch } from './ends.ts';

interface Saved {
  readonly subject: ComparisonSubject;
  readonly axis: AxisKind;
}

interface Cloth {
  readonly element: HTMLElement;
  readonly carpet: Carpet;
  readonly none: HTMLElement;
  /** What it shows: others are not drawn again when one run has changed. */
  run: ComparedRun | undefined;
  axis: string;
}

const before = savedState();
let kind = axisKinds.find((each) => each === before['axis']) ?? 'step';
let subject: ComparisonSubject | undefined;
const runs = new Map<number, ComparedRun>();
const problems = new Map<number, string>();
const cloths = new Map<number, Cloth>();

/** The host is told when the pointer rests. */
let resting = false;
/** What the table of differences shows, as JSON. */
let differingNow = '';

const title = make('h1');
const busy = make('div', { class: 'busy' }, progressRing('Reading the runs'), make('span', {}, 'Reading the runs…'));
const wrong = make('div', { class: 'problems', role: 'alert' });
const table = ends(
  (index) => host.post({ kind: 'openRun', index }),
  (index) => host.post({ kind: 'diff', index }),
);
const differing = make('div', { class: 'table' });
const charts = comparedCharts((name, content) => host.post({ kind: 'save', name, content }));
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
    if (subject) host.save({ subject, axis: kind });
    draw();
  },
});
const carpets = make('div', { class: 'carpets' });
const content = make(
  'main',
  { hidden: true },
  make('header', {}, title, busy, wrong),
  make('section', {}, make('h2', {}, 'Where they stand'), table.element),
  make('section', {}, make('h2', {}, 'What differs'), differing),
  make(
    'section',
    {},
    make('div', { class: 'heading' }, make('h2', {}, 'Curves'), axisChoice),
    charts.element,
    make('p', { class: 'quiet hint' }, 'Drag to zoom, double-click to reset. Losses, norms and speeds are smoothed.'),
  ),
  make('section', {}, make('div', { class: 'heading' }, make('h2', {}, 'Layers'), legend()), carpets),
);
document.body.append(content);

const draw = oncePerFrame(() => {
  if (!subject) return;
  const { folders } = subject;
  content.hidden = false;
  setText(title, counted(folders.length, 'run'));
  busy.hidden = runs.size + problems.size >= folders.length;
  wrong.replaceChildren(...Array.from(problems.values(), (text) => make('p', { class: 'error' }, text)));
  const order = [...runs].sort(([a], [b]) => a - b);
  table.update(folders.map((_, index) => runs.get(index)));
  drawDifferences(order);
  // Charts are made anew for other runs, so they wait until all are read.
  if (busy.hidden) charts.update(order, kind);
  drawCarpets(order);
  if (!busy.hidden || resting) return;
  resting = true;
  whenStill(() => {
    resting = false;
    host.post({ kind: 'drawn' });
  });
});

const host = connectHost<FromComparison, Saved>((message: ToComparison) => {
  if (message.kind === 'subject') {
    ({ subject } = message);
    host.save({ subject, axis: kind });
  } else if (message.kind === 'run') {
    runs.set(message.index, message.run);
    problems.delete(message.index);
  } else problems.set(message.index, message.text);
  draw();
});

function drawDifferences(order: readonly (readonly [number, ComparedRun])[]): void {
  const found = differences(order.map(([, run]) => run));
  const now = JSON.stringify([order.map(([, { name }]) => name), found]);
  if (now === differingNow) return;
  differingNow = now;
  if (order.length < 2 || found.length === 0) {
    const text = order.length < 2 ? '' : 'Nothing: the same model, data, settings and versions.';
    differing.replaceChildren(make('p', { class: 'quiet' }, text));
    return;
  }
  const head = make(
    'tr',
    {},
    make('th', { scope: 'col', class: 'plain' }, 'Setting'),
    ...order.map(([index, { name }]) => make('th', { scope: 'col', class: 'plain' }, swatch(index), ` ${name}`)),
  );
  const rows = found.map(({ name, values }) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row', class: 'plain mono' }, name),
      ...values.map((value) => make('td', { class: 'mono' }, value)),
    ),
  );
  differing.replaceChildren(
    make(
      'div',
      { class: 'table-scroll', tabindex: 0, role: 'region', 'aria-label': 'What differs' },
      make(
        'table',
        { 'aria-label': 'What differs between the runs' },
        make('thead', {}, head),
        make('tbody', {}, ...rows),
      ),
    ),
  );
}

/** One below the other, in the order of the runs. */
function drawCarpets(order: readonly (readonly [number, ComparedRun])[]): void {
  // One axis for all, so that the same place is the same time.
  const axes = order.flatMap(([, { course, stepsPerEpoch }]) =>
    course.count > 0 ? [axisOf(kind, course, stepsPerEpoch)] : [],
  );
  const all = { min: Math.min(...axes.map(({ first }) => first)), max: Math.max(...axes.map(({ last }) => last)) };
  for (const [index, run] of order) {
    const { name, course, stepsPerEpoch, layers, series } = run;
    let cloth = cloths.get(index);
    if (!cloth) {
      const made = carpet({
        onOpen: (layer) => host.post({ kind: 'openLayer', index, layer }),
        onHold: () => undefined,
        height: 200,
      });
      const caption = make(
        'figcaption',
        {},
        swatch(index),
        link(name, () => host.post({ kind: 'openRun', index })),
      );
      const none = make('p', { class: 'quiet' }, 'No gates, or no step yet: there are no layers to show.');
      const figure = make('figure', {}, caption, made.element, none);
      cloth = { element: figure, carpet: made, none, run: undefined, axis: '' };
      cloths.set(index, cloth);
      carpets.replaceChildren(...[...cloths].sort(([a], [b]) => a - b).map(([, { element }]) => element));
    }
    const axis = JSON.stringify([kind, all]);
    if (cloth.run === run && cloth.axis === axis) continue;
    Object.assign(cloth, { run, axis });
    const isEmpty = layers.length === 0 || course.count === 0;
    cloth.carpet.element.hidden = isEmpty;
    cloth.none.hidden = !isEmpty;
    if (!isEmpty)
      cloth.carpet.update({ series, layers, axis: axisOf(kind, course, stepsPerEpoch), zoom: all, held: null });
  }
}
