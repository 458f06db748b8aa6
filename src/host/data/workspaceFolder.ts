/** The folders of the workspace that are on a disk. */

import { commands, window, workspace } from 'vscode';

const localFolders = (): string[] =>
  (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);

/** Undefined without a folder on a disk. */
export const firstFolder = (): string | undefined => localFolders()[0];

/**
 * The workspace's folder; of several the one that the user picks. Without one, the user is offered to open one.
 * @param question the placeholder of the list. @param why a sentence that asks for a folder.
 * @returns undefined if the user cancelled, or if no folder is open.
 */
export async function chooseFolder(question: string, why: string): Promise<string | undefined> {
  const folders = localFolders();
  if (folders.length === 1) return folders[0];
  if (folders.length > 1) {
    const picked = await window.showWorkspaceFolderPick({ placeHolder: question, ignoreFocusOut: true });
    return picked?.uri.scheme === 'file' ? picked.uri.fsPath : undefined;
  }
  const open = 'Open Folder';
  if ((await window.showInformationMessage(why, open)) === open) {
    await commands.executeCommand('workbench.action.files.openFolder');
  }
  return undefined;
}
