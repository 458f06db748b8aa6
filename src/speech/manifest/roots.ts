/** Finds the folder that the relative paths of a manifest start from. */

import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';

/** Recipes keep their lists in `data/train` or `dump/raw/train` below the folder that they run in. */
const levels = 4;

/** Of a path that starts with a name such as `{data_root}/` or `$data_folder/`: what SpeechBrain puts in when it loads the list. */
const placeholder = /^(?:\{\w+\}|\$\w+|\$\{\w+\})[/\\]+/;

/**
 * Turns the paths of one manifest into absolute ones. Those that are relative start from the manifest's folder. If the first of them is not
 * there, but below one of the folders above, all start from that: Kaldi, ESPnet and WeNet write paths as the recipe's folder sees them.
 * A path behind a placeholder starts from the parent of the manifest's folder, or from that folder itself if the first is there.
 */
export function pathResolver(folder: string): (path: string) => string {
  let root: string | undefined;
  let dataRoot: string | undefined;
  return (path) => {
    const behind = path.replace(placeholder, '');
    if (behind !== path) {
      dataRoot ??= existsSync(resolve(folder, '..', behind))
        ? dirname(folder)
        : firstWith(folder, behind, dirname(folder));
      return resolve(dataRoot, behind);
    }
    if (isAbsolute(path)) return path;
    root ??= firstWith(folder, path, folder);
    return resolve(root, path);
  };
}

function firstWith(folder: string, path: string, otherwise: string): string {
  const folders = [folder];
  for (let i = 0; i < levels; i++) folders.push(dirname(folders.at(-1) ?? folder));
  return folders.find((candidate) => existsSync(resolve(candidate, path))) ?? otherwise;
}
