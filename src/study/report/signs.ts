/** How the methods are told apart everywhere in a report: a colour and a shape for each. */

import { errorRateName } from '../../protocol/errorRate.ts';
import type { MethodResult, ModelResult, SetResult, StudyResults } from '../../protocol/results/study.ts';
import { html, type Markup } from './svg.ts';

/** Gives the methods their signs, the same for all models. */
export class Signs {
  /** In the order of their colours. */
  readonly methods: readonly MethodResult['method'][];

  constructor({ models }: Pick<StudyResults, 'models'>) {
    this.methods = Array.from(new Set(models.flatMap(({ methods }) => methods.map(({ method }) => method))));
  }

  /** The class of a method's lines, markers and bands: `m0`, `m1` … */
  styleOf(method: MethodResult['method']): string {
    return `m${this.methods.indexOf(method) % 6}`;
  }

  /** The method's shape, which tells it apart where colours do not. */
  markerOf(method: MethodResult['method']): Markup {
    return shapes[this.methods.indexOf(method) % shapes.length] ?? html``;
  }

  /** The shape in a line of text. */
  inText(method: MethodResult['method']): Markup {
    return html`<svg class="sign" viewBox="-7 -7 14 14" aria-hidden="true">${this.markerOf(method)}</svg>`;
  }
}

const shapes = [
  html`<circle r="4.5" />`,
  html`<rect x="-4" y="-4" width="8" height="8" />`,
  html`<path d="M0 -5.5 L5.5 4 L-5.5 4 Z" />`,
  html`<path d="M0 -6 L6 0 L0 6 L-6 0 Z" />`,
  html`<path d="M0 5.5 L5.5 -4 L-5.5 -4 Z" />`,
  html`<path d="M-5 -2 H-2 V-5 H2 V-2 H5 V2 H2 V5 H-2 V2 H-5 Z" />`,
];

/** The sets that results are shown on: all that have a name of their own; a single development set only watches the training. */
export function shownSets({ sets }: StudyResults): readonly SetResult[] {
  return sets.filter(({ kind, name }) => kind === 'test' || name !== 'dev');
}

/** What a model's errors are counted in, with "word error rate" before anything is measured. */
export function rateNameOf({ given, dense, methods }: ModelResult, set: string): string {
  const rates = [given?.[set], dense?.rates[set], ...methods.map(({ points }) => points[0]?.rates[set])];
  return errorRateName(rates.find((rate) => rate !== undefined)?.unit);
}

/** "Word error rate", with all names if the models' measures differ. */
export function rateNames({ models, sets }: StudyResults): string {
  const names = new Set(models.flatMap((model) => sets.map(({ name }) => rateNameOf(model, name))));
  const text = Array.from(names).join(' or ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
