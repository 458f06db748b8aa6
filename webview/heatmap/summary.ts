/** The part above the grid: the run's status in words, numbers and a bar. */

import { count, duration, percent, shortCount, significant } from '../../src/base/format.ts';
import './summary.css';
import { errorRateShort } from '../../src/protocol/errorRate.ts';
import type { HeatmapStatus } from '../../src/protocol/views/heatmap.ts';
import { sparkline } from '../ui/chart/chart.ts';
import { progressRing } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import { fact } from '../ui/fact.ts';
import type { StepPoint } from '../../src/protocol/series.ts';
import type { HeatmapStore } from './store.ts';

export interface Summary {
  readonly element: HTMLElement;
  readonly update: (store: HeatmapStore, frame: StepPoint) => void;
}

const statusWords: Readonly<Record<HeatmapStatus, string>> = {
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  done: 'Done',
  failed: 'Failed',
  stopped: 'Stopped',
  lost: 'Lost',
};

const lostMessage = 'The run’s process is gone. Resume the run from its last checkpoint.';

/** Milliseconds between two drawings of the loss. More would not be visible. */
const redrawLoss = 250;

export function summary(): Summary {
  const name = make('h2');
  const status = make('span', { class: 'status' });
  const detail = make('span', { class: 'detail quiet' });
  const message = make('p', { class: 'message' });
  const busy = make('div', { class: 'busy' }, progressRing('Busy'), make('span'));
  const problem = make('p', { class: 'error', role: 'alert' });
  const sparsity = sparsityBar();
  const loss = fact('Loss');
  const line = sparkline({ label: 'Loss over the run', height: 26, colour: '--vscode-charts-blue' });
  loss.element.append(line.element);
  loss.element.classList.add('wide');
  const step = fact('Step');
  const left = fact('Time left');
  const speed = fact('Speed', 'Seconds per step, and seconds of speech trained on per second');
  const device = fact('Device');
  const errorRate = fact(
    'Error rate',
    'On the development data: of words, or of characters or phones where the model writes these',
  );
  const weights = fact('Weights kept');
  const all = fact('Of all parameters', 'Zeros among all parameters, including those that are never pruned');
  const facts = make(
    'dl',
    { class: 'facts' },
    ...[all, weights, loss, step, left, speed, device, errorRate].map(({ element }) => element),
  );
  const element = make(
    'section',
    { class: 'summary', 'aria-label': 'Run' },
    make('header', {}, name, make('div', { class: 'row' }, status, detail)),
    message,
    busy,
    problem,
    sparsity.element,
    facts,
  );
  let lossDrawn = -Infinity;
  let drawn: unknown;

  return {
    element,
    update(store, frame) {
      const { subject, notice, run, model, series, latest } = store.known;
      setText(name, subject?.name ?? '');
      name.title = subject?.name ?? '';
      setText(detail, subject?.detail ?? '');
      detail.title = subject?.detail ?? '';
      status.hidden = run === null;
      if (run) {
        setText(status, statusWords[run.status]);
        status.dataset['status'] = run.status;
      }
      const failed = run?.status === 'failed' || run?.status === 'lost';
      const said = run?.status === 'lost' ? lostMessage : (run?.message ?? '');
      setText(message, failed ? '' : said);
      message.hidden = failed || said === '';
      busy.hidden = notice?.kind !== 'busy';
      setText(busy.lastChild ?? busy, notice?.kind === 'busy' ? notice.text : '');
      const wrong = notice?.kind === 'error' ? notice.text : failed ? said : '';
      setText(problem, wrong);
      problem.hidden = wrong === '';

      sparsity.update(frame, model ? null : (run?.finalTarget ?? null));
      sparsity.element.hidden = Number.isNaN(frame.sparsity);
      loss.set(Number.isNaN(frame.loss) ? '' : significant(frame.loss));
      const at = Math.max(run?.step ?? 0, latest?.step ?? 0);
      step.set(run && run.steps > 0 ? `${count(at)} of ${count(run.steps)}` : '');
      const live = run?.status === 'running' && latest !== null;
      left.set(live ? duration(store.secondsLeft) : '');
      speed.set(Number.isNaN(frame.secondsPerStep) ? (latest ? '–' : '') : speedText(frame));
      device.set(run?.device ?? '');
      errorRate.set(
        run?.evaluation
          ? `${errorRateShort(run.evaluation.unit)} ${percent(run.evaluation.wer)} at step ${count(run.evaluation.step)}`
          : '',
      );
      weights.set(model ? `${shortCount(model.nonZeroParameters)} of ${shortCount(model.parameters)}` : '');
      const ofAll = model ? model.sparsityOfAll : frame.sparsity * (run?.gatedShare ?? NaN);
      all.set(Number.isNaN(ofAll) ? '' : percent(ofAll));
      const now = performance.now();
      if (series && (series !== drawn || now - lossDrawn > redrawLoss)) {
        drawn = series;
        lossDrawn = now;
        line.setData(series.steps.subarray(0, series.count), [series.loss.subarray(0, series.count)]);
      }
    },
  };
}

function speedText({ secondsPerStep, audioSecondsPerSecond }: StepPoint): string {
  return `${significant(secondsPerStep)} s/step · ${significant(audioSecondsPerSecond)}×`;
}

/** The bar of the sparsity, with marks at the present and the final target. */
function sparsityBar(): { element: HTMLElement; update: (frame: StepPoint, finalTarget: number | null) => void } {
  const value = make('strong');
  const target = make('span', { class: 'quiet' });
  const filled = make('div', { class: 'filled' });
  const now = make('div', { class: 'mark now' });
  const end = make('div', { class: 'mark end' });
  const bar = make(
    'div',
    {
      class: 'bar',
      role: 'meter',
      'aria-label': 'Sparsity of the gated weights',
      'aria-valuemin': 0,
      'aria-valuemax': 100,
    },
    filled,
    now,
    end,
  );
  const element = make(
    'div',
    { class: 'sparsity' },
    make(
      'div',
      { class: 'row', title: 'Zeros among the weights that may be pruned' },
      make('span', {}, 'Sparsity '),
      value,
      target,
    ),
    bar,
  );
  return {
    element,
    update({ sparsity, sparsityTarget }, finalTarget) {
      setText(value, percent(sparsity));
      const rising = finalTarget !== null && sparsityTarget < finalTarget - 0.0005;
      setText(target, finalTarget === null ? '' : `target ${percent(finalTarget, 0)}`);
      bar.title = rising
        ? `The target rises: ${percent(sparsityTarget)} now, ${percent(finalTarget, 0)} at the end`
        : '';
      filled.style.width = cssPercent(sparsity);
      now.hidden = !rising;
      now.style.insetInlineStart = cssPercent(sparsityTarget);
      end.hidden = finalTarget === null;
      end.style.insetInlineStart = cssPercent(finalTarget ?? 0);
      bar.setAttribute('aria-valuenow', Number.isNaN(sparsity) ? '0' : (100 * sparsity).toFixed(0));
      bar.setAttribute(
        'aria-valuetext',
        [percent(sparsity), bar.title || target.textContent].filter(Boolean).join(', '),
      );
    },
  };
}

function cssPercent(fraction: number): string {
  return Number.isFinite(fraction) ? `${(100 * fraction).toFixed(2)}%` : '0';
}
