/** The objects that commands and views of the extension share; built once, in `activate`. */

import type { ExtensionContext, LogOutputChannel } from 'vscode';
import type { Pinch } from './engine/pinch.ts';
import type { RunStore } from './runs/runStore.ts';

export interface Services {
  readonly context: ExtensionContext;
  readonly log: LogOutputChannel;
  readonly pinch: Pinch;
  readonly runs: RunStore;
}
