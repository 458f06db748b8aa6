/** A bar chart of each method's compression time. */

import { duration } from '../../base/format.ts';
import type { StudyResults } from '../../protocol/results/study.ts';
import { html, type Markup } from './svg.ts';
import { methodClass } from './werChart.ts';

const barHeight = 22;
const rowHeight = 34;
const left = 130;
const right = 560;

/** Seconds in training steps, the mean of a method's runs, all stages included. */
export function timeChart({ methods, dense }: StudyResults): Markup {
  const rows = [
    ...methods.map(({ method, seconds }, at) => ({ name: method, seconds, style: methodClass(at) })),
    ...(dense ? [{ name: 'none (dense)', seconds: dense.seconds, style: 'dense' }] : []),
  ];
  const most = Math.max(...rows.map(({ seconds }) => seconds), 1e-9);
  const height = rows.length * rowHeight;
  return html`<svg class="bars" viewBox="0 0 720 ${height}" role="img" aria-label="Compression time of each method">
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
