/** In an untrusted workspace, nothing is trained, evaluated or compared. */

import { commands, window, workspace } from 'vscode';

/** Whether a command may go on. If not, the user has been told why and offered to trust the workspace. */
export function requireTrust(what: string): boolean {
  if (workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  void window
    .showWarningMessage(
      `${what} reads models and speech of this workspace, which is not trusted. Trust it to go on.`,
      manage,
    )
    .then((choice) => (choice === manage ? commands.executeCommand('workbench.trust.manage') : undefined));
  return false;
}
