/** An untrusted workspace: nothing of it is trained, evaluated or compared. */

import { commands, window, workspace } from 'vscode';

/** Whether a command may go on; if not, the user has been told why and offered to change it. */
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
