/** How far the result of a run could be pruned in the proportions that it learned: sparsity against the common factor of all thresholds. */

import { count, percent, shortCount } from '../../src/base/format.ts';
import { factorFor, sparsityAt } from '../../src/protocol/results/sparsityCurve.ts';
import type { RunCurve } from '../../src/protocol/views/run.ts';
import { lineChart } from '../ui/chart/chart.ts';
import type { ChartTable } from '../ui/chart/chartTable.ts';
import { make, setText } from '../ui/dom.ts';
import { figure } from './figure.ts';

export interface Further {
  readonly element: HTMLElement;
  /** @param curve null or undefined if there is none. @param trusted whether a run can be started. */
  readonly update: (name: string, curve: RunCurve | null | undefined, trusted: boolean) => void;
}

/** Beyond this the curve is as good as level. */
const shownUpTo = 0.98;
/** Sparsities with a button of their own. */
const named = [0.5, 0.65, 0.75, 0.85, 0.92, 0.95];

/** @param onPrune a sparsity was picked. */
export function further(
  onPrune: (checkpoint: number, sparsity: number) => void,
  onSave: (name: string, content: string | Uint8Array<ArrayBuffer>) => void,
): Further {
  const title = 'Sparsity with all thresholds times one factor';
  const format = (value: number): string => percent(value);
  const formatX = (x: number): string => `× ${Number(x.toFixed(2))}`;
  const line = { label: 'Sparsity', colour: '--vscode-charts-blue', format };
  let curve: RunCurve | undefined;
  let canPrune = false;
  let table: ChartTable | undefined;
  const plot = lineChart({
    ...{ label: title, height: 190, xLabel: 'Factor', formatX, lines: [line] },
    onPick: (x) => {
      if (curve && canPrune) onPrune(curve.step, sparsityAt(curve, x));
    },
  });
  const chart = figure(
    title,
    plot,
    () => table,
    (extension, content) => onSave(`${fileName(table?.title ?? 'run')}.${extension}`, content),
  );
  const explained = make('p');
  const steps = make('ul', { class: 'further', 'aria-label': 'Factors for some sparsities' });
  const hint = make(
    'p',
    { class: 'quiet hint' },
    'Click a place of the curve, or a sparsity, to prune the checkpoint to it.',
  );
  const element = make(
    'section',
    { hidden: true },
    make('h2', {}, 'How far it could go'),
    explained,
    chart,
    steps,
    hint,
  );
  return {
    element,
    update(name, now, trusted) {
      element.hidden = !now;
      if (!now || (now === curve && trusted === canPrune)) return;
      curve = now;
      canPrune = trusted;
      hint.hidden = !trusted;
      const { factors, sparsities, step, gatedParameters } = now;
      const end = sparsities.findIndex((sparsity) => sparsity >= shownUpTo);
      const length = end < 0 ? factors.length : end + 1;
      const [x, values] = [factors.slice(0, length), sparsities.slice(0, length)];
      setText(
        explained,
        `The thresholds say which layers can do with fewer weights. All of them times one factor prune further in the same proportions: from ${percent(sparsities[0] ?? 0)} of the gated weights in the checkpoint of step ${count(step)}. What that does to the error rate only a run shows.`,
      );
      table = {
        ...{ title: `${name}: ${title}`, xLabel: 'Factor', x, formatX, format },
        lines: [{ ...line, values }],
      };
      plot.setData(x, [values]);
      steps.replaceChildren(
        ...named.flatMap((sparsity) => {
          const factor = factorFor(now, sparsity);
          if (factor === undefined) return [];
          const left = shortCount(Math.round((1 - sparsity) * gatedParameters));
          const text = `${percent(sparsity, 0)}: thresholds ${formatX(factor)}, ${left} gated weights left`;
          return [make('li', {}, trusted ? link(text, () => onPrune(step, sparsity)) : text)];
        }),
      );
    },
  };
}

function link(label: string, onClick: () => void): HTMLElement {
  const pressed = make('button', { type: 'button', class: 'link', 'aria-label': `Prune further to ${label}` }, label);
  pressed.addEventListener('click', onClick);
  return pressed;
}

function fileName(title: string): string {
  const plain = title.replaceAll(/[^\w. -]/gu, '_').replace(/^[^\w]+/u, '');
  return plain.slice(0, 110);
}
