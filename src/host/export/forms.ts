/** The forms in which a model can be exported, and the message after an export. */

import { byteSize, percent } from '../../base/format.ts';
import type { ExportedModel } from '../../protocol/results/export.ts';

export interface ExportForm {
  readonly label: string;
  readonly buys: string;
  /** Flags of `pinch export`. */
  readonly flags: readonly string[];
}

export const exportForms: readonly ExportForm[] = [
  {
    label: 'Without dead units and heads',
    buys: 'smaller and faster in every runtime, if some were pruned; same results',
    flags: ['--shrink'],
  },
  {
    label: 'With 8-bit weights',
    buys: 'about a quarter of the file; results change a little, and speed depends on the processor',
    flags: ['--int8'],
  },
  { label: 'Both', buys: 'the smallest file', flags: ['--shrink', '--int8'] },
];

/** @param name the written file's path within the workspace. */
export function describeExported({ from, to, shrunk }: ExportedModel, name: string): string {
  const share = percent(to.bytes / Math.max(1, from.bytes));
  const written = `Written: ${name}, ${byteSize(to.bytes)}, ${share} of the ${byteSize(from.bytes)} before.`;
  if (shrunk === null) return written;
  const layers = `${shrunk.length} ${shrunk.length === 1 ? 'layer' : 'layers'}`;
  return shrunk.length === 0
    ? `${written} No unit or head is dead, so none was removed.`
    : `${written} Units or heads were removed from ${layers}.`;
}
