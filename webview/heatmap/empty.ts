/** The view before there is anything to show: an explanation and the ways to begin. */

import type { HeatmapCommand } from '../../src/protocol/views/heatmap.ts';
import { button } from '../ui/controls.ts';
import { make } from '../ui/dom.ts';

export interface Empty {
  readonly element: HTMLElement;
  readonly update: (trusted: boolean) => void;
}

export function empty(onCommand: (command: HeatmapCommand) => void): Empty {
  const buttons = make(
    'div',
    { class: 'buttons' },
    button({ label: 'Prune Model…', primary: true, onClick: () => onCommand('prune') }),
    button({ label: 'Get Model from Hugging Face…', onClick: () => onCommand('getModel') }),
    button({ label: 'Open Sample', onClick: () => onCommand('openSample') }),
  );
  const untrusted = make(
    'p',
    {},
    'This workspace is not trusted. Pinch shows runs, but starts no training and reads no model here.',
  );
  const element = make(
    'section',
    { class: 'empty' },
    make(
      'p',
      {},
      'The heatmap shows how many weights of each layer are zero. Prune a model to watch it change: one of the Hugging Face hub, one of this folder, or the sample.',
    ),
    untrusted,
    buttons,
  );
  return {
    element,
    update(trusted) {
      untrusted.hidden = trusted;
      buttons.hidden = !trusted;
    },
  };
}
