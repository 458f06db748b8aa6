/** Searches the workspace again after files were added or deleted. */

import { Disposable, workspace, type Uri } from 'vscode';

/** Milliseconds to wait: a copy or a checkout changes many files at once. */
const settleMs = 500;

/**
 * Calls `look` now, and again each time the files have stopped changing.
 * @param globs the files to watch.
 * @param matters whether a change of one file is relevant.
 */
export function lookAgain(
  globs: readonly string[],
  look: () => void,
  matters: (file: Uri) => boolean = () => true,
): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, settleMs);
  };
  const notice = (file: Uri): void => {
    if (matters(file)) later();
  };
  const watchers = globs.flatMap((glob) => {
    const watcher = workspace.createFileSystemWatcher(glob, false, true, false);
    return [watcher, watcher.onDidCreate(notice), watcher.onDidDelete(notice)];
  });
  look();
  return Disposable.from(...watchers, workspace.onDidChangeWorkspaceFolders(later), {
    dispose: () => clearTimeout(timer),
  });
}
