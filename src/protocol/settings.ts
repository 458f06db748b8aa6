/** The settings of a run: their schema, defaults and error messages. */

import * as v from 'valibot';
import { isPattern } from './pattern.ts';
import { runFileVersion } from './records.ts';
import type { Shape } from './schema.ts';
import { stepsBeforeTheSetting, textSetting, textStepsOf } from './textSteps.ts';

export const methods = ['self-pinching', 'ump', 'nas-cp', 'none'] as const;
/** The unit that a gate decides about: single weights, whole units and heads, or both. */
export const granularities = ['weight', 'neuron', 'neuron+weight'] as const;
export const deviceChoices = ['auto', 'cpu', 'webgpu', 'cuda'] as const;
export const featureForms = ['auto', 'float16', 'float32', 'recompute'] as const;
export const optimizerStates = ['newest', 'all'] as const;
export const schedules = ['constant', 'linear', 'cosine', 'tri-stage'] as const;

/** A value with its condition, in the words of the error message. */
type Leaf = v.GenericSchema<unknown, unknown>;

const number = (least: number, most: number, unit = '') => {
  const wanted = `must be a number from ${least} to ${most}${unit}`;
  return v.pipe(v.number(wanted), v.finite(wanted), v.minValue(least, wanted), v.maxValue(most, wanted));
};

const positive = (most: number) => {
  const wanted = `must be a number above 0, at most ${most}`;
  return v.pipe(v.number(wanted), v.finite(wanted), v.gtValue(0, wanted), v.maxValue(most, wanted));
};

const whole = (least: number, most: number) => {
  const wanted = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(wanted), v.integer(wanted), v.minValue(least, wanted), v.maxValue(most, wanted));
};

const choice = <const T extends readonly string[]>(values: T) =>
  v.picklist(values, `must be ${values.map((value) => `"${value}"`).join(' or ')}`);

const yesOrNo = v.boolean('must be true or false');
const share = number(0, 1);
const path = v.pipe(v.string('must be a path'), v.minLength(1, 'must be a path'));

/** A part of a layer's name between dots, or a regular expression behind `re:`. */
const pattern = v.pipe(
  v.string('must be names or "re:" and a regular expression'),
  v.check(isPattern, 'must be names or "re:" and a valid regular expression'),
);
const patterns = v.array(pattern, 'must be a list of names');

const beta = v.pipe(
  v.number('must be a number from 0 to below 1'),
  v.minValue(0, 'must be a number from 0 to below 1'),
  v.ltValue(1, 'must be a number from 0 to below 1'),
);

const keptShare = v.pipe(
  v.number('must be a number above 0, at most 1'),
  v.gtValue(0, 'must be a number above 0, at most 1'),
  v.maxValue(1, 'must be a number above 0, at most 1'),
);

const group = <T extends Record<string, Leaf>>(entries: T) => v.strictObject(entries, 'must be an object');

/** What a model may cost, from `--target-size` and `--target-latency`. `sparsity.target` and `granularity` follow from it before the run. */
export const budget = group({
  /** After gzip; null for any size. */
  bytes: v.nullable(positive(1e15)),
  /** Of an utterance of 10 s, divided by the dense model's; null for any. */
  latency: v.nullable(positive(1000)),
  /** Whether this is the cost with 8-bit weights, after `pinch export --int8`. */
  int8: yesOrNo,
});

export const runSettings = group({
  model: path,
  train: path,
  /** Without it, nothing is evaluated during the run. */
  dev: v.nullable(path),
  /** What is done to the texts of both before they are spelled. In the settings of a run it is a list without "auto". */
  text: textSetting,
  method: choice(methods),
  granularity: choice(granularities),
  device: choice(deviceChoices),
  seed: whole(0, 2 ** 53 - 1),
  epochs: whole(1, 1_000_000),
  /** If set, the length of the run. `epochs` is then ignored. */
  steps: v.nullable(whole(1, 1_000_000_000)),
  batch: group({
    /** Seconds of audio, including padding. */
    seconds: positive(100_000),
    /** If set, the number of utterances in a batch. `seconds` is then ignored. */
    utterances: v.nullable(whole(1, 100_000)),
    shuffle: yesOrNo,
    /** Batches per update. */
    accumulate: whole(1, 10_000),
    minSeconds: number(0, 3600),
    maxSeconds: positive(3600),
  }),
  optimizer: group({
    /** Null chooses it by the model's width (src/train/learningRate.ts). */
    learningRate: v.nullable(positive(1000)),
    schedule: choice(schedules),
    /** Fraction of the run over which the learning rate rises from 0. */
    warmup: share,
    betas: v.strictTuple([beta, beta], 'must be a list of two numbers'),
    epsilon: positive(1),
    weightDecay: number(0, 1000),
    /** Maximum global norm of the weights' gradients. */
    clipNorm: positive(1e9),
  }),
  /** Fraction of values that dropout sets to zero during training; 0 for none. Exports have lost the dropout of the original model. */
  dropout: v.pipe(share, v.ltValue(1, 'must be a number from 0 to below 1')),
  /** Spans of frames and of features hidden from the transformer during training, with the names in transformers. */
  specAugment: group({
    /** Fraction of an utterance's frames, overlaps counted twice; 0 for no spans. */
    maskTimeProb: share,
    /** Frames of a span. */
    maskTimeLength: whole(1, 10_000),
    /** Minimum number of spans in an utterance, if it is long enough. */
    maskTimeMinMasks: whole(0, 10_000),
    /** Fraction of the features that the transformer reads, overlaps counted twice; 0 for no spans. */
    maskFeatureProb: share,
    /** Features of a span; null for a twelfth of them. */
    maskFeatureLength: v.nullable(whole(1, 10_000)),
    /** Minimum number of spans. */
    maskFeatureMinMasks: whole(0, 10_000),
  }),
  gates: group({
    /** Layers to gate; empty for the matrices of the transformer blocks. */
    include: patterns,
    /** Layers that are never gated. */
    ignore: patterns,
    /** Whether channels between convolutions of the feature encoder are groups, too; it must be trained, so without its pattern in `freeze`. */
    encoderChannels: yesOrNo,
    /** In units of a layer's mean square weight. */
    tau: positive(1000),
    /** First threshold, in units of a layer's root-mean-square weight; for units and heads see prune/groupGates.ts. */
    start: positive(1000),
    learningRate: number(0, 1000),
  }),
  sparsity: group({
    /** Fraction of the gated weights to prune. */
    target: v.pipe(share, v.ltValue(1, 'must be a number from 0 to below 1')),
    /** Fraction of the run over which the target rises from 0. */
    warmup: share,
    /** Fraction of the run after which the masks are frozen and only the surviving weights train; with 1 they never are. */
    freeze: share,
    /** Linear coefficient of the gap in the loss, at the start. */
    multiplier: number(-1e9, 1e9),
    multiplierLearningRate: number(0, 1e9),
    quadratic: number(0, 1e9),
  }),
  /** A record to compare the result with; it changes nothing in training. */
  budget,
  /** With granularity "neuron" or "neuron+weight": when dead units and heads are removed from the model in training. */
  shrink: group({
    /** Fraction of the remaining gated weights that must be in such groups; with 1 they stay until the end of the run. */
    share,
    /** Fraction of the run for which they must have been dead. */
    after: share,
  }),
  /** Only for method "nas-cp". */
  search: group({
    /** Fraction of the run that searches; the rest fine-tunes the result. */
    share: v.pipe(share, v.ltValue(1, 'must be a number from 0 to below 1')),
    /** Fractions of a layer's channels, its output features, that the search can choose. */
    candidates: v.pipe(
      v.array(keptShare, 'must be a list of shares'),
      v.minLength(2, 'must have two shares or more'),
      v.maxLength(1000, 'must have 1000 shares at most'),
    ),
    /** The Gumbel-softmax's temperature at the start and the end of the search. */
    temperature: v.strictTuple([positive(1000), positive(1000)], 'must be a list of two numbers'),
    /** The learning rate of the search's own parameters. */
    learningRate: number(0, 1000),
  }),
  /** Parameters that are not trained. */
  freeze: patterns,
  /**
   * The features of a frozen encoder: computed once for each utterance, alone and without padding, and kept on the disk in 16 or 32 bits; or
   * computed again in each batch. "auto" keeps 16 bits if the run is longer than one epoch.
   */
  features: choice(featureForms),
  /** Maximum gigabytes of kept features on the disk, including those of other models. */
  featuresGigabytes: number(0, 1e6),
  checkpoint: group({
    everySteps: whole(1, 1_000_000_000),
    /** Number of the newest checkpoints to keep, besides the best. */
    keep: whole(1, 100_000),
    /** The checkpoints that keep weights and moments for resuming, three quarters of a checkpoint's size. */
    keepOptimizerState: choice(optimizerStates),
  }),
  /** Updates; 0 for never. */
  evaluate: group({ everyEpochs: whole(0, 1_000_000) }),
});

type DeepPartial<T> = T extends readonly unknown[] | string | number | boolean | null
  ? T
  : { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined };

export type RunSettings = Shape<typeof runSettings>;
/** Some settings, as a file or the command line gives them. */
export type SettingsInput = DeepPartial<RunSettings>;

/** The default settings; `model` and `train` have no default. */
export const defaultSettings: Omit<RunSettings, 'model' | 'train'> = {
  dev: null,
  text: 'auto',
  method: 'self-pinching',
  granularity: 'weight',
  device: 'auto',
  seed: 0,
  epochs: 10,
  steps: null,
  batch: { seconds: 30, utterances: null, shuffle: true, accumulate: 1, minSeconds: 0.1, maxSeconds: 20 },
  optimizer: {
    learningRate: null,
    schedule: 'linear',
    warmup: 0.05,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weightDecay: 0.01,
    clipNorm: 1,
  },
  dropout: 0.1,
  specAugment: {
    maskTimeProb: 0,
    maskTimeLength: 5,
    maskTimeMinMasks: 0,
    maskFeatureProb: 0.3,
    maskFeatureLength: null,
    maskFeatureMinMasks: 0,
  },
  gates: { include: [], ignore: ['re:.*lm_head'], encoderChannels: false, tau: 0.1, start: 0.1, learningRate: 2e-2 },
  sparsity: {
    target: 0.65,
    warmup: 0.2,
    freeze: 0.5,
    multiplier: 0,
    multiplierLearningRate: 0.5,
    quadratic: 10,
  },
  budget: { bytes: null, latency: null, int8: false },
  shrink: { share: 0.25, after: 0.05 },
  search: {
    share: 0.4,
    candidates: [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    temperature: [1, 0.1],
    learningRate: 0.05,
  },
  freeze: ['feature_extractor'],
  features: 'auto',
  featuresGigabytes: 20,
  checkpoint: { everySteps: 500, keep: 3, keepOptimizerState: 'newest' },
  evaluate: { everyEpochs: 1 },
};

const framesAlone = { maskTimeProb: 0.13, maskFeatureProb: 0 } as const satisfies SettingsInput['specAugment'];

/** The meaning of settings that a run.json of an earlier form lacks: they were added later, and such a run continues as it began. */
const leftOutOf: Readonly<Record<number, object>> = {
  1: {
    dropout: 0,
    specAugment: { ...framesAlone, maskTimeProb: 0 },
    features: 'recompute',
    text: stepsBeforeTheSetting,
  },
  2: { specAugment: framesAlone, text: stepsBeforeTheSetting },
  3: { specAugment: framesAlone },
};

/**
 * The defaults that differ for a model whose CTC head is new. At first it recognises nothing, and there is nothing that pruning could keep: the
 * target is reached later, and weights settle for less of the run. The choice is ours.
 */
export const newHeadSettings = { sparsity: { warmup: 0.5, freeze: 0.75 } } as const satisfies SettingsInput;

/** Invalid settings. The message is one sentence that names the key and its condition. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * The complete settings of a run: the defaults, overridden group by group by each of `layers` in turn.
 * @throws SettingsError naming the first key that is unknown, missing or out of range.
 */
export function completeSettings(...layers: readonly unknown[]): RunSettings {
  const wrong = layers.find((layer) => layer !== undefined && !isObject(layer));
  if (wrong !== undefined) throw new SettingsError(`The settings must be an object; they are ${shown(wrong)}.`);
  const merged = layers.map(withFramesAlone).reduce(merge, defaultSettings);
  const result = v.safeParse(runSettings, merged, { abortEarly: true });
  if (!result.success) throw new SettingsError(sentence(result.issues[0]));
  const settings = result.output;
  if (settings.batch.minSeconds > settings.batch.maxSeconds) {
    throw new SettingsError(
      `batch.minSeconds (${settings.batch.minSeconds}) must not be above batch.maxSeconds (${settings.batch.maxSeconds}).`,
    );
  }
  if (settings.granularity !== 'weight' && (settings.method === 'ump' || settings.method === 'nas-cp')) {
    throw new SettingsError(
      `granularity "${settings.granularity}" needs method "self-pinching"; "${settings.method}" has a granularity of its own.`,
    );
  }
  if (settings.gates.encoderChannels && settings.granularity !== 'neuron') {
    throw new SettingsError(
      'gates.encoderChannels needs granularity "neuron": only whole channels make convolutions faster.',
    );
  }
  const [least, most] = [Math.min(...settings.search.candidates), Math.max(...settings.search.candidates)];
  if (settings.method === 'nas-cp' && (settings.sparsity.target > 1 - least || settings.sparsity.target < 1 - most)) {
    throw new SettingsError(
      `sparsity.target (${settings.sparsity.target}) cannot be reached by search.candidates, which keep ${least} to ${most} of each layer.`,
    );
  }
  return { ...settings, text: textStepsOf(settings.text) };
}

/**
 * The complete settings of a run.json.
 * @throws SettingsError if its form is unknown to this version, or a setting is wrong.
 */
export function settingsOf({
  version,
  settings,
}: {
  readonly version: number;
  readonly settings: unknown;
}): RunSettings {
  if (version > runFileVersion) {
    throw new SettingsError(`A newer version of Pinch wrote this run.json (form ${version}); update Pinch to use it.`);
  }
  return completeSettings(leftOutOf[version], settings);
}

/**
 * What names SpecAugment of frames alone has that and no more, as when there was no other: a share of 0 switches SpecAugment off. Features are masked
 * by default only where nothing is said of frames.
 */
function withFramesAlone(layer: unknown): unknown {
  if (!isObject(layer)) return layer;
  const { specAugment } = layer;
  if (!isObject(specAugment) || specAugment['maskTimeProb'] === undefined) return layer;
  return { ...layer, specAugment: { maskFeatureProb: 0, ...specAugment } };
}

/** Merges objects key by key. Any other value, including a list, is replaced as a whole. A key whose value is undefined counts as absent. */
function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under;
  if (!isObject(under) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    // A key named __proto__ stays an ordinary, unknown key.
    const before = Object.hasOwn(under, key) ? under[key] : undefined;
    Object.defineProperty(merged, key, {
      value: merge(before, value),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue);
  if (key === null) return `The settings ${issue.message}; they are ${shown(issue.input)}.`;
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `There is no setting "${key}"; ${nearest(key)}`;
  }
  if (issue.received === 'undefined') return `The setting "${key}" is missing.`;
  return `The setting "${key}" ${issue.message}; it is ${shown(issue.input)}.`;
}

/** The valid settings at the level of the unknown one. */
function nearest(key: string): string {
  const parents = key.split('.').slice(0, -1);
  const known = parents.reduce<unknown>((place, name) => (isObject(place) ? place[name] : undefined), {
    model: '',
    train: '',
    ...defaultSettings,
  });
  const names = isObject(known) ? Object.keys(known) : [];
  return `${parents.length > 0 ? `"${parents.join('.')}" has` : 'there are'} ${names.join(', ')}.`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
