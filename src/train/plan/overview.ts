/** What is said before the first step: what is gated, what is left out and why, memory, and a first guess of the time. */

import { byteSize, count, counted, duration, percent, small } from '../../base/format.ts';
import { predictedModel } from '../../protocol/predictedModel.ts';
import type { DryRun } from '../../protocol/results/prune.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { describeDropped } from '../../speech/batches/prepare.ts';
import { describeTexts } from '../../speech/text/steps/describe.ts';
import { describeAbsent } from '../../state/absent.ts';
import { describeDisk, diskOf, diskPlanOf, memoryOf } from './footprint.ts';
import type { GraphCost } from '../../runtime/graphCost.ts';
import { kindTable, layerTable } from '../../state/layerKinds.ts';
import type { Setup } from '../setup.ts';
import type { LayerRow } from '../setup/model.ts';

/**
 * The start line of metrics.jsonl.
 * @param cost of one step on the largest batch.
 * @param secondsExpected a first guess of the whole run's time.
 * @param evaluation bytes that evaluating takes, if the run does.
 */
export function startRecord(
  setup: Setup,
  settings: RunSettings,
  cost: GraphCost,
  secondsExpected: number,
  evaluation?: number,
): DryRun['start'] {
  const { rows, layers, data, device, steps } = setup;
  const { accumulate } = settings.batch;
  const sum = (some: readonly LayerRow[]): number => some.reduce((total, { parameters }) => total + parameters, 0);
  const dropped: Record<string, number> = {};
  for (const { reason } of data.dropped) dropped[reason] = (dropped[reason] ?? 0) + 1;
  const trained = sum(rows.filter((row) => row.trained));
  return {
    kind: 'start',
    step: 0,
    device: device.device,
    deviceReason: device.reason,
    steps,
    stepsPerEpoch: data.plan.batchesPerEpoch / accumulate,
    parameters: sum(rows),
    gatedParameters: sum(rows.filter((row) => row.gated)),
    trainedParameters: trained,
    layers: layers.map(({ name, parameters, shape }) => ({ name, parameters, shape: [...shape] })),
    left: rows
      .filter((row) => row.matrix && !row.gated)
      .map(({ name, parameters, reason }) => ({ name, parameters, reason })),
    utterances: data.ready.length,
    dropped,
    texts: data.texts,
    audioSeconds: data.audioSeconds,
    framesPerSecond: framesPerSecond(setup),
    // Steps and evaluations take turns.
    memoryBytes: Math.max(
      memoryOf(sum(rows), trained, accumulate, cost),
      memoryOf(sum(rows), trained, accumulate, { ...cost, bytes: 0 }) + (evaluation ?? 0),
    ),
    ...(evaluation === undefined ? {} : { evaluationMemoryBytes: evaluation }),
    diskBytes: diskOf(diskPlanOf(setup, settings)),
    secondsExpected,
  };
}

/** The same for people. @param whole whether each gated layer has a line, and not each kind of them. */
export function describeStart(start: DryRun['start'], setup: Setup, settings: RunSettings, whole = false): string {
  const { data } = setup;
  const lines = [gateTable(setup, whole), ...describeHead(setup), start.deviceReason];
  if (start.gatedParameters > 0) {
    const share = percent(start.gatedParameters / start.parameters, 2);
    const target = percent(settings.sparsity.target, 2);
    const { nonZeroParameters, bytes, atMost } = predictedModel(start, settings.granularity, settings.sparsity.target);
    lines.push(
      `Gated: ${count(start.gatedParameters)} of ${count(start.parameters)} parameters (${share}); ${target} of them will be ${settings.granularity === 'neuron' ? 'gone' : 'zero'}.`,
      `At the end about ${count(nonZeroParameters)} parameters are not zero, and the ONNX file has ${atMost ? 'at most' : 'about'} ${byteSize(bytes)}.`,
    );
  } else
    lines.push(`No gates; ${count(start.trainedParameters)} of ${count(start.parameters)} parameters are trained.`);
  if (start.trainedParameters > 0) {
    lines.push(
      `Learning rate ${small(setup.learningRate)}, dropout ${settings.dropout}, ${describeMasks(settings, setup.augments)}.`,
    );
  }
  lines.push(
    `${counted(data.ready.length, 'utterance')}, ${duration(data.audioSeconds)} of speech; ${counted(start.steps, 'step')}, ${Number(start.stepsPerEpoch.toFixed(1))} an epoch.`,
    ...describeAbsent(setup.absent),
    ...(setup.widened > 0 ? ['The 16-bit weights of the model are trained as float32.'] : []),
    ...describeTexts(data.texts, 'training texts'),
    ...describeDropped(data.dropped).map((sentence) => `${sentence}.`),
    ...(setup.features ? [setup.features.sentence] : []),
    `About ${byteSize(start.memoryBytes)} of memory${describeDisk(start)}; a first guess of the time is ${duration(start.secondsExpected)}.`,
    ...(start.evaluationMemoryBytes === undefined
      ? []
      : [`Evaluating the development set takes about ${byteSize(start.evaluationMemoryBytes)} of it.`]),
  );
  return lines.join('\n');
}

/** Over ten seconds, so that the ends of an utterance hardly count. */
function framesPerSecond({ frames, processor: { sampleRate } }: Setup): number {
  return frames(10 * sampleRate) / 10;
}

function describeHead({ newHead, processor }: Setup): string[] {
  if (!newHead) return [];
  return [
    `The CTC head is new: the model was only pretrained, and its ${counted(processor.vocabulary.size, 'symbol')} are learned from random weights.`,
  ];
}

function describeMasks({ specAugment }: RunSettings, augments: boolean): string {
  const { maskTimeProb, maskTimeLength, maskTimeMinMasks, maskFeatureProb, maskFeatureMinMasks } = specAugment;
  const least =
    maskTimeMinMasks > 0 ? ` (at least ${maskTimeMinMasks} times ${maskTimeLength} frames of an utterance)` : '';
  const masked = [
    ...(maskFeatureProb > 0
      ? [
          `${percent(maskFeatureProb, 2)} of the features${maskFeatureMinMasks > 0 ? ` (at least ${counted(maskFeatureMinMasks, 'span')})` : ''}`,
        ]
      : []),
    ...(maskTimeProb > 0 ? [`${percent(maskTimeProb, 2)} of the frames${least}`] : []),
  ];
  if (masked.length === 0) return 'no SpecAugment';
  const without = augments ? '' : ' left out, because no place for it is found in this model';
  return `SpecAugment on ${masked.join(' and ')}${without}`;
}

/** The gated layers, by kind or one by one, and the other tensors together by reason. */
export function gateTable({ rows, layers }: Pick<Setup, 'rows' | 'layers'>, whole: boolean): string {
  const others = [...groupByReason(rows)].map(([reason, { tensors, parameters }]) => [
    'not gated',
    String(tensors),
    '',
    count(parameters),
    reason,
  ]);
  return (whole ? layerTable : kindTable)(layers, others).trimEnd();
}

function groupByReason(rows: readonly LayerRow[]): Map<string, { tensors: number; parameters: number }> {
  const groups = new Map<string, { tensors: number; parameters: number }>();
  for (const { gated, reason, parameters } of rows) {
    if (gated) continue;
    const group = groups.get(reason) ?? { tensors: 0, parameters: 0 };
    groups.set(reason, { tensors: group.tensors + 1, parameters: group.parameters + parameters });
  }
  return groups;
}
