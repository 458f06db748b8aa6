/** Evaluations of one model on several sets as text for people: a row for each set. */

import { byteSize, count, percent } from '../../base/format.ts';
import { textTable } from '../../base/textTable.ts';
import { errorRateName } from '../../protocol/errorRate.ts';
import type { Evaluation } from '../../protocol/results/evaluation.ts';
import { describeCost } from '../cost/costReport.ts';
import { describeGzipped } from '../cost/modelSize.ts';
import { describeComparison, notesOnSpeech } from './evaluationReport.ts';

export interface NamedEvaluation {
  readonly name: string;
  readonly evaluation: Evaluation;
}

/** A table, what is the same for all sets, and notes on each. */
export function describeEvaluations(sets: readonly NamedEvaluation[]): string {
  const [first, ...others] = sets;
  if (!first) return '';
  const { evaluation } = first;
  const { parameters, nonZeroParameters, sparsity, gated, bytes } = evaluation;
  const model = `${count(parameters)} parameters, ${count(nonZeroParameters)} not zero; sparsity ${percent(sparsity, 2)}, of gated weights ${percent(gated.sparsity, 2)}; ${byteSize(bytes)} on disk, ${describeGzipped(evaluation)} gzipped; on ${evaluation.device}.`;
  const notes = sets.flatMap(({ name, evaluation }) => notesOf(name, evaluation));
  const cost = evaluation.cost ? ['', describeCost(evaluation.cost)] : [];
  return [setTable([first, ...others]).trimEnd(), model, ...notes, ...cost].join('\n') + '\n';
}

function setTable(sets: readonly [NamedEvaluation, ...NamedEvaluation[]]): string {
  const [{ evaluation }] = sets;
  const { comparison, unit } = evaluation;
  const header = [
    'set',
    errorRateName(unit),
    'substitutions',
    'deletions',
    'insertions',
    `${unit ?? 'word'}s`,
    'utterances',
    'real-time factor',
    ...(comparison ? ['against', 'verdict', 'Z'] : []),
  ];
  return textTable([header, ...sets.map(({ name, evaluation }) => [name, ...cells(evaluation)])]);
}

function cells({ comparison, ...own }: Evaluation): string[] {
  return [
    percent(own.wer, 2),
    count(own.substitutions),
    count(own.deletions),
    count(own.insertions),
    count(own.words),
    count(own.utterances),
    own.realTimeFactor.toFixed(4),
    ...(comparison
      ? [percent(comparison.against.wer, 2), comparison.verdict, comparison.mapsswe?.z.toFixed(3) ?? '-']
      : []),
  ];
}

function notesOf(name: string, evaluation: Evaluation): string[] {
  const { comparison, utterances, unit } = evaluation;
  const verdict = comparison
    ? describeComparison(comparison, { name: 'the model', against: comparison.against.model, utterances, unit })
    : [];
  return [...notesOnSpeech(evaluation), ...verdict].map((line) => `${name}: ${line}`);
}
