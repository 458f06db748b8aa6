/** The numbers of an evaluation as rows beside those of the original: for the page, and as text to copy. */

import { byteSize, count, percent } from '../../src/base/format.ts';
import { inUnits } from '../../src/protocol/errorRate.ts';
import type { EvaluationFile } from '../../src/protocol/results/evaluation.ts';

export const groups = ['Recognition', 'Speed', 'Size'] as const;

export interface Figure {
  readonly id: string;
  readonly group: (typeof groups)[number];
  readonly title: string;
  /** Its meaning, in a sentence. */
  readonly description: string;
  /** Whether it is a part of the row above. */
  readonly part?: boolean;
  readonly value: number;
  /** Formatted for people. */
  readonly text: string;
  /** Undefined if the original has not been evaluated. */
  readonly original?: string;
  /** value / original; undefined where the ratio means nothing. */
  readonly ratio?: number;
}

interface Measure {
  readonly id: string;
  readonly group: Figure['group'];
  readonly title: string;
  readonly description: string;
  readonly part?: boolean;
  /** Null if it was not measured; the row is then left out. */
  readonly of: (numbers: EvaluationFile) => number | null;
  /** The original's number, if this evaluation has measured it too. */
  readonly ofOriginal?: (numbers: EvaluationFile) => number | null;
  readonly format: (value: number, numbers: EvaluationFile) => string;
}

const rate = (value: number): string => percent(value, 2);
const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

const measures: readonly Measure[] = [
  {
    id: 'wer',
    group: 'Recognition',
    title: 'Word error rate',
    description: 'Substituted, left out and added words, divided by the words of the reference.',
    of: ({ wer }) => wer,
    format: rate,
  },
  {
    id: 'substitutions',
    group: 'Recognition',
    title: 'Substitutions',
    description: 'Words recognised as other words.',
    part: true,
    of: ({ substitutions }) => substitutions,
    format: count,
  },
  {
    id: 'deletions',
    group: 'Recognition',
    title: 'Deletions',
    description: 'Words left out.',
    part: true,
    of: ({ deletions }) => deletions,
    format: count,
  },
  {
    id: 'insertions',
    group: 'Recognition',
    title: 'Insertions',
    description: 'Words added.',
    part: true,
    of: ({ insertions }) => insertions,
    format: count,
  },
  {
    id: 'cer',
    group: 'Recognition',
    title: 'Character error rate',
    description:
      'Substituted, left out and added characters, divided by the characters of the reference. Spaces count.',
    of: ({ cer }) => cer,
    format: rate,
  },
  {
    id: 'ctcLoss',
    group: 'Recognition',
    title: 'CTC loss per label',
    description: 'How unlikely the model finds the references. It moves long before a word changes.',
    of: ({ ctcLoss }) => ctcLoss ?? null,
    format: (value) => value.toFixed(4),
  },
  {
    id: 'ser',
    group: 'Recognition',
    title: 'Utterances with errors',
    description: 'Fraction of utterances with at least one word error.',
    of: ({ sentenceErrorRate }) => sentenceErrorRate,
    format: rate,
  },
  {
    id: 'parameters',
    group: 'Size',
    title: 'Parameters',
    description: 'All learned numbers of the model.',
    of: ({ parameters }) => parameters,
    format: count,
  },
  {
    id: 'nonZero',
    group: 'Size',
    title: 'Not zero',
    description: 'Parameters that are not zero.',
    part: true,
    of: ({ nonZeroParameters }) => nonZeroParameters,
    format: count,
  },
  {
    id: 'gated',
    group: 'Size',
    title: 'Gated and not zero',
    description: 'Weights that are not zero, in the layers that can be pruned.',
    part: true,
    of: ({ gated }) => gated.nonZeroParameters,
    format: count,
  },
  {
    id: 'sparsity',
    group: 'Size',
    title: 'Overall sparsity',
    description: 'Fraction of all parameters that are zero. Removed units and heads count as zeros.',
    of: ({ sparsity }) => sparsity,
    format: rate,
  },
  {
    id: 'gatedSparsity',
    group: 'Size',
    title: 'Gated sparsity',
    description: 'Fraction of the prunable weights that are zero. Removed units and heads count as zeros.',
    of: ({ gated }) => gated.sparsity,
    format: rate,
  },
  {
    id: 'bytes',
    group: 'Size',
    title: 'Size on disk',
    description: 'The ONNX file and its external data.',
    of: ({ bytes }) => bytes,
    format: byteSize,
  },
  {
    id: 'gzipped',
    group: 'Size',
    title: 'Gzipped',
    description: 'Size after gzip, which compresses zeros well. For a large file, estimated from a sample.',
    of: ({ gzippedBytes }) => gzippedBytes,
    format: (value, { gzippedError }) =>
      gzippedError === null
        ? byteSize(value)
        : `about ${byteSize(value)} ± ${percent(gzippedError / Math.max(1, value))}`,
  },
  {
    id: 'latency',
    group: 'Speed',
    title: 'Latency, median',
    description: 'Time to recognise one utterance. Half of them take less.',
    of: ({ latency }) => latency.median,
    format: milliseconds,
  },
  {
    id: 'latency95',
    group: 'Speed',
    title: 'Latency, 95th percentile',
    description: 'Time to recognise one utterance. Nineteen of twenty take less.',
    of: ({ latency }) => latency.p95,
    format: milliseconds,
  },
  {
    id: 'timed',
    group: 'Speed',
    title: 'Time for a sentence',
    description: 'Time for an utterance of ten seconds. This model and the original run in turn.',
    of: ({ cost }) => cost?.own.latency ?? null,
    ofOriginal: ({ cost }) => cost?.dense?.latency ?? null,
    format: milliseconds,
  },
  {
    id: 'realTimeFactor',
    group: 'Speed',
    title: 'Real-time factor',
    description: 'Seconds of computing for a second of audio.',
    of: ({ realTimeFactor }) => realTimeFactor,
    format: (value) => value.toFixed(4),
  },
];

/** @param original the evaluation of the dense original on the same data, if there is one. */
export function figures(numbers: EvaluationFile, original?: EvaluationFile): Figure[] {
  return measures.flatMap(({ of, ofOriginal, format, ...measure }) => {
    const value = of(numbers);
    // Where characters or phones are counted, a second rate of characters says nothing more.
    if (value === null || (measure.id === 'cer' && numbers.unit !== undefined)) return [];
    const named = (text: string): string => (measure.group === 'Recognition' ? inUnits(text, numbers.unit) : text);
    const said = { title: named(measure.title), description: named(measure.description) };
    const figure = { ...measure, ...said, value, text: format(value, numbers) };
    const other = ofOriginal ? ofOriginal(numbers) : original && of(original);
    if (original === undefined || other === null || other === undefined) return [figure];
    return [{ ...figure, original: format(other, original), ...(other > 0 ? { ratio: value / other } : {}) }];
  });
}

/** `0.37 ×` */
export function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return '–';
  return `${ratio >= 99.5 ? Math.round(ratio) : ratio.toFixed(2)} ×`;
}

/** A table with aligned columns for a fixed-width font. */
export function figuresAsText(title: string, rows: readonly Figure[], originalTitle: string): string {
  const lines = withHeader(title, rows, originalTitle, (figure) => (figure.part ? '  ' : '') + figure.title);
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n');
}

/** RFC 4180; numbers are unformatted. */
export function figuresAsCsv(
  title: string,
  numbers: EvaluationFile,
  originalTitle: string,
  original?: EvaluationFile,
): string {
  const header = ['measure', title, ...(original ? [originalTitle] : [])];
  const lines = measures.flatMap(({ id, of, ofOriginal }) => {
    const value = of(numbers);
    if (value === null) return [];
    const other = original && (ofOriginal ? ofOriginal(numbers) : of(original));
    return [[id, value, ...(original ? [other ?? ''] : [])]];
  });
  return [header, ...lines].map((line) => line.map(quoted).join(',')).join('\r\n');
}

function withHeader(
  title: string,
  rows: readonly Figure[],
  originalTitle: string,
  nameOf: (figure: Figure) => string,
): string[][] {
  const compared = rows.some(({ original }) => original !== undefined);
  return [
    ['', title, ...(compared ? [originalTitle, 'ratio'] : [])],
    ...rows.map((figure) => [
      nameOf(figure),
      figure.text,
      ...(compared ? [figure.original ?? '', ratioText(figure.ratio)] : []),
    ]),
  ];
}

function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
