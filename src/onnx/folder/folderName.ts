/** What people call a model, from where its files stand. */

import { basename, dirname, extname, resolve } from 'node:path';

/**
 * The name of a model's folder. One called `onnx`, as on the Hugging Face hub, says nothing, and a snapshot in the hub's cache is named after a
 * commit: then it is the name of what it belongs to. So is the ONNX model of a checkpoint, which is kept with a checksum behind its name.
 */
export function folderName(folder: string): string {
  const root = basename(folder) === 'onnx' ? dirname(folder) : folder;
  const snapshots = dirname(root);
  const cached = basename(dirname(snapshots));
  const isCached = basename(snapshots) === 'snapshots' && cached.startsWith('models--');
  const [, imported] = /[/\\]\.pinch[/\\]models[/\\]([^/\\]+)-[0-9a-f]{12}$/u.exec(root) ?? [];
  return (isCached ? cached.split('--').at(-1) : imported) ?? basename(root);
}

/** The name of a model as letters, digits, `.`, `_` and `-`: that of its ONNX file or, if that is only `model`, of its folder. */
export function modelName(path: string): string {
  const file = resolve(path);
  const own = extname(file) === '.onnx' ? basename(file, '.onnx') : folderName(file);
  const name = own === 'model' ? folderName(dirname(file)) : own;
  return name.replace(/[^A-Za-z0-9._-]+/gu, '-').replace(/^[._-]+/u, '') || 'model';
}
