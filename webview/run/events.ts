/** What happened in a run besides its steps: marks on the time axis above the carpet, and a table. */

import { count } from '../../src/base/format.ts';
import type { RunEvent, RunEventKind } from '../../src/protocol/views/run.ts';
import type { Zoom } from '../ui/chart/chartZoom.ts';
import { make } from '../ui/dom.ts';
import { sortableTable } from '../ui/table/table.ts';
import type { Axis } from './axis.ts';

export const eventNames: Readonly<Record<RunEventKind, string>> = {
  evaluation: 'Evaluation',
  checkpoint: 'Checkpoint',
  removal: 'Removal',
  alert: 'Alert',
  rewind: 'Rewind',
  resume: 'Resume',
  rest: 'Rest',
  end: 'End',
};

/** One letter or sign each: they must be told apart without colour. */
const signs: Readonly<Record<RunEventKind, string>> = {
  evaluation: 'E',
  checkpoint: '◆',
  removal: '✂',
  alert: '!',
  rewind: '↶',
  resume: '▶',
  rest: '‖',
  end: '■',
};

/** The most important last: it stands on top where several share a place. */
const order: readonly RunEventKind[] = [
  'checkpoint',
  'evaluation',
  'removal',
  'rest',
  'resume',
  'rewind',
  'end',
  'alert',
];

export interface EventLane {
  readonly element: HTMLElement;
  readonly update: (events: readonly RunEvent[], axis: Axis, zoom: Zoom | undefined) => void;
}

/** Pixels of a mark: what falls into one shares it. */
const markWidth = 18;

/** @param onPick receives the step of the mark that was pressed. */
export function eventLane(onPick: (step: number) => void): EventLane {
  const lane = make('div', { class: 'event-lane', role: 'group', 'aria-label': 'Events over the run' });
  const element = make('div', { class: 'lane' }, make('span', { class: 'lane-name' }, 'Events'), lane);
  let shown = '';
  let latest: Parameters<EventLane['update']> | undefined;
  new ResizeObserver(() => latest && draw(...latest)).observe(lane);
  return {
    element,
    update(...next) {
      latest = next;
      draw(...next);
    },
  };

  function draw(events: readonly RunEvent[], axis: Axis, zoom: Zoom | undefined): void {
    const { min, max } = zoom ?? { min: axis.first, max: axis.last };
    const width = lane.clientWidth;
    element.hidden = events.length === 0;
    if (width === 0) return;
    const groups = new Map<number, RunEvent[]>();
    for (const event of events) {
      const share = max > min ? (axis.of(event.step) - min) / (max - min) : 1;
      if (share < -1e-6 || share > 1 + 1e-6) continue;
      const place = Math.round((Math.min(1, Math.max(0, share)) * (width - markWidth)) / markWidth);
      groups.set(place, [...(groups.get(place) ?? []), event]);
    }
    const key = JSON.stringify([width, [...groups]]);
    if (key === shown) return;
    shown = key;
    lane.replaceChildren(...Array.from(groups, ([place, here]) => mark(place, here)));
  }

  function mark(place: number, here: readonly RunEvent[]): HTMLElement {
    const [top] = here.toSorted((a, b) => order.indexOf(b.kind) - order.indexOf(a.kind));
    const kind = top?.kind ?? 'checkpoint';
    const lines = here.map(({ step, text }) => `Step ${count(step)}: ${text}`);
    const title = [...lines.slice(0, 12), ...(lines.length > 12 ? [`and ${lines.length - 12} more`] : [])].join('\n');
    const button = make('button', { type: 'button', class: `event ${kind}`, title, 'aria-label': title }, signs[kind]);
    button.style.left = `${place * markWidth}px`;
    button.addEventListener('click', () => onPick(here.at(-1)?.step ?? 0));
    return button;
  }
}

export interface EventTable {
  readonly element: HTMLElement;
  readonly update: (events: readonly RunEvent[]) => void;
}

export function eventTable(): EventTable {
  const table = sortableTable<RunEvent>({
    label: 'Events of the run',
    sort: { column: 'step', direction: 'ascending' },
    empty: 'Nothing but steps so far.',
    columns: [
      { id: 'step', title: 'Step', numeric: true, value: ({ step }) => step, cell: ({ step }) => count(step) },
      { id: 'kind', title: 'Event', value: ({ kind }) => `${signs[kind]}\u00a0${eventNames[kind]}` },
      { id: 'text', title: 'What happened', value: ({ text }) => text },
    ],
  });
  let shown = '';
  let latest: unknown;
  return {
    element: table.element,
    update(events) {
      if (events === latest) return;
      latest = events;
      const key = JSON.stringify(events);
      if (key === shown) return;
      shown = key;
      table.setRows(events);
    },
  };
}
