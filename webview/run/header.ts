/** The top of a run's page: its name, how it is doing, where it is going, and what can be done now. */

import { byteSize, count, duration, percent, shortCount, significant } from '../../src/base/format.ts';
import { errorRateShort } from '../../src/protocol/errorRate.ts';
import type { RunCommand } from '../../src/protocol/views/run.ts';
import type { HeatmapStatus } from '../../src/protocol/views/heatmap.ts';
import { button, progressRing } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';
import { fact } from '../ui/fact.ts';
import { forecastText } from './forecastText.ts';
import type { RunPageStore } from './store.ts';

export interface Header {
  readonly element: HTMLElement;
  readonly update: (store: RunPageStore) => void;
}

const words: Readonly<Record<HeatmapStatus, string>> = {
  starting: 'Starting',
  running: 'Running',
  stopping: 'Stopping',
  done: 'Done',
  failed: 'Failed',
  stopped: 'Stopped',
  lost: 'Lost',
};

const lost = 'The run’s process is gone. Resume the run from its last checkpoint.';

export function header(onCommand: (command: RunCommand) => void): Header {
  const name = make('h1');
  const status = make('span', { class: 'status' });
  const model = make('span', { class: 'quiet' });
  const busy = make('div', { class: 'busy' }, progressRing('Reading the run'), make('span', {}, 'Reading the run…'));
  const problem = make('p', { class: 'error', role: 'alert' });
  const message = make('p', { class: 'quiet' });
  const facts = {
    step: fact('Step'),
    left: fact('Time left', 'At the speed of the last steps, with the evaluations between them'),
    sparsity: fact('Sparsity', 'Zeros among the weights that may be pruned'),
    target: fact(
      'Will be',
      'What the run aims for: sparsity of the gated weights, what then remains of the model, the size of its file, and its latency if the original model was evaluated',
    ),
    loss: fact('Loss'),
    wer: fact(
      'Error rate',
      'Last measured on the development data, of words, or of characters or phones where the model has no words',
    ),
    speed: fact('Speed', 'Seconds per step, and seconds of speech trained on per second'),
    size: fact('Size', 'Of the last checkpoint, uncompressed: zeros take space until the model is exported'),
    kept: fact('Weights kept', 'Numbers in the last checkpoint that are not zero, of all parameters'),
    memory: fact('Memory', 'What the run was expected to need'),
    device: fact('Device'),
  };
  const list = make('dl', { class: 'facts' }, ...Object.values(facts).map(({ element }) => element));
  const press = (label: string, command: RunCommand, title?: string) =>
    button({ label, onClick: () => onCommand(command), ...(title !== undefined && { title }) });
  const stop = press('Stop', 'stop', 'Finish this step, write a checkpoint and end');
  const checkpoint = press('Write Checkpoint', 'checkpoint');
  const resume = press('Resume', 'resume');
  const log = press('Open Log', 'openLog');
  const heatmap = press('Show in Sidebar', 'showHeatmap', 'Show this run in the sidebar’s heatmap');
  const element = make(
    'header',
    {},
    make('div', { class: 'title' }, name, status, model),
    busy,
    problem,
    message,
    list,
    make('div', { class: 'buttons' }, stop, checkpoint, resume, log, heatmap),
  );
  return {
    element,
    update(store) {
      const { name: title = '', run, notice, about, latest, checkpoints = [], forecast, trusted } = store.known;
      setText(name, title);
      status.hidden = !run;
      if (run) {
        setText(status, words[run.status]);
        status.dataset['status'] = run.status;
      }
      setText(model, about ? about.model : '');
      busy.hidden = notice?.kind !== 'busy';
      const failed = run?.status === 'failed' || run?.status === 'lost';
      const said = run?.status === 'lost' ? lost : (run?.message ?? '');
      const wrong = notice?.kind === 'error' ? notice.text : failed ? said : '';
      setText(problem, wrong);
      problem.hidden = wrong === '';
      const quiet =
        trusted === false ? 'This workspace is not trusted, so nothing can be started here.' : failed ? '' : said;
      setText(message, quiet);
      message.hidden = quiet === '';
      const last = checkpoints.at(-1);
      const at = Math.max(run?.step ?? 0, latest?.step ?? 0);
      facts.step.set(run && run.steps > 0 ? `${count(at)} of ${count(run.steps)}` : '');
      facts.left.set(typeof forecast?.secondsLeft === 'number' ? duration(forecast.secondsLeft) : '');
      facts.sparsity.set(
        latest && run?.finalTarget !== null
          ? `${percent(latest.sparsity)}, target ${percent(run?.finalTarget ?? NaN, 0)}`
          : '',
      );
      facts.target.set(forecast ? forecastText(forecast) : '');
      facts.loss.set(latest ? significant(latest.loss) : '');
      const wer = run?.evaluation;
      facts.wer.set(wer ? `${errorRateShort(wer.unit)} ${percent(wer.wer)} at step ${count(wer.step)}` : '');
      facts.speed.set(
        latest && store.isLive && Number.isFinite(latest.secondsPerStep)
          ? `${significant(latest.secondsPerStep)} s/step · ${significant(latest.audioSecondsPerSecond)}×`
          : '',
      );
      facts.size.set(last ? byteSize(last.bytes) : '');
      facts.kept.set(last ? `${shortCount(last.nonZeroParameters)} of ${shortCount(last.parameters)}` : '');
      facts.memory.set(about?.data ? byteSize(about.data.memoryBytes) : '');
      facts.device.set(run?.device ?? '');
      stop.hidden = run?.can.stop !== true;
      checkpoint.hidden = run?.can.checkpoint !== true;
      resume.hidden = run?.can.resume !== true;
      log.hidden = heatmap.hidden = !run;
    },
  };
}
