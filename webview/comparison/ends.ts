/** Where each run stands, in a table whose best numbers are marked. */

import { byteSize, count, duration, percent, shortCount } from '../../src/base/format.ts';
import type { ComparedRun, RunEnd } from '../../src/protocol/views/comparison.ts';
import type { RunVerdict } from '../../src/protocol/views/run.ts';
import { make } from '../ui/dom.ts';
import { sortableTable, type Column } from '../ui/table/table.ts';
import { lookOf } from './colours.ts';

export interface Ends {
  readonly element: HTMLElement;
  readonly update: (runs: readonly (ComparedRun | undefined)[]) => void;
}

interface Row {
  readonly index: number;
  readonly run: ComparedRun;
}

type Measure = Exclude<keyof RunEnd, 'checkpoint' | 'testData' | 'verdict' | 'verdictReason'>;

interface MeasureColumn {
  readonly id: Measure;
  readonly title: string;
  readonly description: string;
  readonly format: (value: number) => string;
  readonly best: 'least' | 'most';
}

const measures: readonly MeasureColumn[] = [
  {
    id: 'wer',
    title: 'Dev error rate',
    description: 'On the development data, of words, or of characters or phones where the model has no words',
    format: percent,
    best: 'least',
  },
  {
    ...{
      id: 'testWer',
      title: 'Evaluated error rate',
      description: 'Of the newest evaluation kept beside the checkpoint',
    },
    ...{ format: percent, best: 'least' },
  },
  { id: 'sparsity', title: 'Sparsity', description: 'Of the gated weights', format: percent, best: 'most' },
  {
    ...{ id: 'nonZeroParameters', title: 'Weights kept', description: 'Parameters that are not zero' },
    ...{ format: shortCount, best: 'least' },
  },
  { id: 'parameters', title: 'Parameters', description: 'With zeros', format: shortCount, best: 'least' },
  { id: 'bytes', title: 'Bytes', description: 'Of the ONNX file, uncompressed', format: byteSize, best: 'least' },
  {
    ...{ id: 'latency', title: 'Latency', description: 'Milliseconds for an utterance, of the evaluation' },
    ...{ format: (value: number) => `${Number(value.toPrecision(3))} ms`, best: 'least' },
  },
  { id: 'seconds', title: 'Time', description: 'Spent in training steps', format: duration, best: 'least' },
] as const;

export function ends(onOpen: (index: number) => void, onDiff: (index: number) => void): Ends {
  const best = new Map<Measure, number>();
  const columns: Column<Row>[] = [
    {
      ...{ id: 'name', title: 'Run' },
      value: ({ run }) => run.name,
      cell: ({ index, run }) =>
        make(
          'span',
          { class: 'run-name' },
          swatch(index),
          link(run.name, () => onOpen(index)),
        ),
    },
    {
      ...{ id: 'status', title: 'State' },
      value: ({ run }) => run.status,
      cell: ({ run: { status, step, steps } }) =>
        status === 'done' ? 'done' : `${status}, ${count(step)} of ${count(steps)}`,
    },
    ...measures.map(({ id, title, description, format }): Column<Row> => ({
      ...{ id, title, description, numeric: true },
      value: ({ run }) => run.end[id],
      cell: ({ run }) => {
        const value = run.end[id];
        if (value === null) return '–';
        return run.status === 'done' && value === best.get(id)
          ? make('strong', { title: 'The best' }, `★ ${format(value)}`)
          : format(value);
      },
    })),
    {
      ...{
        id: 'diff',
        title: 'Against the first',
        description:
          'Whether the error rate differs significantly where both were evaluated on the same speech, and which weights were cut',
      },
      value: ({ run: { end } }) => (end.verdict === null ? null : verdictOrder.indexOf(end.verdict)),
      cell: ({ index, run }) => (index === 0 ? 'the first' : againstFirst(run, () => onDiff(index))),
    },
  ];
  const table = sortableTable<Row>({
    label: 'Where the runs stand',
    sort: { column: '', direction: 'ascending' },
    columns,
  });
  return {
    element: table.element,
    update(runs) {
      const rows = runs.flatMap((run, index) => (run ? [{ index, run }] : []));
      for (const { id, best: which } of measures) {
        // A run that is not done is small or quick because it is not done.
        const done = rows.filter(({ run }) => run.status === 'done');
        // Rates on different speech are not comparable.
        const sets = new Set(done.map(({ run }) => run.end.testData).filter((data) => data !== null));
        if (id === 'testWer' && sets.size > 1) {
          best.delete(id);
          continue;
        }
        const values = done.map(({ run }) => run.end[id]).filter((value) => value !== null);
        // Among equals nothing is best.
        if (new Set(values).size < 2) best.delete(id);
        else best.set(id, which === 'least' ? Math.min(...values) : Math.max(...values));
      }
      table.setRows(rows);
    },
  };
}

const verdictOrder: readonly RunVerdict[] = ['better', 'same', 'worse', 'undecided'];

const verdictWords: Readonly<Record<RunVerdict, string>> = {
  better: 'significantly better',
  same: 'no significant difference',
  worse: 'significantly worse',
  undecided: 'no verdict',
};

function againstFirst({ name, end }: ComparedRun, onDiff: () => void): string | HTMLElement {
  if (end.checkpoint === null) return '–';
  const diff = link('Diff', onDiff, `Diff ${name} with the first`);
  if (end.verdict === null) return diff;
  const title = end.verdictReason ?? `Of the error rates on ${end.testData ?? 'the same speech'}, by MAPSSWE`;
  const verdict = make('span', { class: `verdict ${end.verdict}`, title }, verdictWords[end.verdict]);
  return make('span', { class: 'links' }, verdict, diff);
}

/** A short sample of the run's line. */
export function swatch(index: number): HTMLElement {
  const { colour, dashed } = lookOf(index);
  const element = make('span', { class: dashed ? 'swatch dashed' : 'swatch', 'aria-hidden': 'true' });
  element.style.borderTopColor = `var(${colour})`;
  return element;
}

export function link(label: string, onClick: () => void, spoken?: string): HTMLElement {
  const button = make('button', { type: 'button', class: 'link', 'aria-label': spoken }, label);
  button.addEventListener('click', onClick);
  return button;
}
