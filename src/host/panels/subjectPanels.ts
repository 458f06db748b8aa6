/** Editor panels of one kind, one for each subject. An open panel is revealed instead of opened twice; a reload of the window restores it. */

import { ViewColumn, window, workspace, type Disposable, type WebviewPanel, type WebviewPanelSerializer } from 'vscode';
import type { Services } from '../services.ts';
import { webviewHtml, webviewOptions, type WebviewName } from './webviewHtml.ts';

/** The content of one panel. */
export interface PanelContent {
  readonly receive: (message: unknown) => void;
  readonly close: () => void;
  /** The workspace is trusted from now on: what was not read before can be. */
  readonly trusted?: () => void;
}

export interface PanelKind<Subject, Content extends PanelContent> {
  readonly name: WebviewName;
  /** The subject that a page saved; undefined for invalid data. */
  readonly parse: (saved: unknown) => Subject | undefined;
  /** Subjects with the same key share a panel. */
  readonly keyOf: (subject: Subject) => string;
  readonly titleOf: (subject: Subject) => string;
  readonly fill: (panel: WebviewPanel, subject: Subject) => Content;
}

export class SubjectPanels<Subject, Content extends PanelContent> implements WebviewPanelSerializer, Disposable {
  private readonly services: Services;
  private readonly kind: PanelKind<Subject, Content>;
  private readonly open = new Map<string, { readonly panel: WebviewPanel; readonly content: Content }>();
  private readonly listening: readonly Disposable[];

  constructor(services: Services, kind: PanelKind<Subject, Content>) {
    this.services = services;
    this.kind = kind;
    this.listening = [
      window.registerWebviewPanelSerializer(`pinch.${kind.name}`, this),
      workspace.onDidGrantWorkspaceTrust(() => {
        for (const { content } of this.open.values()) content.trusted?.();
      }),
    ];
  }

  /** Reveals the subject's panel and returns its content. */
  show(subject: Subject): Content {
    const known = this.open.get(this.kind.keyOf(subject));
    if (known) {
      known.panel.reveal();
      return known.content;
    }
    const { extensionUri } = this.services.context;
    const options = { ...webviewOptions(extensionUri), enableFindWidget: true };
    const panel = window.createWebviewPanel(`pinch.${this.kind.name}`, '', ViewColumn.Active, options);
    return this.fill(panel, subject);
  }

  deserializeWebviewPanel(panel: WebviewPanel, saved: unknown): Promise<void> {
    const subject = this.kind.parse(saved);
    if (subject === undefined || this.open.has(this.kind.keyOf(subject))) panel.dispose();
    else {
      panel.webview.options = webviewOptions(this.services.context.extensionUri);
      this.fill(panel, subject);
    }
    return Promise.resolve();
  }

  dispose(): void {
    for (const listener of this.listening) listener.dispose();
    for (const { panel } of [...this.open.values()]) panel.dispose();
  }

  private fill(panel: WebviewPanel, subject: Subject): Content {
    const key = this.kind.keyOf(subject);
    const { extensionUri } = this.services.context;
    panel.title = this.kind.titleOf(subject);
    const content = this.kind.fill(panel, subject);
    this.open.set(key, { panel, content });
    panel.webview.onDidReceiveMessage((message) => content.receive(message));
    panel.onDidDispose(() => {
      this.open.delete(key);
      content.close();
    });
    panel.webview.html = webviewHtml(panel.webview, extensionUri, this.kind.name, panel.title);
    return content;
  }
}
