/** The page of a webview: one script and one style sheet of ours, and a policy that lets in nothing else. */

import { randomBytes } from 'node:crypto';
import { Uri, type Webview } from 'vscode';

export type WebviewName = 'heatmap' | 'layer' | 'evaluation' | 'diff';

/** What a webview may load: the bundles, and nothing outside them. */
export function webviewOptions(extensionUri: Uri): { enableScripts: true; localResourceRoots: Uri[] } {
  return { enableScripts: true, localResourceRoots: [Uri.joinPath(extensionUri, 'dist', 'webview')] };
}

/** @param title for screen readers; it may hold the names of files and layers, which anybody may have chosen. */
export function webviewHtml(webview: Webview, extensionUri: Uri, name: WebviewName, title: string): string {
  const nonce = randomBytes(16).toString('base64url');
  // The controls' library makes one style sheet to see what the browser can do, and takes its nonce from a meta element.
  const styleNonce = randomBytes(16).toString('base64url');
  const uri = (file: string): string =>
    webview.asWebviewUri(Uri.joinPath(extensionUri, 'dist', 'webview', file)).toString();
  // Audio arrives as bytes in a message and plays from a blob: no file outside the extension is ever readable from a page.
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
