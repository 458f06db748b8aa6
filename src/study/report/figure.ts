/** The report's first picture: a panel for each model and set, and what the signs mean. */

import type { StudyResults } from '../../protocol/results/study.ts';
import { panel } from './panel.ts';
import { shownSets, type Signs } from './signs.ts';
import { html, type Markup } from './svg.ts';

const small = { width: 440, height: 318 };
const alone = { width: 640, height: 388 };

export function figure(results: StudyResults, signs: Signs): Markup {
  const { models } = results;
  const sets = shownSets(results);
  const single = models.length * sets.length === 1;
  const panels = models.flatMap((model) =>
    sets.map(
      ({ name }) =>
        html`<figure class="panel ${single ? 'alone' : ''}">
          ${single ? '' : html`<figcaption>${models.length > 1 ? `${model.name}, ${name}` : name}</figcaption>`}
          ${panel(model, name, signs, single ? alone : small)}
        </figure>`,
    ),
  );
  return html`<div class="panels">${panels}</div>
    ${legend(results, signs)}`;
}

function legend({ models }: StudyResults, signs: Signs): Markup {
  const dense = models.some((model) => model.dense !== null);
  return html`<ul class="legend">
    ${signs.methods.map((method) => html`<li class="${signs.styleOf(method)}">${signs.inText(method)}${method}</li>`)}
    ${
      dense
        ? html`<li class="dense">
            <svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">
              <line class="line" x1="-7" x2="7" y1="0" y2="0" /></svg
            >dense, fine-tuned alike
          </li>`
        : ''
    }
  </ul>`;
}
