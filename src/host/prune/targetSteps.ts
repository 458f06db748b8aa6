/** The questions of Prune Model that need no files: granularity, target sparsity and device. */

import { QuickPickItemKind } from 'vscode';
import { latencyForm, sizeForm, type CostForm } from '../../protocol/costTarget.ts';
import { deviceChoices, granularities } from '../../protocol/settings.ts';
import { input, pick, type Option, type Picked } from '../steps/quickSteps.ts';
import type { Place, Step } from '../steps/walkSteps.ts';
import type { AskedCost, PruneChoices } from './config.ts';
import type { Draft } from './draft.ts';
import { granularityOf, granularityTexts, targetQuestion, type Granularity } from './granularity.ts';
import { asPercent, parsePercent } from './percentage.ts';

export const granularityStep: Step<Draft> = {
  name: 'granularity',
  // Other methods come from the settings and have no granularity.
  applies: (draft) => gatedMethod(draft) === 'self-pinching',
  ask: async (draft, place) => {
    const picked = await pick(place, {
      placeholder: 'What to prune?',
      options: granularities.map((granularity) => ({
        label: granularityTexts[granularity].label,
        description: granularityTexts[granularity].buys,
        value: granularity,
      })),
      isActive: (granularity) => granularity === draft.granularity,
    });
    return picked.kind === 'value' ? { kind: 'next', choices: { ...draft, granularity: picked.value } } : picked;
  },
};

interface TargetValue {
  readonly method: PruneChoices['method'];
  /** Undefined for one that is typed. */
  readonly target?: number;
  /** What is typed, if not a sparsity. */
  readonly cost?: AskedCost['kind'];
}

/** The offered fractions of the gated weights. Others can be typed. */
const targets = [0.5, 0.65, 0.75, 0.85, 0.92];

export const targetStep: Step<Draft> = {
  name: 'target',
  ask: async (draft, place) => {
    const granularity = granularityOf({ ...draft, method: gatedMethod(draft) });
    for (;;) {
      const picked = await pick(place, {
        placeholder: targetQuestion(granularity).pick,
        ...targetOptions(draft),
      });
      if (picked.kind !== 'value') return picked;
      const { method, target, cost } = picked.value;
      const next: Draft = { ...draft, method, cost: null };
      if (method === 'none') return { kind: 'next', choices: next };
      if (target !== undefined) return { kind: 'next', choices: { ...next, target } };
      const typed = cost
        ? await typeCost(cost, draft.cost?.kind === cost ? draft.cost.text : '', place)
        : await typeTarget(granularity, draft.target, place);
      if (typed.kind === 'cancel') return { kind: 'cancel' };
      if (typed.kind !== 'value') continue;
      const { value } = typed;
      if (cost) return { kind: 'next', choices: { ...next, cost: { kind: cost, text: value.trim() } } };
      return { kind: 'next', choices: { ...next, target: parsePercent(value) ?? draft.target } };
    }
  },
};

/** The method for a target. A method from the settings stays. */
function gatedMethod({ method }: Draft): PruneChoices['method'] {
  return method === 'none' ? 'self-pinching' : method;
}

function targetOptions(draft: Draft): { options: Option<TargetValue>[]; isActive: (value: TargetValue) => boolean } {
  const own = targets.includes(draft.target) ? [] : [draft.target];
  const shares = [...targets, ...own].sort((a, b) => a - b);
  const method = gatedMethod(draft);
  const options: Option<TargetValue>[] = [
    ...shares.map((target) => ({
      label: `${asPercent(target)} %`,
      description: notes[String(target)] ?? '',
      value: { method, target },
    })),
    { label: '$(edit) Other…', description: 'type a percentage', value: { method } },
    ...costOptions(draft).map((cost) => ({
      label: costs[cost].label,
      description: costs[cost].description,
      value: { method, cost },
    })),
    { label: 'without gates', kind: QuickPickItemKind.Separator },
    {
      label: '$(circle-slash) None',
      description: 'train on the speech only, to compare with',
      value: { method: 'none' },
    },
  ];
  const isActive = ({ method, target, cost }: TargetValue): boolean =>
    draft.cost
      ? cost === draft.cost.kind
      : method === draft.method && (method === 'none' || (cost === undefined && target === draft.target));
  return { options, isActive };
}

const notes: Readonly<Record<string, string>> = {
  '0.5': 'careful',
  '0.65': 'a good first choice',
  '0.92': 'expect more errors',
};

const costs: Readonly<
  Record<AskedCost['kind'], { label: string; description: string; prompt: string; form: CostForm }>
> = {
  size: {
    label: '$(file-zip) File size…',
    description: 'type how large the compressed file may be; the percentage is found by measuring the model',
    prompt: 'Size of the model after compression, or a share of its file now',
    form: sizeForm,
  },
  latency: {
    label: '$(dashboard) Latency…',
    description: 'type how long it may take; the percentage is found by measuring the model',
    prompt: 'Time for 10 s of audio, or a share of what the model takes now',
    form: latencyForm,
  },
};

/** Zeros make a file smaller, and only what is gone makes a model faster. What both together cost cannot be foretold. */
function costOptions(draft: Draft): AskedCost['kind'][] {
  if (gatedMethod(draft) !== 'self-pinching' || draft.granularity === 'neuron+weight') return [];
  return [draft.granularity === 'neuron' ? 'latency' : 'size'];
}

function typeCost(kind: AskedCost['kind'], value: string, place: Place): Promise<Picked<string>> {
  const { prompt, form } = costs[kind];
  return input(
    { ...place, canGoBack: true },
    {
      prompt: `${prompt}, ${form.examples}`,
      value,
      problemOf: (text) => (form.parse(text) === undefined ? `Type a ${kind} ${form.examples}.` : undefined),
    },
  );
}

function typeTarget(granularity: Granularity, target: number, place: Place): Promise<Picked<string>> {
  return input(
    { ...place, canGoBack: true },
    {
      prompt: targetQuestion(granularity).type,
      value: String(asPercent(target)),
      problemOf: (text) =>
        parsePercent(text) === undefined ? 'Type a number from 0 to below 100, such as 70.' : undefined,
    },
  );
}

const devices: Readonly<Record<PruneChoices['device'], string>> = {
  auto: 'the fastest that works here, found by trying each',
  cpu: 'works everywhere; the same seed gives the same model',
  webgpu: 'any graphics card, with nothing to install',
  cuda: 'NVIDIA on Linux; needs the CUDA libraries of onnxruntime',
};

export const deviceStep: Step<Draft> = {
  name: 'device',
  ask: async (draft, place) => {
    const picked = await pick(place, {
      placeholder: 'Where to train?',
      options: deviceChoices.map((device) => ({ label: device, description: devices[device], value: device })),
      isActive: (device) => device === draft.device,
    });
    return picked.kind === 'value' ? { kind: 'next', choices: { ...draft, device: picked.value } } : picked;
  },
};
