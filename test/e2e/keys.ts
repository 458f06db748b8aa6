/** The workbench without a mouse. */

import type { Workbench } from './workbench.ts';

/** Runs a command by its name in the palette. */
export async function typeCommand({ page, choice }: Workbench, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input:focus').waitFor();
  await page.keyboard.type(title);
  await choice(title).waitFor();
  await page.keyboard.press('Enter');
}

/** Takes what a list offers first. @param label of that. @param title part of the list's title. @param filter typed before. */
export async function take({ page }: Workbench, label: string | RegExp, title: string, filter = ''): Promise<void> {
  const question = page.locator('.quick-input-widget', { hasText: title });
  await question.locator('.quick-input-list .monaco-list-row').first().waitFor({ timeout: 120_000 });
  await question.locator('input:focus').waitFor();
  if (filter !== '') await page.keyboard.type(filter);
  await question.locator('.monaco-list-row.focused', { hasText: label }).waitFor({ timeout: 120_000 });
  await page.keyboard.press('Enter');
}

/** Waits for an input box with this text on it, and types into it. */
export async function typeInto({ page }: Workbench, box: string | RegExp, text: string): Promise<void> {
  await page.locator('.quick-input-widget:visible', { hasText: box }).waitFor();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}

/** Presses the first button of the newest notification. */
export const acceptNotification = (workbench: Workbench): Promise<void> =>
  typeCommand(workbench, 'Notifications: Accept Notification Primary Action');
