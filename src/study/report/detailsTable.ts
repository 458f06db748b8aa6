/** The tables behind the pictures: every point with its interval, seeds and tests on each set, and the failed runs. */

import { percent } from '../../base/format.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';
import type { MethodResult, ModelResult, Point, SetResult, StudyResults } from '../../protocol/results/study.ts';
import { type Signs } from './signs.ts';
import { html, type Markup } from './svg.ts';

/** A table for each set, folded up. */
export function detailsTables(results: StudyResults, signs: Signs): Markup {
  return html`${results.sets.map(
    (set) =>
      html`<details>
        <summary>${set.name}: intervals, seeds and tests</summary>
        <div class="wide">${table(results, set, signs)}</div>
        ${pairsTable(results, set)}
      </details>`,
  )}`;
}

function table(results: StudyResults, { name: set }: SetResult, signs: Signs): Markup {
  const { models } = results;
  return html`<table>
    <thead>
      <tr>
        <th class="text">model</th>
        <th class="text">method</th>
        <th>target</th>
        <th>sparsity</th>
        <th>rate</th>
        <th>95 %</th>
        <th>CTC loss per label</th>
        <th>seeds</th>
        <th class="text">against the dense model</th>
      </tr>
    </thead>
    <tbody>
      ${models.map(({ name, dense, methods }) => [
        ...(dense ? [row(name, html`none`, dense, set, 'dense', html`the reference`)] : []),
        ...methods.flatMap(({ method, points }) =>
          points.map((point) =>
            row(
              name,
              html`${signs.inText(method)}${method}`,
              point,
              set,
              signs.styleOf(method),
              verdictOf(results, { name, method, point, set }),
            ),
          ),
        ),
      ])}
    </tbody>
  </table>`;
}

function row(model: string, method: Markup, point: Point, set: string, style: string, verdict: Markup): Markup {
  const { target, sparsity, seeds, rates } = point;
  const rate = rates[set];
  if (!rate) return html``;
  return html`<tr class="${style}">
    <td class="text">${model}</td>
    <td class="text">${method}</td>
    <td>${target === null ? '' : percent(target, 2)}</td>
    <td>${percent(sparsity, 2)}</td>
    <td>${percent(rate.wer, 2)}</td>
    <td>${(100 * rate.low).toFixed(2)} to ${percent(rate.high, 2)}</td>
    <td>${rate.ctcLoss?.toFixed(4) ?? ''}</td>
    <td>${seeds.join(', ')}</td>
    <td class="text">${verdict}</td>
  </tr>`;
}

/** How the methods compare with each other. */
function pairsTable({ models }: StudyResults, { name: set }: SetResult): Markup {
  const rows = models.flatMap((model) =>
    model.pairs.filter((pair) => pair.set === set).map((pair) => ({ ...pair, model: model.name })),
  );
  if (rows.length === 0) return html``;
  const points = (share: number): string => (100 * share).toFixed(2);
  return html`<p>
      Between methods: the first's error rate minus the second's in points, seeds pooled, and its 95 % interval from a
      bootstrap over utterances and seeds together. One seed says nothing of others.
    </p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th class="text">model</th>
            <th class="text">first, second</th>
            <th>target</th>
            <th>difference</th>
            <th>95 %</th>
            <th>seeds</th>
            <th class="text">the first is</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ model, first, second, target, difference, low, high, seeds, verdict }) =>
              html`<tr>
                <td class="text">${model}</td>
                <td class="text">${first}, ${second}</td>
                <td>${percent(target, 2)}</td>
                <td>${points(difference)}</td>
                <td>${points(low)} to ${points(high)}</td>
                <td>${seeds.join(', ')}</td>
                <td class="text">${verdict}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

interface Place {
  readonly name: ModelResult['name'];
  readonly method: MethodResult['method'];
  readonly point: Point;
  readonly set: string;
}

/** The point's verdict, and each seed's Z. */
function verdictOf({ runs }: StudyResults, { name, method, point, set }: Place): Markup {
  const own = runs.filter((run) => run.model === name && run.method === method && run.target === point.target);
  const tests = own.flatMap(({ found }) => found?.againstDense[set] ?? []);
  const lossless = point.rates[set]?.lossless ?? null;
  const word = lossless === null ? 'no verdict' : lossless ? 'lossless' : 'worse';
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
