/** What came out of a run: its checkpoints with size and error rate, and the next steps. */

import { byteSize, count, percent, shortCount } from '../../src/base/format.ts';
import { errorRateName } from '../../src/protocol/errorRate.ts';
import type { RunCheckpoint, RunCommand, RunMeasurement } from '../../src/protocol/views/run.ts';
import { button } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import { sortableTable } from '../ui/table/table.ts';
import { measurementText, shortVerdict, withoutCheckpoint } from './outcomeText.ts';
import type { RunPageStore } from './store.ts';

export interface Outcome {
  readonly element: HTMLElement;
  readonly update: (store: RunPageStore) => void;
}

export function outcome(onCommand: (command: RunCommand, checkpoint?: number) => void): Outcome {
  const summary = make('p');
  const verdict = make('p', { class: 'verdict' });
  const measured = new Map<number, RunMeasurement>();
  const table = sortableTable<RunCheckpoint>({
    label: 'Checkpoints of the run',
    sort: { column: 'step', direction: 'descending' },
    columns: [
      {
        id: 'step',
        title: 'Checkpoint',
        numeric: true,
        value: ({ step }) => step,
        cell: ({ step, best }) => `${best ? '★ ' : ''}step ${count(step)}`,
      },
      {
        id: 'wer',
        title: 'Error rate',
        description: 'On the development data, of words, or of characters or phones where the model has no words',
        numeric: true,
        value: ({ wer }) => wer,
        cell: ({ wer }) => (wer === null ? '–' : percent(wer)),
      },
      {
        id: 'measured',
        title: 'Evaluated',
        description:
          'Error rate of the newest evaluation kept beside the checkpoint, and the verdict against the original model',
        numeric: true,
        value: ({ step }) => measured.get(step)?.wer ?? null,
        cell: ({ step }) => {
          const one = measured.get(step);
          if (!one) return '–';
          return make('span', { title: measurementText(one) }, [percent(one.wer), ...shortVerdict(one)].join(' · '));
        },
      },
      column('sparsity', 'Sparsity', 'Of the weights that may be pruned', percent),
      column('sparsityOfAll', 'Of all', 'Zeros among all parameters', percent),
      column('nonZeroParameters', 'Weights kept', 'Parameters that are not zero', shortCount),
      column('parameters', 'Parameters', 'With zeros, without what was removed', shortCount),
      column('bytes', 'Bytes', 'Of the ONNX file, uncompressed', byteSize),
      {
        id: 'next',
        title: 'Next',
        value: () => null,
        cell: ({ step }) => {
          const each = (label: string, command: RunCommand): HTMLElement => {
            const pressed = make('button', { type: 'button', class: 'link' }, label);
            pressed.setAttribute('aria-label', `${label} step ${step}`);
            pressed.addEventListener('click', () => onCommand(command, step));
            return pressed;
          };
          return make(
            'span',
            { class: 'links' },
            each('Evaluate', 'evaluate'),
            each('Diff', 'diff'),
            each('Export', 'export'),
          );
        },
      },
    ],
  });
  const next = make(
    'div',
    { class: 'buttons' },
    ...(
      [
        ['Evaluate', 'evaluate', 'Measure the best checkpoint on speech'],
        ['Diff with the Original', 'diffOriginal', 'What was cut, and whether the error rate changed'],
        ['Export…', 'export', 'Write the model smaller, with 8-bit weights, or for other programs'],
        ['Prune Further to…', 'pruneFurther', 'Start a run from this checkpoint, with the settings of its run'],
      ] as const
    ).map(([label, command, title], at) =>
      button({ label, title, primary: at === 0, onClick: () => onCommand(command, chosen) }),
    ),
  );
  const none = make('p', { class: 'quiet' });
  const element = make('section', {}, make('h2', {}, 'What came out'), none, summary, verdict, next, table.element);
  /** The best checkpoint, or the newest. */
  let chosen: number | undefined;
  let shown: readonly unknown[] = [];
  return {
    element,
    update({ known: { checkpoints = noCheckpoints, measurements = noMeasurements, run, trusted = true } }) {
      element.hidden = !run;
      const unit = run?.evaluation?.unit;
      const now = [checkpoints, measurements, trusted, unit, run?.status];
      if (now.every((each, at) => each === shown[at])) return;
      shown = now;
      measured.clear();
      for (const one of measurements) measured.set(one.step, one);
      const best = checkpoints.find((one) => one.best) ?? checkpoints.at(-1);
      chosen = best?.step;
      none.hidden = best !== undefined;
      setText(none, run ? withoutCheckpoint(run.status) : '');
      const judged = best && measured.get(best.step);
      verdict.hidden = judged === undefined;
      verdict.className = `verdict ${judged?.original?.verdict ?? 'unknown'}`;
      if (judged) setText(verdict, measurementText(judged));
      summary.hidden = table.element.hidden = best === undefined;
      next.hidden = best === undefined || !trusted;
      if (best) setText(summary, summaryOf(best, errorRateName(unit)));
      table.setRows(checkpoints);
    },
  };
}

const noCheckpoints: readonly RunCheckpoint[] = [];

const noMeasurements: readonly RunMeasurement[] = [];

function summaryOf(checkpoint: RunCheckpoint, rateName: string): string {
  const { step, wer, best, sparsity, nonZeroParameters, parameters, bytes } = checkpoint;
  const which = best ? 'The best checkpoint at the final sparsity' : 'The newest checkpoint';
  const rate = wer === null ? `its ${rateName} was not measured` : `${rateName} ${percent(wer)}`;
  return `${which}, step ${count(step)}: ${rate}, ${percent(sparsity)} of the gated weights are zero, ${shortCount(nonZeroParameters)} of ${shortCount(parameters)} parameters are left, ${byteSize(bytes)}.`;
}

function column(
  id: 'sparsity' | 'sparsityOfAll' | 'nonZeroParameters' | 'parameters' | 'bytes',
  title: string,
  description: string,
  format: (value: number) => string,
) {
  return {
    ...{ id, title, description, numeric: true },
    value: (row: RunCheckpoint) => row[id],
    cell: (row: RunCheckpoint) => format(row[id]),
  };
}
