/** The report of a study: one HTML file without scripts or external resources. */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { StudyResults } from '../../protocol/results/study.ts';
import { layerGrids } from './layerGrid.ts';
import { reportStyle } from './style.ts';
import { html } from './svg.ts';
import { pointsTable, unfinished } from './tables.ts';
import { timeChart } from './timeChart.ts';
import { marker, methodClass, werChart } from './werChart.ts';

/** The page's own policy allows its one style sheet, by hash, and nothing else. */
export function reportPage(results: StudyResults): string {
  const { study, model, methods, dense, runs, checksums, pinch } = results;
  const hash = createHash('sha256').update(reportStyle).digest('base64');
  // Written in one piece: an additional space would change the hash.
  const sheet = { markup: `<style>${reportStyle}</style>` };
  const done = runs.filter(({ status }) => status === 'done').length;
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
        <p class="faint">
          ${basename(model)}; ${done} of ${runs.length} runs are done. Pinch ${pinch}, model
          ${checksums.model.slice(0, 12)}, test set ${checksums.test.slice(0, 12)}.
        </p>
        <section>
          <h2>Word error rate against sparsity</h2>
          ${werChart(results)}
          <ul class="legend">
            ${methods.map(({ method }, at) => html`<li class="${methodClass(at)}"><svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">${marker(at)}</svg>${method}</li>`)}
            ${
              dense
                ? html`<li class="dense">
                    <svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">
                      <line class="line" x1="-7" x2="7" y1="0" y2="0" /></svg
                    >dense, fine-tuned alike
                  </li>`
                : ''
            }
          </ul>
          <p>
            On the test set, the mean of the seeds; bands are 95 % intervals from a bootstrap over its utterances. An
            arrow stands at a method's greatest sparsity that is lossless: no seed's word error rate is significantly
            above that of the dense model, which was fine-tuned alike with the same seed (MAPSSWE, two-tailed, |Z| at
            most 1.96).
          </p>
        </section>
        <section class="wide">${pointsTable(results)}</section>
        <section>
          <h2>Compression time</h2>
          ${timeChart(results)}
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
