/** The histogram of the layer's weights, with a mark at the threshold. */

import { count, percent, significant } from '../../src/base/format.ts';
import type { LayerInspection } from '../../src/protocol/results/inspection.ts';
import type { LayerHistogram } from '../../src/protocol/views/layer.ts';
import { histogram as histogramChart } from '../ui/chart/chart.ts';
import { button, progressRing } from '../ui/controls.ts';
import { make, setText } from '../ui/dom.ts';

export interface WeightsView {
  readonly element: HTMLElement;
  readonly update: (state: LayerHistogram | undefined) => void;
}

export function weightsView(onRead: () => void): WeightsView {
  const chart = histogramChart({
    label: 'Histogram of the layer’s weights that are not zero',
    height: 220,
    xLabel: 'Weight',
    colour: '--vscode-charts-blue',
    markColour: '--vscode-charts-yellow',
    formatX: significant,
  });
  const source = make('p', { class: 'quiet' });
  const busy = make(
    'div',
    { class: 'busy' },
    progressRing('Reading the weights'),
    make('span', {}, 'Reading the weights…'),
  );
  const reason = make('p');
  const facts = make('dl', { class: 'facts' });
  const ready = make('div', { class: 'ready' }, source, make('figure', {}, chart.element), facts);
  const read = button({ label: 'Read Again', title: 'Read the weights of the newest checkpoint', onClick: onRead });
  const element = make('section', {}, make('h2', {}, 'Weights'), busy, reason, ready, read);
  let drawn: LayerInspection | undefined;
  return {
    element,
    update(state) {
      busy.hidden = state?.kind !== 'loading';
      reason.hidden = state?.kind !== 'unavailable';
      ready.hidden = state?.kind !== 'ready';
      read.hidden = state === undefined || state.kind === 'loading';
      if (state?.kind === 'unavailable') setText(reason, state.reason);
      if (state?.kind !== 'ready' || state.weights === drawn) return;
      drawn = state.weights;
      setText(source, `Weights of ${state.source}.`);
      facts.replaceChildren(...factsOf(state.weights));
      const { histogram: bins, thresholdInWeights: threshold } = state.weights;
      chart.setData({ ...bins, marks: threshold === null ? [] : [-threshold, threshold] });
    },
  };
}

function factsOf({
  parameters,
  zeros,
  rootMeanSquare,
  threshold,
  thresholdInWeights,
  histogram,
}: LayerInspection): HTMLElement[] {
  const fact = (name: string, value: string, kind = ''): HTMLElement =>
    make('div', { class: kind }, make('dt', {}, name), make('dd', {}, value));
  const known = threshold !== null && thresholdInWeights !== null;
  const facts = [
    fact('Zero, not drawn', `${count(zeros)} of ${count(parameters)} (${percent(zeros / Math.max(1, parameters))})`),
    fact('Root mean square now', significant(rootMeanSquare)),
    known
      ? fact(
          'Threshold',
          `±${significant(thresholdInWeights)}, ${significant(threshold)} × RMS before training`,
          'threshold',
        )
      : fact('Threshold', '–'),
  ];
  const { outside } = histogram;
  if (outside > 0) facts.push(fact('Not drawn: outside the bins, or NaN', count(outside)));
  return facts;
}
