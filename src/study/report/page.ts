/** The report of a study: one HTML file without scripts or external resources. */

import { createHash } from 'node:crypto';
import type { StudyResults } from '../../protocol/results/study.ts';
import { detailsTables, unfinished } from './detailsTable.ts';
import { figure } from './figure.ts';
import { layerGrids } from './layerGrid.ts';
import { rateTable } from './rateTable.ts';
import { rateNames, shownSets, Signs } from './signs.ts';
import { reportStyle } from './style.ts';
import { html, type Markup } from './svg.ts';
import { timeCharts } from './timeChart.ts';

/** The page's own policy allows its one style sheet, by hash, and nothing else. */
export function reportPage(results: StudyResults): string {
  const { study } = results;
  const signs = new Signs(results);
  const hash = createHash('sha256').update(reportStyle).digest('base64');
  // Written in one piece: an additional space would change the hash.
  const sheet = { markup: `<style>${reportStyle}</style>` };
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'" />
        <meta name="viewport" content="width=device-width" />
        <title>${study}: a study of pruning</title>
        ${sheet}
      </head>
      <body>
        <h1>${study}</h1>
        ${header(results)}
        <section>
          <h2>${rateNames(results)} against sparsity</h2>
          ${figure(results, signs)}
          <p>
            ${whichSets(results)} Lines are means of the seeds; bands are 95 % intervals from a bootstrap over a set's
            utterances and the seeds. An arrow stands at a method's greatest sparsity that is lossless: no seed's error
            rate is significantly above that of the dense model, which was fine-tuned alike with the same seed (MAPSSWE,
            two-tailed, |Z| at most 1.96).
          </p>
        </section>
        <section>
          <h2>Error rates</h2>
          <div class="wide">${rateTable(results, signs)}</div>
          ${detailsTables(results, signs)}
        </section>
        <section>
          <h2>Compression time</h2>
          ${timeCharts(results, signs)}
          <p class="faint">
            Seconds in training steps, all stages of a method included; the mean of its runs. Runs that shared the
            machine were slower than they would have been alone.
          </p>
        </section>
        <section>
          <h2>Sparsity of the layers</h2>
          <p class="faint">
            Transformer blocks down, kinds of layer across; the darker or brighter against the page, the more of a
            layer's weights are zero.
          </p>
          ${layerGrids(results)}
        </section>
        ${unfinished(results)}
      </body>
    </html>`;
  return page.markup;
}

function header({ models, sets, runs, pinch }: StudyResults): Markup {
  const done = runs.filter(({ status }) => status === 'done').length;
  const listed = (all: readonly { readonly name: string; readonly checksum: string }[]): string =>
    all.map(({ name, checksum }) => `${name} (${checksum.slice(0, 12)})`).join(', ');
  const state = `${done} of ${runs.length} runs are done. Pinch ${pinch}.`;
  return html`<p class="faint">${listed(models)} on ${listed(sets)}; ${state}</p>`;
}

/** Which set had an influence on training, and what is shown. */
function whichSets(results: StudyResults): Markup {
  const steering = results.sets.find(({ kind }) => kind === 'dev')?.name ?? '';
  const shown = shownSets(results).map(({ name }) => name);
  return html`${shown.length === 1 ? `On ${shown.join('')}, after training.` : 'All sets are measured after training.'}
  ${steering} was also evaluated during training, for its alerts; no checkpoint was chosen by it.`;
}
