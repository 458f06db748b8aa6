/** The HTML of a webview: one script and one style sheet of the extension, and a policy that allows nothing else. */

import { randomBytes } from 'node:crypto';
import { Uri, type Webview } from 'vscode';

export type WebviewName = 'heatmap' | 'layer' | 'evaluation' | 'diff' | 'run' | 'comparison';

/** The folder that a webview may load from: the bundles. */
export function webviewOptions(extensionUri: Uri): { enableScripts: true; localResourceRoots: Uri[] } {
  return { enableScripts: true, localResourceRoots: [Uri.joinPath(extensionUri, 'dist', 'webview')] };
}

/** @param title for screen readers. It may hold names of files and layers, so it is untrusted. */
export function webviewHtml(webview: Webview, extensionUri: Uri, name: WebviewName, title: string): string {
  const nonce = randomBytes(16).toString('base64url');
  // The toolkit creates one style sheet to test the browser's features, and takes its nonce from a meta element.
  const styleNonce = randomBytes(16).toString('base64url');
  const uri = (file: string): string =>
    webview.asWebviewUri(Uri.joinPath(extensionUri, 'dist', 'webview', file)).toString();
  // Audio arrives as bytes in a message and plays from a blob: a page can never read a file outside the extension.
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    `media-src blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${styleNonce}">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="${uri(`${name}.css`)}">
</head>
<body>
<script type="module" nonce="${nonce}" src="${uri(`${name}.js`)}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
