/** The questions of a guided choice: a list or an input box with a back button and a step number. */

import { Disposable, QuickInputButtons, window, type QuickInput, type QuickPickItem } from 'vscode';
import type { Place } from './walkSteps.ts';

/** A line of a list. Lines without a value cannot be chosen. */
export interface Option<V> extends QuickPickItem {
  readonly value?: V;
}

export type Picked<V> = { readonly kind: 'value'; readonly value: V } | { readonly kind: 'back' | 'cancel' };

export interface Busy {
  /** Shows a busy message in place of the lines. */
  readonly say: (text: string) => void;
  /** Aborted when the lines are no longer needed. */
  readonly signal: AbortSignal;
}

export interface PickQuestion<V> {
  readonly placeholder: string;
  /** The placeholder while the list is busy. */
  readonly whileBusy?: string;
  /** The lines, or a function that finds them while the list is shown as busy. */
  readonly options: readonly Option<V>[] | ((busy: Busy) => Promise<readonly Option<V>[]>);
  /** The line that is active at first. Default: the first. */
  readonly isActive?: (value: V) => boolean;
}

/** @throws the errors of `options`. */
export function pick<V>(
  place: Place,
  { placeholder, whileBusy, options, isActive }: PickQuestion<V>,
): Promise<Picked<V>> {
  const list = window.createQuickPick<Option<V>>();
  list.placeholder = placeholder;
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  const abort = new AbortController();
  const fill = (lines: readonly Option<V>[]): void => {
    list.items = lines;
    const active = lines.find(({ value }) => value !== undefined && isActive?.(value) === true);
    if (active) list.activeItems = [active];
  };
  return ask<V>(list, place, (settle, fail) => {
    if (typeof options === 'function') {
      list.busy = true;
      list.placeholder = whileBusy ?? placeholder;
      const say = (text: string): void => {
        if (!abort.signal.aborted) list.items = [{ label: `$(loading~spin) ${text}`, alwaysShow: true }];
      };
      options({ say, signal: abort.signal }).then((lines) => {
        if (abort.signal.aborted) return;
        list.busy = false;
        list.placeholder = placeholder;
        fill(lines);
      }, fail);
    } else fill(options);
    return [
      list.onDidAccept(() => {
        const value = list.activeItems[0]?.value;
        if (value !== undefined) settle({ kind: 'value', value });
      }),
      new Disposable(() => abort.abort()),
    ];
  });
}

export interface InputQuestion {
  readonly prompt: string;
  readonly value: string;
  /** The error message for a text; undefined for a valid one. */
  readonly problemOf: (text: string) => string | undefined;
}

export function input(place: Place, { prompt, value, problemOf }: InputQuestion): Promise<Picked<string>> {
  const box = window.createInputBox();
  box.prompt = prompt;
  box.value = value;
  return ask<string>(box, place, (settle) => [
    box.onDidChangeValue((text) => (box.validationMessage = problemOf(text))),
    box.onDidAccept(() => {
      box.validationMessage = problemOf(box.value);
      if (box.validationMessage === undefined) settle({ kind: 'value', value: box.value });
    }),
  ]);
}

type Shown = QuickInput & {
  buttons: readonly unknown[];
  onDidTriggerButton: (listener: (button: unknown) => unknown) => Disposable;
};

/** Shows a quick input until the user answers or leaves it, or it is hidden; then disposes of it. */
function ask<V>(
  shown: Shown,
  place: Place,
  listen: (settle: (picked: Picked<V>) => void, fail: (error: unknown) => void) => Disposable[],
): Promise<Picked<V>> {
  shown.title = place.title;
  shown.step = place.step;
  shown.totalSteps = place.total;
  // File dialogs and documents take the focus in between.
  shown.ignoreFocusOut = true;
  shown.buttons = place.canGoBack ? [QuickInputButtons.Back] : [];
  const listeners: Disposable[] = [];
  return new Promise<Picked<V>>((resolve, reject) => {
    listeners.push(
      shown.onDidTriggerButton(() => resolve({ kind: 'back' })),
      shown.onDidHide(() => resolve({ kind: 'cancel' })),
      ...listen(resolve, reject),
    );
    shown.show();
  }).finally(() => {
    for (const listener of listeners) listener.dispose();
    shown.dispose();
  });
}
