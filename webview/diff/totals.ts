/** The totals of both models side by side: as rows for the page, and as text to copy. */

import { byteSize, count, percent } from '../../src/base/format.ts';
import { inUnits } from '../../src/protocol/errorRate.ts';
import type { ModelTotals } from '../../src/protocol/results/diff.ts';
import type { DiffResult } from '../../src/protocol/views/diff.ts';

export interface TotalsRow {
  readonly id: string;
  readonly title: string;
  /** Formatted for people. */
  readonly a: string;
  readonly b: string;
  /** B against A: a ratio, or for fractions the difference in points. */
  readonly change: string;
}

const rate = (value: number): string => percent(value, 2);

export function totalsRows({ a, b, recognition }: DiffResult): TotalsRow[] {
  const sized = (
    id: string,
    title: string,
    of: (totals: ModelTotals) => number,
    format: (value: number) => string,
  ): TotalsRow => ({ id, title, a: format(of(a)), b: format(of(b)), change: ratio(of(a), of(b)) });
  const shared = (id: string, title: string, inA: number, inB: number): TotalsRow => ({
    id,
    title,
    a: rate(inA),
    b: rate(inB),
    change: points(inB - inA),
  });
  return [
    ...(recognition
      ? [
          shared('wer', inUnits('Word error rate', recognition.b.unit), recognition.a.wer, recognition.b.wer),
          // Where characters or phones are counted, a second rate of characters says nothing more.
          ...(recognition.b.unit === undefined
            ? [shared('cer', 'Character error rate', recognition.a.cer, recognition.b.cer)]
            : []),
        ]
      : []),
    sized('parameters', 'Parameters', ({ parameters }) => parameters, count),
    sized('nonZero', 'Not zero', ({ nonZeroParameters }) => nonZeroParameters, count),
    shared('gatedSparsity', 'Gated sparsity', a.gated.sparsity, b.gated.sparsity),
    shared('sparsity', 'Overall sparsity', a.sparsity, b.sparsity),
    sized('bytes', 'Size on disk', ({ bytes }) => bytes, byteSize),
    sized('nodes', 'Nodes of the graph', ({ nodes }) => nodes, count),
  ];
}

/** A difference of fractions in percentage points, with its sign: `+1.25 points`. */
export function points(difference: number): string {
  const text = Math.abs(100 * difference).toFixed(2);
  if (Number(text) === 0) return 'same';
  return `${difference > 0 ? '+' : '−'}${text} ${Number(text) === 1 ? 'point' : 'points'}`;
}

function ratio(a: number, b: number): string {
  if (a === b) return 'same';
  return a > 0 ? `${(b / a).toFixed(2)} ×` : '–';
}

/** Totals and layers as tab-separated lines for spreadsheets. */
export function diffAsText(result: DiffResult, titleA: string, titleB: string): string {
  const layers = result.layers.map(({ name, a, b, changed, overlap }) => [
    name,
    a?.sparsity ?? '',
    b?.sparsity ?? '',
    a?.threshold ?? '',
    b?.threshold ?? '',
    changed ?? '',
    overlap ?? '',
  ]);
  const lines = [
    ['', titleA, titleB, 'change'],
    ...totalsRows(result).map(({ title, a, b, change }) => [title, a, b, change]),
    [],
    ['layer', 'sparsity A', 'sparsity B', 'threshold A', 'threshold B', 'weights changed', 'mask overlap'],
    ...layers,
  ];
  return lines.map((line) => line.join('\t')).join('\n');
}
