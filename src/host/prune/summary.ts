/** The engine's estimate of a run in a few lines. */

import { byteSize, count, counted, duration, percent } from '../../base/format.ts';
import type { DryRun } from '../../protocol/results/prune.ts';
import type { PruneChoices } from './config.ts';
import { granularityTexts, type Granularity } from './granularity.ts';

export interface SummaryLine {
  readonly icon: string;
  readonly label: string;
  readonly detail?: string;
}

/** @param target fraction of the gated weights that will be pruned. @param budget that it was found for. */
export function summarise(
  { start, problem }: Pick<DryRun, 'start' | 'problem'>,
  { target, budget }: Pick<PruneChoices, 'target' | 'budget'>,
  granularity: Granularity,
): SummaryLine[] {
  return [
    ...room(problem),
    ...promise(budget),
    gates(start, target, granularity),
    ...leftOut(start),
    data(start),
    ...texts(start),
    effort(start),
    device(start),
  ];
}

type Start = DryRun['start'];

function room(problem: string | null): SummaryLine[] {
  return problem === null
    ? []
    : [{ icon: 'warning', label: 'This machine has too little memory or disk space for the run', detail: problem }];
}

function promise(budget: PruneChoices['budget']): SummaryLine[] {
  if (!budget) return [];
  const { bytes, latency, int8 } = budget;
  const costs = [
    ...(bytes === null ? [] : [`a file of ${byteSize(bytes)} after compression`]),
    ...(latency === null ? [] : [`${percent(latency)} of the model’s latency`]),
  ];
  if (costs.length === 0) return [];
  const export8 = int8 ? '. It needs weights of 8 bits: choose them in Export Model when the run is done' : '';
  return [{ icon: 'target', label: `For ${costs.join(' and ')}`, detail: `Found by measuring this model${export8}` }];
}

function gates({ gatedParameters, parameters, layers }: Start, target: number, granularity: Granularity): SummaryLine {
  if (layers.length === 0) {
    return { icon: 'layers', label: 'No gates: the weights are trained, and none are pruned' };
  }
  const { outcome, buys } = granularityTexts[granularity];
  const share = percent(gatedParameters / Math.max(1, parameters));
  return {
    icon: 'layers',
    label: `Gated: ${count(gatedParameters)} of ${count(parameters)} parameters (${share}), in ${counted(layers.length, 'layer')}`,
    detail: `${percent(target)} of them will be ${outcome}, ${percent((target * gatedParameters) / Math.max(1, parameters))} of all: ${buys}`,
  };
}

function leftOut({ left }: Start): SummaryLine[] {
  if (left.length === 0) return [];
  const reasons = new Map<string, number>();
  for (const { reason } of left) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const parameters = left.reduce((sum, { parameters }) => sum + parameters, 0);
  const listed = [...reasons].map(([reason, matrices]) => `${matrices}: ${reason}`);
  return [
    {
      icon: 'circle-slash',
      label: `Not gated: ${counted(left.length, 'matrix', 'matrices')} with ${count(parameters)} parameters`,
      detail: listed.join(' · '),
    },
  ];
}

function data({ utterances, audioSeconds, dropped }: Start): SummaryLine {
  const left = Object.entries(dropped).filter(([, count]) => count > 0);
  const label = `Data: ${counted(utterances, 'utterance')}, ${duration(audioSeconds)} of speech`;
  if (left.length === 0) return { icon: 'mic', label, detail: 'All utterances can be used.' };
  const reasons = left.map(([reason, count]) => `${count} ${dropReasons[reason] ?? reason}`);
  return { icon: 'mic', label, detail: `Left out: ${reasons.join(' · ')}` };
}

function texts({ texts: report }: Start): SummaryLine[] {
  if (!report || report.changes.length + report.left.length === 0) return [];
  const changed = report.changes.map(({ step, texts }) => `${step} in ${count(texts)}`);
  const [example] = report.changes.flatMap(({ examples }) => examples.slice(0, 1)).slice(-1);
  const left = report.left.map(({ kind, texts }) => `${kind}s in ${count(texts)}, which stay`);
  return [
    {
      icon: 'whole-word',
      label: `Texts: ${[...changed, ...left].join(', ')}`,
      detail: example ? `For example: “${example.before}” becomes “${example.after}”` : '',
    },
  ];
}

function effort({ secondsExpected, steps, stepsPerEpoch, memoryBytes, diskBytes = 0 }: Start): SummaryLine {
  const disk = diskBytes > 0 ? `, disk: up to ${byteSize(diskBytes)}` : '';
  return {
    icon: 'clock',
    label: `Time: about ${duration(Math.max(1, secondsExpected))}, a first estimate. Memory: about ${byteSize(memoryBytes)}${disk}`,
    detail: `${counted(steps, 'step')}, ${Number(stepsPerEpoch.toFixed(1))} an epoch`,
  };
}

function device({ device, deviceReason }: Start): SummaryLine {
  return { icon: 'chip', label: `Device: ${device}`, detail: deviceReason };
}

/** The engine's reasons, short enough for one line. */
const dropReasons: Readonly<Record<string, string>> = {
  tooShort: 'too short',
  tooLong: 'longer than a batch or batch.maxSeconds',
  noText: 'without text',
  unspellable: 'with characters that the vocabulary lacks',
  tooFewFrames: 'too short for their text',
  unreadable: 'unreadable',
};
