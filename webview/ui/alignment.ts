/** An alignment on the screen: the reference above the hypothesis; errors are marked by colour and by sclite's letters. */

import './alignment.css';
import type { AlignedText } from '../../src/protocol/views/alignedText.ts';
import { alignmentSteps, spokenErrors } from './alignmentSteps.ts';
import { make } from './dom.ts';

const classes = { C: '', S: 'substitution', D: 'deletion', I: 'insertion' } as const;

/** Placeholder where one of the two texts has no word. */
const nothing = '–';

/** One line for a text without errors; two plain texts if they are too long to align. */
export function alignmentElement(text: AlignedText): HTMLElement {
  const steps = alignmentSteps(text);
  if (steps === undefined) {
    return make(
      'div',
      { class: 'alignment-plain mono' },
      make('p', {}, `Said: ${text.reference}`),
      make('p', {}, `Recognised: ${text.hypothesis}`),
    );
  }
  if (steps.every(({ kind }) => kind === 'C')) {
    return make('div', { class: 'alignment' }, make('span', { class: 'pair' }, text.reference));
  }
  const pairs = steps.map(({ kind, reference = nothing, hypothesis = nothing }) =>
    make(
      'span',
      { class: `pair ${classes[kind]}` },
      make('span', { class: 'said' }, reference),
      make('span', { class: 'heard' }, hypothesis),
      kind === 'C' ? undefined : make('span', { class: 'sign' }, kind),
    ),
  );
  return make(
    'div',
    {},
    make('div', { class: 'alignment', 'aria-hidden': 'true' }, ...pairs),
    make('span', { class: 'spoken' }, `${text.reference}. ${spokenErrors(text) ?? ''}.`),
  );
}

/** The meaning of letters and lines. */
export function alignmentLegend(): HTMLElement {
  const mark = (kind: 'S' | 'D' | 'I', meaning: string): HTMLElement =>
    make('span', { class: classes[kind] }, make('b', {}, kind), ` ${meaning}`);
  return make(
    'div',
    { class: 'alignment-legend quiet' },
    'Said above, recognised below.',
    mark('S', 'substituted'),
    mark('D', 'left out'),
    mark('I', 'added'),
  );
}
