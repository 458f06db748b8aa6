/**
 * A page imports this first. The host answers `ready` with the whole state, and the answer is on its way while the page is built; it cannot
 * come before the page listens, because all of the page's scripts are one task.
 */

import { api } from './host.ts';

api().postMessage({ kind: 'ready' });
