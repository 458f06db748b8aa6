/** What a trainer on its own says until it trains, for the command that started it. */

import { closeSync, writeSync } from 'node:fs';
import type { Terminal } from '../progress.ts';

/** The descriptor that a detached trainer finds the pipe at. */
export const startPipeDescriptor = 3;

/** A terminal that leads to the pipe until training begins. Whoever reads it may be gone. */
export function startPipe(): Terminal {
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    try {
      closeSync(startPipeDescriptor);
    } catch {
      // Nobody gave this process a pipe.
    }
  };
  return {
    write: (text) => {
      if (!open) return;
      try {
        writeSync(startPipeDescriptor, text);
      } catch {
        close();
      }
    },
    begun: close,
  };
}
