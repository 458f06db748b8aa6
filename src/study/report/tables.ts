/** The tables of the report: a row for each method and sparsity, and the failed runs. */

import { duration, percent } from '../../base/format.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';
import type { MethodResult, Point, StudyResults } from '../../protocol/results/study.ts';
import { html, type Markup } from './svg.ts';
import { marker, methodClass } from './werChart.ts';

export function pointsTable(results: StudyResults): Markup {
  const { methods, dense, given } = results;
  return html`<table>
    <thead>
      <tr>
        <th>method</th>
        <th>target</th>
        <th>sparsity</th>
        <th>WER, test</th>
        <th>95 %</th>
        <th>WER, dev</th>
        <th>seeds</th>
        <th>against the dense model</th>
        <th>time</th>
      </tr>
    </thead>
    <tbody>
      ${
        given
          ? html`<tr>
              <td>as given</td>
              <td></td>
              <td></td>
              <td>${percent(given.test.wer, 2)}</td>
              <td></td>
              <td>${percent(given.dev.wer, 2)}</td>
              <td></td>
              <td></td>
              <td></td>
            </tr>`
          : ''
      }
      ${dense ? row('none', 'dense', dense, html`the reference`) : ''}
      ${methods.map((method, at) => method.points.map((point) => row(method.method, methodClass(at), point, verdictOf(results, method, point), at)))}
    </tbody>
  </table>`;
}

function row(method: string, style: string, point: Point, verdict: Markup, at?: number): Markup {
  const { target, sparsity, wer, low, high, devWer, seeds, seconds } = point;
  const sign =
    at === undefined ? '' : html`<svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">${marker(at)}</svg>`;
  return html`<tr class="${style}">
    <td>${sign}${method}</td>
    <td>${target === null ? '' : percent(target, 2)}</td>
    <td>${percent(sparsity, 2)}</td>
    <td>${percent(wer, 2)}</td>
    <td>${(100 * low).toFixed(2)} to ${percent(high, 2)}</td>
    <td>${percent(devWer, 2)}</td>
    <td>${seeds.join(', ')}</td>
    <td>${verdict}</td>
    <td>${duration(seconds)}</td>
  </tr>`;
}

/** The point's verdict, and each seed's Z. */
function verdictOf({ runs }: StudyResults, { method }: MethodResult, point: Point): Markup {
  const own = runs.filter((run) => run.method === method && run.target === point.target);
  const tests = own.flatMap(({ found }) => (found?.againstDense ? [found.againstDense] : []));
  const word = point.lossless === null ? 'no verdict' : point.lossless ? 'lossless' : 'worse';
  return html`${word} <span>${tests.map(describeTest).join('; ')}</span>`;
}

function describeTest(comparison: Comparison): string {
  const { mapsswe } = comparison;
  return mapsswe ? `Z ${mapsswe.z.toFixed(2)}, n ${mapsswe.segments}` : comparison.verdict;
}

export function unfinished({ runs }: StudyResults): Markup {
  const open = runs.filter(({ status }) => status !== 'done');
  if (open.length === 0) return html``;
  return html`<section>
    <h2>Not done</h2>
    <ul>
      ${open.map(({ name, message }) => html`<li>${name}${message === null ? '' : `: ${message}`}</li>`)}
    </ul>
  </section>`;
}
