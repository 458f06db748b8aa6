/** The table of error rates as papers print them: a row for each system and sparsity, a column for each set, and marks for what differs. */

import { duration, percent, shortCount } from '../../base/format.ts';
import type { ModelResult, Point, Rates, SetResult, StudyResults } from '../../protocol/results/study.ts';
import { rateNameOf, type Signs } from './signs.ts';
import { html, type Markup } from './svg.ts';

export function rateTable(results: StudyResults, signs: Signs): Markup {
  const { models, sets } = results;
  return html`<table>
      <thead>
        <tr>
          <th class="text">system</th>
          <th>sparsity</th>
          <th>parameters</th>
          <th>ratio</th>
          ${sets.map(({ name }) => html`<th>${name}</th>`)}
          <th>time</th>
        </tr>
      </thead>
      ${models.map((model) => body(model, sets, signs, models.length > 1))}
    </table>
    <p class="faint">
      Error rates in percent, the mean of the seeds. * a seed's rate is significantly above that of the dense model that
      was fine-tuned alike (MAPSSWE, two-tailed, 5 %); ° no verdict; without a mark: no significant increase. Parameters
      are those that are not zero; the ratio is the dense model's parameters to them, of the whole model. Time is that
      of the training steps, all stages of a method included.
    </p>`;
}

function body(model: ModelResult, sets: readonly SetResult[], signs: Signs, named: boolean): Markup {
  const { name, given, dense, methods } = model;
  const rateName = rateNameOf(model, sets.at(-1)?.name ?? '');
  const reference = dense?.nonZeroParameters;
  return html`<tbody>
    ${
      named
        ? html`<tr class="group">
            <th class="text" colspan="${sets.length + 5}">${name}, ${rateName}</th>
          </tr>`
        : ''
    }
    ${given ? givenRow(given, sets) : ''}
    ${dense ? row(html`dense, fine-tuned alike`, dense, sets, { style: 'dense', reference, marked: false }) : ''}
    ${methods.map(({ method, points }) => points.map((point) => row(html`${signs.inText(method)}${method}`, point, sets, { style: signs.styleOf(method), reference, marked: true })))}
  </tbody>`;
}

function givenRow(given: Readonly<Record<string, Rates>>, sets: readonly SetResult[]): Markup {
  return html`<tr>
    <td class="text">as given</td>
    <td></td>
    <td></td>
    <td></td>
    ${sets.map(({ name }) => html`<td>${rate(given[name]?.wer)}</td>`)}
    <td></td>
  </tr>`;
}

interface Look {
  readonly style: string;
  /** The dense model's parameters that are not zero. */
  readonly reference: number | undefined;
  /** Whether the row is of a model that is compared with the dense one. */
  readonly marked: boolean;
}

function row(system: Markup, point: Point, sets: readonly SetResult[], { style, reference, marked }: Look): Markup {
  const { sparsity, nonZeroParameters, rates, seconds } = point;
  return html`<tr class="${style}">
    <td class="text">${system}</td>
    <td>${percent(sparsity)}</td>
    <td>${shortCount(Math.round(nonZeroParameters))}</td>
    <td>${reference === undefined ? '' : `${(reference / Math.max(1, nonZeroParameters)).toFixed(2)}×`}</td>
    ${sets.map(({ name }) => html`<td>${rate(rates[name]?.wer)}<sup>${marked ? markOf(rates[name]?.lossless) : ''}</sup></td>`)}
    <td>${duration(seconds)}</td>
  </tr>`;
}

function rate(wer: number | undefined): string {
  return wer === undefined ? '' : (100 * wer).toFixed(2);
}

function markOf(lossless: boolean | null | undefined): string {
  return lossless === true ? '' : lossless === false ? '*' : '°';
}
