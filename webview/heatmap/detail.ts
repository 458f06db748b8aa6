/** The card beside a cell: the numbers of its layer at this step. */

import { count, percent, significant } from '../../src/base/format.ts';
import './detail.css';
import type { HeatmapLayer } from '../../src/protocol/views/heatmap.ts';
import { make, newId } from '../ui/dom.ts';
import { fact } from '../ui/fact.ts';
import type { StepPoint } from '../../src/protocol/series.ts';
import type { Trend } from './store.ts';

export interface Detail {
  readonly element: HTMLElement;
  readonly show: (
    cell: HTMLElement,
    layer: HeatmapLayer,
    index: number,
    frame: StepPoint,
    trend: Trend | undefined,
  ) => void;
  readonly hide: () => void;
}

/** Pixels between the card and its cell, and between the card and the page's edge. */
const gap = 6;

export function detailCard(): Detail {
  const id = newId();
  const name = make('div', { class: 'name mono' });
  const sparsity = fact('Sparsity');
  const kept = fact('Weights kept');
  const threshold = fact('Threshold');
  const trend = fact('Trend');
  const entries = make('dl', {}, ...[sparsity, kept, threshold, trend].map(({ element }) => element));
  const element = make('div', { id, class: 'detail-card', role: 'tooltip', hidden: true }, name, entries);
  let described: HTMLElement | undefined;
  return {
    element,
    show(cell, layer, index, frame, change) {
      const share = frame.sparsities[index] ?? NaN;
      if (name.textContent !== layer.name) name.replaceChildren(...breakable(layer.name));
      sparsity.set(percent(share));
      kept.set(keptText(layer.parameters, share));
      threshold.set(thresholdText(frame.thresholds[index] ?? NaN));
      trend.set(trendText(change));
      element.hidden = false;
      if (described !== cell) {
        described?.removeAttribute('aria-describedby');
        cell.setAttribute('aria-describedby', id);
        described = cell;
      }
      place(element, cell);
    },
    hide() {
      element.hidden = true;
      described?.removeAttribute('aria-describedby');
      described = undefined;
    },
  };
}

function keptText(parameters: number, share: number): string {
  if (Number.isNaN(share) || parameters === 0) return '';
  return `${count(Math.round(parameters * (1 - share)))} of ${count(parameters)}`;
}

function thresholdText(threshold: number): string {
  return Number.isNaN(threshold) ? '–' : `${significant(threshold)} × initial RMS`;
}

function trendText(trend: Trend | undefined): string {
  if (!trend) return '';
  const points = 100 * trend.change;
  const over = ` in ${count(trend.steps)} steps`;
  if (Math.abs(points) < 0.05) return `steady${over}`;
  return `${points > 0 ? '▲ +' : '▼ −'}${Math.abs(points).toFixed(1)} points${over}`;
}

/** A name that may wrap after a dot or underscore, and nowhere else. */
function breakable(name: string): Node[] {
  return name.split(/(?<=[._/])/u).flatMap((part) => [document.createTextNode(part), make('wbr')]);
}

/** Places the card below the cell, or above it where there is no room, and within the page's sides. */
function place(card: HTMLElement, cell: HTMLElement): void {
  const around = cell.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const page = document.documentElement;
  const left = Math.min(around.left, page.clientWidth - width - gap);
  const below = around.bottom + gap;
  const top = below + height > page.clientHeight ? around.top - height - gap : below;
  card.style.left = `${Math.max(gap, left)}px`;
  card.style.top = `${Math.max(gap, top)}px`;
}
