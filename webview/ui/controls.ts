/** The controls of the pages. The only file that uses the toolkit, so that another toolkit can replace it. */

import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { setAttributes } from './dom.ts';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeTextField(),
);

export type Button = HTMLElement & { disabled: boolean };
export type Dropdown = HTMLElement & { value: string; disabled: boolean };
export type TextField = HTMLElement & { value: string; disabled: boolean };
export type Checkbox = HTMLElement & { checked: boolean; disabled: boolean };

export interface ButtonOptions {
  readonly label: string;
  readonly onClick: () => void;
  /** At most one primary button on a page. Default: secondary. */
  readonly primary?: boolean;
  /** Details on hover. */
  readonly title?: string;
}

export function button({ label, onClick, primary = false, title }: ButtonOptions): Button {
  const element = control('vscode-button', { appearance: primary ? 'primary' : 'secondary', title }) as Button;
  element.textContent = label;
  element.addEventListener('click', onClick);
  return element;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** @param options.label for screen readers. */
export function dropdown(options: {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly value: string;
  readonly onChange: (value: string) => void;
}): Dropdown {
  const element = control('vscode-dropdown', { 'aria-label': options.label }) as Dropdown;
  for (const { value, label } of options.choices) {
    const choice = control('vscode-option', { value, selected: value === options.value });
    choice.textContent = label;
    element.append(choice);
  }
  element.addEventListener('change', () => options.onChange(element.value));
  return element;
}

/** @param options.label for screen readers. */
export function textField(options: {
  readonly label: string;
  readonly placeholder?: string;
  readonly value?: string;
  readonly onInput: (value: string) => void;
}): TextField {
  const { label, placeholder, value = '' } = options;
  const element = control('vscode-text-field', { placeholder, value }) as TextField;
  setLabel(element, label);
  element.addEventListener('input', () => options.onInput(element.value));
  return element;
}

export function checkbox(options: {
  readonly label: string;
  readonly checked?: boolean;
  readonly onChange: (checked: boolean) => void;
}): Checkbox {
  const element = control('vscode-checkbox', { checked: options.checked }) as Checkbox;
  element.textContent = options.label;
  element.addEventListener('change', () => options.onChange(element.checked));
  return element;
}

/** An animation for work in progress. @param label for screen readers. */
export function progressRing(label: string): HTMLElement {
  const element = control('vscode-progress-ring', {});
  setLabel(element, label);
  return element;
}

/** Text fields and progress rings overwrite their label when they enter the page ("Text field", "Loading"): it is set after that. */
function setLabel(element: HTMLElement, label: string): void {
  requestAnimationFrame(() => element.setAttribute('aria-label', label));
}

function control(tag: string, attributes: Parameters<typeof setAttributes>[1]): HTMLElement {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  return element;
}
