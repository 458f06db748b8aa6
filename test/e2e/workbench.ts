/** A browser window with the workbench in it: commands, choices, views, webviews and what is on the screen. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Frame, type Locator, type Page } from 'playwright-core';
import type { Server } from './server.ts';

export type WebviewName = 'heatmap' | 'layer' | 'evaluation' | 'diff' | 'run' | 'comparison';
export type Theme = keyof typeof themes;

export interface Workbench {
  readonly page: Page;
  /** Violations of a webview's policy and uncaught errors in it, so far. */
  readonly problems: readonly string[];
  /** As a user who presses the browser's button. */
  readonly reload: () => Promise<void>;
  /** @param title as the palette shows it, such as `Pinch: Prune Model`. */
  readonly command: (title: string) => Promise<void>;
  /** Opens Pinch in the activity bar. */
  readonly showPinch: () => Promise<void>;
  /** Whether a quick pick or input box is open. */
  readonly isAsking: () => Promise<boolean>;
  /** Labels, descriptions and all, of the choices in sight; waits for the first. */
  readonly choices: () => Promise<string[]>;
  readonly choice: (text: string | RegExp) => Locator;
  /** To the question before. */
  readonly back: () => Promise<void>;
  /**
   * Chooses the first that holds this text; waits for it.
   * @param title part of the question's title: lists that follow each other may hold the same lines.
   */
  readonly choose: (text: string | RegExp, title?: string) => Promise<void>;
  /** Types into the open input box and accepts it. */
  readonly answer: (text: string) => Promise<void>;
  /** The page of one of our webviews, once it has drawn something. */
  readonly webview: (name: WebviewName, timeout?: number) => Promise<Frame>;
  /** The webviews that are loaded now. */
  readonly webviews: () => Promise<WebviewName[]>;
  /** One of our views, by its title. */
  readonly view: (title: string) => Locator;
  /** The rows of one of our tree views. */
  readonly rows: (title: string) => Locator;
  readonly rowTexts: (title: string) => Promise<string[]>;
  /** Right-click, then the entry with this name. */
  readonly contextMenu: (row: Locator, entry: string) => Promise<void>;
  /** The texts of the notifications on the screen. */
  readonly notifications: () => Promise<string[]>;
  /** Waits for a notification, and for its button if one is named, which is pressed. */
  readonly notified: (text: string | RegExp, button?: string, timeout?: number) => Promise<string>;
  readonly dismissNotifications: () => Promise<void>;
  readonly statusBar: (text: string | RegExp) => Locator;
  readonly setTheme: (theme: Theme) => Promise<void>;
  /** A picture for people to look at, in test-results/e2e; of the whole window unless a part is given. */
  readonly picture: (name: string, of?: Locator) => Promise<void>;
  /** As `picture`; with --update-screenshots it is the README's, too. */
  readonly screenshot: (name: string, of?: Locator) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Names of VS Code's own themes, and the class that the workbench carries under each. */
const themes = {
  dark: ['Dark Modern', 'vs-dark'],
  light: ['Light Modern', 'vs'],
  'high-contrast': ['Dark High Contrast', 'hc-black'],
  'high-contrast-light': ['Light High Contrast', 'hc-light'],
} as const;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const results = join(root, 'test-results/e2e');
/** What a slow machine may take to show something. */
const patience = 60_000;

export async function openWorkbench(
  server: Server,
  {
    folder = server.folder,
    width = 1280,
    height = 800,
  }: { folder?: string | null; width?: number; height?: number } = {},
): Promise<Workbench> {
  const browser = await chromium.launch({
    executablePath: process.env['PINCH_E2E_CHROMIUM'] ?? 'chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--enable-precise-memory-info', '--js-flags=--expose-gc'],
    ],
  });
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(patience);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.text().startsWith(mark)) problems.push(message.text().slice(mark.length));
  });
  await page.addInitScript(reportProblems, mark);

  const ready = async (): Promise<void> => {
    // Commands can be called as soon as the extensions have said what they contribute.
    await page.locator('.activitybar [aria-label^="Pinch"]').first().waitFor();
  };
  const query = folder === null ? 'ew=true' : `folder=${encodeURIComponent(folder)}`;
  await page.goto(`${server.url}/?${query}`);
  await ready();

  const box = page.locator('.quick-input-widget:visible');
  const choiceRows = box.locator('.quick-input-list .monaco-list-row');
  const webviews = async (): Promise<{ name: WebviewName; frame: Frame }[]> => {
    const found = await Promise.all(page.frames().map(async (frame) => ({ name: await nameOf(frame), frame })));
    return found.filter((one): one is { name: WebviewName; frame: Frame } => one.name !== undefined);
  };
  const view = (title: string): Locator =>
    page.locator('.pane', { has: page.locator(`.pane-header[aria-label^="${title}"]`) });
  const rows = (title: string): Locator => view(title).locator('.pane-body .monaco-list-row');
  const toasts = page.locator('.notifications-toasts .notification-list-item');

  const workbench: Workbench = {
    page,
    problems,
    async reload() {
      await page.reload();
      await ready();
    },
    async command(title) {
      // An editor that opens at this moment takes the focus, and the palette closes again.
      const type = async (timeout: number): Promise<void> => {
        await page.keyboard.press('F1');
        await box.locator('input').first().fill(`>${title}`, { timeout });
      };
      await type(3000).catch(() => type(patience));
      await choiceRows.filter({ hasText: title }).first().click();
    },
    async showPinch() {
      const tab = page.locator('.activitybar .action-item', { has: page.locator('[aria-label^="Pinch"]') });
      const chosen = page.locator('.activitybar .action-item.checked', { has: page.locator('[aria-label^="Pinch"]') });
      if ((await chosen.count()) === 0) await tab.click();
      await chosen.waitFor();
    },
    isAsking: () => box.isVisible(),
    async choices() {
      await choiceRows.first().waitFor();
      return choiceRows.allInnerTexts();
    },
    choice: (text) => choiceRows.filter({ hasText: text }).first(),
    async back() {
      await box.locator('.quick-input-titlebar .codicon-quick-input-back').first().click();
    },
    async choose(text, title = '') {
      const question = page.locator('.quick-input-widget:visible', { hasText: title });
      await question.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
    },
    async answer(text) {
      await box.locator('input').first().fill(text);
      await page.keyboard.press('Enter');
    },
    async webview(name, timeout = patience) {
      const until = Date.now() + timeout;
      for (;;) {
        const found = (await webviews()).find((one) => one.name === name);
        if (found !== undefined && (await hasContent(found.frame))) return found.frame;
        if (Date.now() > until) throw new Error(`the webview ${name} did not show within ${timeout} ms`);
        await page.waitForTimeout(50);
      }
    },
    webviews: async () => (await webviews()).map(({ name }) => name),
    view,
    rows,
    rowTexts: (title) =>
      rows(title).evaluateAll((elements) => elements.map((element) => element.getAttribute('aria-label') ?? '')),
    async contextMenu(row, entry) {
      await row.click({ button: 'right' });
      const item = page.locator('.context-view .action-item', { hasText: entry }).first();
      await item.waitFor();
      // A menu ignores the mouse for a moment, so that the click that opened it chooses nothing.
      await page.waitForTimeout(300);
      await item.click();
    },
    notifications: () => toasts.locator('.notification-list-item-message').allInnerTexts(),
    async notified(text, button, timeout = patience) {
      const toast = toasts.filter({ hasText: text }).first();
      // One look waits and reads: progress may have gone on before a second one.
      const message = await toast.locator('.notification-list-item-message').innerText({ timeout });
      if (button !== undefined) await toast.locator('.monaco-button', { hasText: button }).first().click();
      return message;
    },
    async dismissNotifications() {
      await workbench.command('Notifications: Clear All Notifications');
      await toasts.first().waitFor({ state: 'hidden' });
    },
    statusBar: (text) => page.locator('.statusbar-item[id^="pinch.pinch"]').filter({ hasText: text }),
    async setTheme(theme) {
      const [name, className] = themes[theme];
      await workbench.command('Preferences: Color Theme');
      await box.locator('input').first().fill(name);
      await workbench.choose(name);
      await page.locator(`.monaco-workbench.${className}`).waitFor();
      // The webviews follow a moment later.
      await page.waitForTimeout(300);
    },
    picture: (name, of) => save(results, name, page, of),
    async screenshot(name, of) {
      await save(results, name, page, of);
      if (process.env['PINCH_UPDATE_SCREENSHOTS'] === '1') await save(join(root, 'media/screenshots'), name, page, of);
    },
    close: () => browser.close(),
  };
  return workbench;
}

/** A text beside the pictures. */
export function keepText(name: string, text: string): void {
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, name), text);
}

async function save(folder: string, name: string, page: Page, of: Locator | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await (of === undefined ? page.screenshot({ path }) : of.screenshot({ path }));
}

/** Which of our webviews a frame is, by the script that it loads. */
async function nameOf(frame: Frame): Promise<WebviewName | undefined> {
  try {
    const source = await frame.evaluate(
      () => document.querySelector<HTMLScriptElement>('script[src*="/dist/webview/"]')?.src ?? '',
    );
    return /\/webview\/(\w+)\.js/u.exec(source)?.[1] as WebviewName | undefined;
  } catch {
    return undefined; // The frame went away meanwhile.
  }
}

const hasContent = (frame: Frame): Promise<boolean> =>
  frame.evaluate(() => document.body.innerText.trim() !== '').catch(() => false);

const mark = 'pinch-problem: ';

/** Runs first in every frame. Only what happens in a webview of ours counts: the workbench has noise of its own. */
function reportProblems(prefix: string): void {
  const report = (what: string): void => {
    if (document.querySelector('script[src*="/dist/webview/"]') !== null) console.error(prefix + what);
  };
  addEventListener('securitypolicyviolation', (event) => {
    report(`${event.violatedDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`);
  });
  addEventListener('error', (event) => report(event.message));
  addEventListener('unhandledrejection', (event) => report(String(event.reason)));
}
