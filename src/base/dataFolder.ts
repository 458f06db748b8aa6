/** Pinch's own data of a user: what no workspace owns, and what an update of the extension keeps. */

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Pinch's data folder of this user. PINCH_DATA names another. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { PINCH_DATA: own, XDG_DATA_HOME: data, LOCALAPPDATA: local } = environment;
  if (own) return own;
  if (process.platform === 'win32') return join(local ?? join(homedir(), 'AppData', 'Local'), 'pinch');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'pinch');
  return join(data ?? join(homedir(), '.local', 'share'), 'pinch');
}
