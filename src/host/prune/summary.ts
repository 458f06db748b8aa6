/** What the engine says that it will do, in a few lines before it starts. */

import { byteSize, count, counted, duration, percent } from '../../base/format.ts';
import * as v from 'valibot';
import { granularityTexts, type Granularity } from './granularity.ts';

const natural = v.pipe(v.number(), v.integer(), v.minValue(0));
const layer = v.object({ name: v.string(), parameters: natural });

/** What `pinch prune --dry-run --json` prints, as far as it is shown. */
const dryRun = v.object({
  start: v.object({
    device: v.string(),
    deviceReason: v.string(),
    steps: natural,
    stepsPerEpoch: v.number(),
    parameters: natural,
    gatedParameters: natural,
    layers: v.array(layer),
    left: v.array(v.object({ ...layer.entries, reason: v.string() })),
    utterances: natural,
    dropped: v.record(v.string(), natural),
    audioSeconds: v.number(),
    memoryBytes: v.number(),
    diskBytes: v.optional(v.number(), 0),
    secondsExpected: v.number(),
  }),
  /** The engine's table. */
  text: v.string(),
  /** Why the run cannot be had on this machine. */
  problem: v.optional(v.nullable(v.string()), null),
});
export type DryRun = v.InferOutput<typeof dryRun>;

/** @throws Error if the command printed something else. */
export function parseDryRun(printed: unknown): DryRun {
  const result = v.safeParse(dryRun, printed, { abortEarly: true });
  if (result.success) return result.output;
  const key = v.getDotPath(result.issues[0]) ?? '';
  throw new Error(`pinch prune --dry-run printed no table that this extension understands ("${key}" is wrong).`);
}

export interface SummaryLine {
  readonly icon: string;
  readonly label: string;
  readonly detail?: string;
}

/** @param target share of the gated weights that will be pruned. */
export function summarise({ start, problem }: DryRun, target: number, granularity: Granularity): SummaryLine[] {
  return [
    ...room(problem),
    gates(start, target, granularity),
    ...leftOut(start),
    data(start),
    effort(start),
    device(start),
  ];
}

type Start = DryRun['start'];

function room(problem: string | null): SummaryLine[] {
  return problem === null
    ? []
    : [{ icon: 'warning', label: 'This machine has too little room for the run', detail: problem }];
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

function effort({ secondsExpected, steps, stepsPerEpoch, memoryBytes, diskBytes }: Start): SummaryLine {
  const disk = diskBytes > 0 ? `, disk: up to ${byteSize(diskBytes)}` : '';
  return {
    icon: 'clock',
    label: `Time: about ${duration(Math.max(1, secondsExpected))}, a first guess. Memory: about ${byteSize(memoryBytes)}${disk}`,
    detail: `${counted(steps, 'step')}, ${Number(stepsPerEpoch.toFixed(1))} an epoch`,
  };
}

function device({ device, deviceReason }: Start): SummaryLine {
  return { icon: 'chip', label: `Device: ${device}`, detail: deviceReason };
}

/** The engine's reasons, in the words of somebody who reads them on one line. */
const dropReasons: Readonly<Record<string, string>> = {
  tooShort: 'too short',
  tooLong: 'longer than a batch or batch.maxSeconds',
  noText: 'without text',
  unspellable: 'with characters that the vocabulary lacks',
  tooFewFrames: 'too short for their text',
  unreadable: 'unreadable',
};
