/** Saves a chart that a page has made, where the user says. */

import { join } from 'node:path';
import { commands, Uri, window, workspace } from 'vscode';
import type { SaveChart } from '../../protocol/views/run.ts';

const kinds = { svg: 'SVG', png: 'PNG', csv: 'CSV' } as const;

/** @param folder offered at first. */
export async function saveChart({ name, content }: SaveChart, folder: string): Promise<void> {
  const extension = name.slice(name.lastIndexOf('.') + 1) as keyof typeof kinds;
  const to = await window.showSaveDialog({
    defaultUri: Uri.file(join(folder, name)),
    filters: { [kinds[extension]]: [extension] },
    title: 'Save Chart',
  });
  if (to === undefined) return;
  await workspace.fs.writeFile(to, typeof content === 'string' ? new TextEncoder().encode(content) : content);
  const open = 'Open';
  if ((await window.showInformationMessage(`Saved as ${to.fsPath}.`, open)) === open)
    await commands.executeCommand('vscode.open', to);
}
