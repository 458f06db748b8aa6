/** Looks at the workspace's files again when some have come or gone. */

import { Disposable, workspace, type Uri } from 'vscode';

/** Many files come and go together: a copy, a checkout. */
const settleMs = 500;

/**
 * Calls `look` now, and again once files have settled.
 * @param globs of files that come or go.
 * @param matters whether one of them makes a difference.
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
