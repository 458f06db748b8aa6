/** A diff as text: a table of layers, a table of the whole models, and the change of the word error rate. */

import { byteSize, count, counted, percent } from '../../base/format.ts';
import type { LayerDiff, LayerSide, ModelDiff, ModelTotals, SpeechDiff } from '../../protocol/results/diff.ts';
import { errorRateName } from '../../protocol/errorRate.ts';
import { describeComparison } from '../evaluate/evaluationReport.ts';
import { textTable } from '../../base/textTable.ts';

export function describeDiff(diff: ModelDiff): string {
  const { a, b, layers, vectors, operators, recognition } = diff;
  return [
    layerTable(layers),
    describeVectors(vectors),
    '',
    totalsTable(a, b, recognition),
    ...(operators.length === 0 ? ['Both have the same operators.'] : ['', operatorTable(operators)]),
    ...(recognition ? describeRecognition(recognition, a.model) : []),
    '',
  ].join('\n');
}

const none = '-';

function layerTable(layers: readonly LayerDiff[]): string {
  const head = ['layer', 'shape', 'type', 'sparsity A', 'B', 'threshold A', 'B', 'changed', 'overlap'];
  const share = (value: number | null): string => (value === null ? none : percent(value, 2));
  const threshold = (side: LayerSide | null): string => side?.threshold?.toFixed(4) ?? none;
  const rows = layers.map(({ name, a, b, changed, overlap }) => [
    name,
    shapes(a, b),
    [...new Set([a, b].flatMap((side) => (side ? [side.type] : [])))].join(' / '),
    share(a && a.sparsity),
    share(b && b.sparsity),
    threshold(a),
    threshold(b),
    share(changed),
    share(overlap),
  ]);
  return textTable([head, ...rows], [1, 2]).trimEnd();
}

function shapes(a: LayerSide | null, b: LayerSide | null): string {
  const text = (side: LayerSide): string => side.shape.join(' x ');
  if (!a) return b ? `${text(b)}, only in B` : '';
  if (!b) return `${text(a)}, only in A`;
  return text(a) === text(b) ? text(a) : `${text(a)} / ${text(b)}`;
}

function describeVectors(vectors: readonly LayerDiff[]): string {
  const differ = vectors.filter(({ changed }) => changed !== 0).length;
  return `${count(vectors.length)} vectors (biases, norms); ${differ === 0 ? 'none' : count(differ)} of them differ.`;
}

function totalsTable(a: ModelTotals, b: ModelTotals, recognition: SpeechDiff | null): string {
  const row = (name: string, cell: (model: ModelTotals) => string): string[] => [name, cell(a), cell(b)];
  return textTable([
    ['', 'A', 'B'],
    row('parameters', ({ parameters }) => count(parameters)),
    row('  not zero', ({ nonZeroParameters }) => count(nonZeroParameters)),
    ...(a.removed || b.removed ? [row('  removed', ({ removed }) => (removed === null ? none : count(removed)))] : []),
    row('sparsity of all parameters', ({ sparsity }) => percent(sparsity, 2)),
    row('sparsity of gated weights', ({ gated }) => percent(gated.sparsity, 2)),
    row('on disk', ({ bytes }) => byteSize(bytes)),
    row('nodes', ({ nodes }) => count(nodes)),
    ...(recognition
      ? [
          [errorRateName(recognition.b.unit), percent(recognition.a.wer, 2), percent(recognition.b.wer, 2)],
          ...(recognition.b.unit === undefined
            ? [['character error rate', percent(recognition.a.cer, 2), percent(recognition.b.cer, 2)]]
            : []),
        ]
      : []),
  ]).trimEnd();
}

function operatorTable(operators: ModelDiff['operators']): string {
  const rows = operators.map(({ operator, a, b }) => [operator, count(a), count(b)]);
  return textTable([['operator', 'A', 'B'], ...rows]).trimEnd();
}

/** Rows that fit a screen; --json has all. */
const shownUtterances = 10;

function describeRecognition(recognition: SpeechDiff, pathA: string): string[] {
  const { utterances, fewer, more, changed } = recognition;
  const lines = [
    ...describeComparison(recognition, { name: 'B', against: pathA, utterances, unit: recognition.b.unit }),
    `B has more errors than A in ${count(more)} of ${counted(utterances, 'utterance')}, and fewer in ${count(fewer)}.`,
  ];
  for (const { id, reference, a, b } of changed.slice(0, shownUtterances)) {
    lines.push('', `${id}: ${a.errors} errors in A, ${b.errors} in B`);
    lines.push(`  said  ${reference}`, `  A     ${a.text}`, `  B     ${b.text}`);
  }
  return lines;
}
