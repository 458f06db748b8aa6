/** An evaluation as text for people and as files for other tools. */

import { byteSize, count, counted, duration, percent } from '../../base/format.ts';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Comparison } from '../../protocol/results/comparison.ts';
import { formatTrn } from '../../metrics/trn.ts';
import { writeAtomically } from '../../base/atomicFile.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { describeCost } from '../cost/costReport.ts';
import { showCharacters } from '../../speech/text/codePoints.ts';
import { describeTexts } from '../../speech/text/steps/describe.ts';
import { splitUnits } from '../../metrics/score.ts';
import { errorRateName, type ScoringUnit } from '../../protocol/errorRate.ts';
import type { Evaluation, Hypothesis, HypothesisLine } from '../../protocol/results/evaluation.ts';
import { describeGzipped } from '../cost/modelSize.ts';
import { withoutRecord } from '../model/parameterReport.ts';
import { textTable } from '../../base/textTable.ts';

/** A table, followed by notes that are needed to read it. */
export function describeEvaluation(evaluation: Evaluation): string {
  const { comparison } = evaluation;
  const columns = comparison ? [evaluation, comparison.against] : [evaluation];
  const row = (name: string, cell: (column: Evaluation) => string): string[] => [name, ...columns.map(cell)];
  const table = textTable([
    ...(comparison ? [['', 'model', 'against']] : []),
    row(errorRateName(evaluation.unit), ({ wer }) => percent(wer, 2)),
    row('  substitutions', ({ substitutions }) => count(substitutions)),
    row('  deletions', ({ deletions }) => count(deletions)),
    row('  insertions', ({ insertions }) => count(insertions)),
    // Where phones or characters are counted, it says nothing more.
    ...(evaluation.unit === undefined ? [row('character error rate', ({ cer }) => percent(cer, 2))] : []),
    row('utterances with errors', ({ sentenceErrorRate }) => percent(sentenceErrorRate, 2)),
    ...(columns.some(({ ctcLoss }) => ctcLoss !== undefined)
      ? [row('CTC loss per label', ({ ctcLoss }) => ctcLoss?.toFixed(4) ?? '-')]
      : []),
    row('real-time factor', ({ realTimeFactor }) => realTimeFactor.toFixed(4)),
    row('latency, median', ({ latency }) => `${latency.median.toFixed(1)} ms`),
    row('latency, 95 % under', ({ latency }) => `${latency.p95.toFixed(1)} ms`),
    row('parameters', ({ parameters }) => count(parameters)),
    row('  not zero', ({ nonZeroParameters }) => count(nonZeroParameters)),
    ...(columns.some(({ removed }) => removed)
      ? [row('  removed', ({ removed }) => (removed === null ? '-' : count(removed)))]
      : []),
    row('sparsity of all parameters', ({ sparsity }) => percent(sparsity, 2)),
    row('sparsity of gated weights', ({ gated }) => percent(gated.sparsity, 2)),
    row('on disk', ({ bytes }) => byteSize(bytes)),
    row('gzipped', describeGzipped),
  ]);
  const cost = evaluation.cost ? ['', describeCost(evaluation.cost)] : [];
  return [table, ...notes(evaluation), ...cost].join('\n') + '\n';
}

function notes(evaluation: Evaluation): string[] {
  const { batch, device, utterances, unit, words, audioSeconds, comparison } = evaluation;
  const lines = [
    `${counted(words, unit ?? 'word')} in ${counted(utterances, 'utterance')}, ${duration(audioSeconds)} of audio; on ${device}, ${
      batch === 1 ? 'one utterance at a time' : `${batch} utterances at a time`
    }.`,
  ];
  if (batch > 1)
    lines.push('Padding changes what models with group normalisation recognise; only a batch of 1 is exact.');
  if (evaluation.removed === null) lines.push(withoutRecord);
  lines.push(...notesOnSpeech(evaluation));
  if (comparison) {
    const names = { name: 'the model', against: comparison.against.model, utterances, unit };
    lines.push(...describeComparison(comparison, names));
  }
  return lines;
}

/** What was left out, what the model cannot write, and what is suspected. */
export function notesOnSpeech({ skipped, texts, unwritable = [], unit, warning }: Evaluation): string[] {
  const [first] = skipped;
  return [
    ...(first
      ? [`${skipped.length} of the utterances could not be read and count nowhere, first ${first.id}: ${first.reason}`]
      : []),
    ...(texts ? describeTexts(texts, 'references') : []),
    ...describeUnwritable(unwritable, unit),
    ...(warning === undefined ? [] : [`Warning: ${warning}`]),
  ];
}

/** What of the references the model cannot write, so that it counts as errors. */
function describeUnwritable(unwritable: NonNullable<Evaluation['unwritable']>, unit?: ScoringUnit): string[] {
  if (unwritable.length === 0) return [];
  const shown = unwritable
    .slice(0, mostShown)
    .map(({ text, count }) => `${showCharacters(text)} ${counted(count, 'time')}`);
  const more = unwritable.length > mostShown ? `, and ${unwritable.length - mostShown} more` : '';
  const what = unit === 'phone' ? 'phones' : 'characters';
  return [`The vocabulary lacks ${what} of the references, which count as errors: ${shown.join(', ')}${more}.`];
}

const mostShown = 20;

/** The verdict in words, and its tests. @param names the tested model and the one it is compared with. */
export function describeComparison(
  comparison: Comparison,
  {
    name,
    against,
    utterances,
    unit,
  }: {
    readonly name: string;
    readonly against: string;
    readonly utterances: number;
    readonly unit?: ScoringUnit | undefined;
  },
): string[] {
  const { mapsswe, bootstrap } = comparison;
  const rate = errorRateName(unit);
  const lines: string[] = [];
  switch (comparison.verdict) {
    case 'undecided':
      lines.push(`No verdict on the difference. ${comparison.reason ?? ''}`);
      break;
    case 'same':
      lines.push(`The ${rate}s do not differ significantly.`);
      break;
    case 'worse':
    case 'better':
      lines.push(`The ${rate} of ${name} is significantly ${comparison.verdict} than that of ${against}.`);
  }
  if (mapsswe) {
    lines.push(
      `MAPSSWE: Z = ${mapsswe.z.toFixed(3)}, p = ${mapsswe.p.toPrecision(3)}, two-tailed, ${counted(mapsswe.segments, 'segment')}.`,
    );
  }
  if (bootstrap) {
    const points = (fraction: number): string => (100 * fraction).toFixed(2);
    lines.push(
      `Bootstrap over ${counted(utterances, 'utterance')}: a difference of ${points(bootstrap.difference)} points of ${rate}, 95 % interval ${points(bootstrap.low)} to ${points(bootstrap.high)}.`,
    );
  }
  return lines;
}

/**
 * Writes into a folder, created if needed: `ref.trn` and `hyp.trn` (and `against.trn`) for sclite, `ref.written.trn` with the references as the
 * manifest has them, `hypotheses.jsonl` with `pred_text` beside `text` (and `written_text`), and finally `evaluation.json` with all numbers. Each file appears whole.
 */
export async function writeEvaluation(folder: string, evaluation: Evaluation): Promise<void> {
  await makeFolder(folder);
  const write = (name: string, text: string): Promise<void> => writeAtomically(join(folder, name), [Buffer.from(text)]);
  const { hypotheses, comparison } = evaluation;
  // The old files are deleted first: a crash must not leave the numbers of one evaluation beside the hypotheses of another.
  for (const name of ['evaluation.json', 'against.trn', 'ref.written.trn'])
    await rm(join(folder, name), { force: true });
  await write(
    'ref.trn',
    formatTrn(hypotheses.map(({ id, reference }) => ({ id, text: units(reference, evaluation) }))),
  );
  await write(
    'ref.written.trn',
    formatTrn(hypotheses.map(({ id, reference, written = reference }) => ({ id, text: written }))),
  );
  await write('hyp.trn', transcripts(evaluation));
  if (comparison) await write('against.trn', transcripts(comparison.against));
  await write('hypotheses.jsonl', hypotheses.map((hypothesis) => `${JSON.stringify(jsonLine(hypothesis))}\n`).join(''));
  await write('evaluation.json', `${JSON.stringify(summary(evaluation), null, 2)}\n`);
}

function transcripts(evaluation: Evaluation): string {
  return formatTrn(evaluation.hypotheses.map(({ id, hypothesis }) => ({ id, text: units(hypothesis, evaluation) })));
}

/** Separated by spaces, so that sclite counts what is counted here. */
function units(text: string, { unit }: Evaluation): string {
  return splitUnits(text, unit).join(' ');
}

function jsonLine(scored: Hypothesis): HypothesisLine {
  const { id, audio, offset, channel, seconds, reference, written, hypothesis, errors } = scored;
  const place = {
    audio_filepath: audio,
    ...(offset === undefined ? {} : { offset }),
    duration: seconds,
    ...(channel === undefined ? {} : { channel }),
  };
  const texts = { text: reference, ...(written === undefined ? {} : { written_text: written }) };
  return { ...place, ...texts, pred_text: hypothesis, id, errors };
}

/** All fields except the transcripts, which have files of their own. */
export function summary(evaluation: Evaluation): object {
  const { comparison, ...own } = evaluation;
  const numbers = { ...own, hypotheses: undefined };
  return comparison ? { ...numbers, comparison: { ...comparison, against: summary(comparison.against) } } : numbers;
}
