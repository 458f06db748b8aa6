/** Keeps the focus in a list or an input box that has just opened. */

import { commands } from 'vscode';

/** Milliseconds after it has opened: a page is slower on a busy machine. */
const moments = [50, 150, 400];

/**
 * A page that had the focus before the palette takes it back when that closes, some moments after the list has opened. The list gets it again
 * then, so that it can be answered at the keyboard.
 * @param shown settles when the list closes.
 */
export async function keepFocus<T>(shown: Thenable<T>): Promise<T> {
  const focus = (): void => void commands.executeCommand('workbench.action.focusQuickOpen');
  const timers = moments.map((moment) => setTimeout(focus, moment));
  try {
    return await shown;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
