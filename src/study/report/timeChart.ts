/** Bar charts of each method's compression time, one for each model. */

import { duration } from '../../base/format.ts';
import type { ModelResult, StudyResults } from '../../protocol/results/study.ts';
import type { Signs } from './signs.ts';
import { html, type Markup } from './svg.ts';

const barHeight = 22;
const rowHeight = 34;
const left = 130;
const right = 560;

/** Seconds in training steps, the mean of a method's runs, all stages included. */
export function timeCharts({ models }: StudyResults, signs: Signs): Markup {
  return html`${models.map((model) => html`${models.length > 1 ? html`<h3>${model.name}</h3>` : ''}${chart(model, signs)}`)}`;
}

function chart({ name, methods, dense }: ModelResult, signs: Signs): Markup {
  const rows = [
    ...methods.map(({ method, seconds }) => ({ name: method, seconds, style: signs.styleOf(method) })),
    ...(dense ? [{ name: 'none (dense)', seconds: dense.seconds, style: 'dense' }] : []),
  ];
  const most = Math.max(...rows.map(({ seconds }) => seconds), 1e-9);
  const height = rows.length * rowHeight;
  return html`<svg
    class="bars"
    viewBox="0 0 720 ${height}"
    role="img"
    aria-label="Compression time of each method, ${name}"
  >
    ${rows.map(({ name, seconds, style }, at) => {
      const y = at * rowHeight;
      const length = Math.max(1, (seconds / most) * (right - left));
      return html`<g class="${style}"
        ><text x="${left - 10}" y="${y + 16}" text-anchor="end">${name}</text
        ><rect class="bar" x="${left}" y="${y}" width="${length}" height="${barHeight}" rx="2" /><text
          x="${left + length + 8}"
          y="${y + 16}"
          >${duration(seconds)}</text
        ></g
      >`;
    })}
  </svg>`;
}
