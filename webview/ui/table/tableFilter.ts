/** The rows of a table that pass its filter, and their number in words. */

import { count } from '../../../src/base/format.ts';
import type { Sort } from './tableOrder.ts';

/** Order and filter of a table; survives while the page is hidden. */
export interface FilteredView {
  readonly sort: Sort;
  /** Text of the filter. */
  readonly text: string;
  /** State of the checkbox. */
  readonly only: boolean;
}

/** @param text the part of a row that the filter searches, in lower case. @param keeps whether the checkbox keeps the row. */
export function passes(view: FilteredView, text: string, keeps: boolean): boolean {
  return (!view.only || keeps) && text.includes(view.text.trim().toLowerCase());
}

/** `24 layers`, `3 of 24 layers`, or `Reading 24 layers…` while rows are still to come. */
export function filterSummary(
  [one, many]: readonly [one: string, many: string],
  { shown, read, total }: { readonly shown: number; readonly read: number; readonly total: number },
): string {
  const all = `${count(total)} ${total === 1 ? one : many}`;
  if (read < total) return `Reading ${all}…`;
  return shown === total ? all : `${count(shown)} of ${all}`;
}
