/** What people call a model, from where its files stand. */

import { basename, dirname } from 'node:path';

/**
 * The name of a model's folder. One called `onnx`, as on the Hugging Face hub, says nothing, and a snapshot in the hub's cache is named after a
 * commit: then it is the name of what it belongs to.
 */
export function folderName(folder: string): string {
  const root = basename(folder) === 'onnx' ? dirname(folder) : folder;
  const snapshots = dirname(root);
  const cached = basename(dirname(snapshots));
  const isCached = basename(snapshots) === 'snapshots' && cached.startsWith('models--');
  return (isCached ? cached.split('--').at(-1) : undefined) ?? basename(root);
}
