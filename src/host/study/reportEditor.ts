/** The editor for a study's report. It reloads a changed report. The report runs no script, so it needs no trust. */

import { unwatchFile, watchFile } from 'node:fs';
import { window, type CustomDocument, type CustomReadonlyEditorProvider, type Disposable, type Uri } from 'vscode';
import { reasonOf } from '../../base/errors.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import { largestReport, noReportHtml, reportHtml } from './reportHtml.ts';

export const reportEditor = 'pinch.studyReport';

/** Milliseconds between two looks at the file. Polling works on every file system. */
const lookEvery = 1000;

export function registerReportEditor(): Disposable {
  return window.registerCustomEditorProvider(reportEditor, provider, { webviewOptions: { enableFindWidget: true } });
}

const provider: CustomReadonlyEditorProvider = {
  openCustomDocument: (uri: Uri): CustomDocument => ({ uri, dispose: () => undefined }),

  async resolveCustomEditor({ uri }, panel) {
    panel.webview.options = { enableScripts: false, localResourceRoots: [] };
    let closed = false;
    const show = async (): Promise<void> => {
      const html = await pageOf(uri);
      if (!closed && panel.webview.html !== html) panel.webview.html = html;
    };
    const look = (): void => void show();
    watchFile(uri.fsPath, { interval: lookEvery, persistent: false }, look);
    panel.onDidDispose(() => {
      closed = true;
      unwatchFile(uri.fsPath, look);
    });
    await show();
  },
};

async function pageOf({ scheme, fsPath }: Uri): Promise<string> {
  if (scheme !== 'file') return noReportHtml('Pinch shows reports that are files on a disk.');
  try {
    return reportHtml(await readSmallFile(fsPath, largestReport));
  } catch (error) {
    return noReportHtml(`The report cannot be read: ${reasonOf(error)}. Run the study again: it trains nothing twice.`);
  }
}
