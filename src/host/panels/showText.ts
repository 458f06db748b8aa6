/** Shows text in a read-only editor that never asks to be saved. */

import { EventEmitter, Uri, window, workspace, type ExtensionContext } from 'vscode';

const scheme = 'pinch-text';
const texts = new Map<string, string>();
const changed = new EventEmitter<Uri>();
let registered = false;

/** @param name the editor's title. A later text of the same name replaces the earlier one. */
export async function showText(context: ExtensionContext, name: string, text: string): Promise<void> {
  if (!registered) {
    registered = true;
    context.subscriptions.push(
      changed,
      workspace.registerTextDocumentContentProvider(scheme, {
        onDidChange: changed.event,
        provideTextDocumentContent: ({ path }) => texts.get(path) ?? '',
      }),
    );
  }
  const uri = Uri.from({ scheme, path: `/${name}` });
  texts.set(uri.path, text);
  changed.fire(uri);
  await window.showTextDocument(await workspace.openTextDocument(uri), { preview: true, preserveFocus: true });
}
