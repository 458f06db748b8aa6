/**
 * A page whose host sends the state while the editor loads the page imports this first: the editor hands it over when the page has loaded. Only if
 * nothing has come then, as when a hidden page is shown again, the page asks for it.
 */

import { api } from './host.ts';

/** Milliseconds after the page has loaded. */
const patience = 50;

let told = false;
window.addEventListener('message', () => (told = true), { once: true });
window.addEventListener('load', () =>
  setTimeout(() => {
    if (!told) api().postMessage({ kind: 'ready' });
  }, patience),
);
