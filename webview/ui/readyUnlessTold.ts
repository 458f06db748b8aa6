/**
 * A page whose host sends the state while the editor loads the page imports this first: the editor hands it over when the page has loaded. Only if
 * it has not come then, as when a hidden page is shown again, the page asks for it. Other messages may come before, and are no state.
 */

import { api } from './host.ts';

/** Milliseconds after the page has loaded. */
const patience = 50;

let told = false;
window.addEventListener('message', ({ data }: MessageEvent<{ readonly state?: { readonly subject?: unknown } }>) => {
  if (data.state?.subject !== undefined) told = true;
});
window.addEventListener('load', () =>
  setTimeout(() => {
    if (!told) api().postMessage({ kind: 'ready' });
  }, patience),
);
