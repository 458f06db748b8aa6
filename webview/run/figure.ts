/** A chart with its title, and buttons that save it. */

import type { LineChart } from '../ui/chart/chart.ts';
import { chartPng, chartSvg } from '../ui/chart/chartFiles.ts';
import { chartCsv, type ChartTable } from '../ui/chart/chartTable.ts';
import { make } from '../ui/dom.ts';

export function figure(
  title: string,
  { element }: LineChart,
  table: () => ChartTable | undefined,
  save: (extension: 'svg' | 'png' | 'csv', content: string | Uint8Array<ArrayBuffer>) => void,
): HTMLElement {
  const press = (extension: 'svg' | 'png' | 'csv'): HTMLElement => {
    const label = extension.toUpperCase();
    const button = make('button', { type: 'button', class: 'save', title: `Save “${title}” as ${label}…` }, label);
    button.setAttribute('aria-label', `Save ${title} as ${label}`);
    button.addEventListener('click', () => {
      const now = table();
      if (!now) return;
      if (extension === 'csv') save('csv', chartCsv(now));
      else if (extension === 'svg') save('svg', chartSvg(now));
      else void chartPng(now).then((bytes) => save('png', bytes));
    });
    return button;
  };
  const buttons = make('span', { class: 'saves' }, press('svg'), press('png'), press('csv'));
  return make('figure', {}, make('figcaption', {}, make('span', {}, title), buttons), element);
}
