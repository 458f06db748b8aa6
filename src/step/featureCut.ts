/** Finds the value of a model behind which training begins: whatever computes it depends on the audio and on frozen weights alone. */

import { Builder } from '../onnx/graph/builder.ts';
import type { Model, Node } from '../onnx/graph/graph.ts';
import { specialize } from '../onnx/passes/specialize.ts';
import { namesWithin } from '../onnx/graph/subgraphs.ts';
import type { DataType } from '../onnx/graph/tensor.ts';
import type { Value } from '../onnx/graph/value.ts';
import { dropoutEdits, type DropoutInput } from './dropout.ts';
import { inOrder, type LogitsForm } from './logitsForm.ts';
import type { TrainedParameter } from '../state/parameter.ts';
import { specAugmentEdit } from './specAugment.ts';

/** A value [batch, frames, channels] or [batch, channels, frames] that need not be computed twice for the same audio. */
export interface FeatureCut {
  /** The name of the value in the model. */
  readonly name: string;
  /** Which axis counts frames: 1 or 2. */
  readonly axis: 1 | 2;
  readonly channels: number;
  /** Elements of the value for a second of audio, about. */
  readonly perSample: number;
}

export interface CutOptions {
  readonly model: Model;
  readonly parameters: readonly Pick<TrainedParameter, 'initializer' | 'dims' | 'trained'>[];
  readonly audioInput: string;
  readonly maskInput?: { readonly name: string; readonly type: DataType } | undefined;
  readonly logitsOutput: string;
  readonly logitsForm?: LogitsForm | undefined;
  readonly sampleRate: number;
  /** Whether the training graph drops values, and masks spans. What it does that to has to stay in it. */
  readonly dropout: boolean;
  readonly specAugment: boolean;
}

/**
 * The last such value that all paths from the audio to the logits go through. Paths on which only shapes are read do not count: in a
 * training graph shapes are constants.
 * @returns undefined if there is none with a weight in front of it, as when everything is trained.
 */
export function findFeatureCut(options: CutOptions): FeatureCut | undefined {
  const { graph } = options.model;
  const frozen = onlyAudio(options);
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const candidates = graph.nodes
    .flatMap(({ outputs }) => outputs)
    .filter((name) => frozen.has(name))
    .toReversed();
  const whole = editsOf(options, undefined);
  for (const name of candidates) {
    if (readsAudio(makers, options, name)) continue;
    if (!readsWeights(makers, options, name)) return undefined;
    const cut = shapeOf(options, name);
    if (cut && cut.perSample <= mostPerSample && editsOf(options, name) === whole) return cut;
  }
  return undefined;
}

/** More numbers would take longer to read than to compute: in front of the last convolutions a model has a hundred for each sample. */
const mostPerSample = 8;

/** Operators that look at nothing but the shape of what they read. */
const ofShapes: ReadonlySet<string> = new Set(['Shape', 'Size']);

export const readsShapesOnly = ({ opType, domain }: Node): boolean => domain === '' && ofShapes.has(opType);

/** Values whose elements depend on the audio, and on nothing else that can change. */
function onlyAudio({ model, parameters, audioInput }: CutOptions): ReadonlySet<string> {
  const { nodes, inputs, initializers } = model.graph;
  const changing = new Set(parameters.flatMap(({ initializer, trained }) => (trained ? [initializer] : [])));
  for (const { name } of inputs) if (name !== audioInput && !initializers.has(name)) changing.add(name);
  const audio = new Set([audioInput]);
  for (const node of nodes) {
    if (readsShapesOnly(node)) continue;
    const reads = [...node.inputs, ...namesWithin(node)];
    const kind = reads.some((name) => changing.has(name))
      ? changing
      : reads.some((name) => audio.has(name))
        ? audio
        : undefined;
    for (const name of node.outputs) if (name !== '') kind?.add(name);
  }
  return audio;
}

type Makers = ReadonlyMap<string, Node>;

/** Whether the logits depend on the audio's samples by a way around the value. */
function readsAudio(makers: Makers, { audioInput, logitsOutput }: CutOptions, around: string): boolean {
  return sourcesOf(makers, logitsOutput, around).has(audioInput);
}

/** Whether a frozen weight is read to compute the value. */
function readsWeights(makers: Makers, { parameters }: CutOptions, name: string): boolean {
  const sources = sourcesOf(makers, name);
  return parameters.some(({ initializer }) => sources.has(initializer));
}

/** All names that a value's elements depend on, but by way of `around`. */
function sourcesOf(makers: Makers, value: string, around?: string): Set<string> {
  const seen = new Set(around === undefined ? [] : [around]);
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const maker = makers.get(name);
    if (maker && !readsShapesOnly(maker)) open.push(...maker.inputs, ...namesWithin(maker));
  }
  return seen;
}

/** The value's form, from its shapes for two lengths of audio; undefined if it is no row of vectors for each utterance. */
function shapeOf(options: CutOptions, name: string): FeatureCut | undefined {
  const batch = 3;
  const lengths = [2 * options.sampleRate, 5 * options.sampleRate] as const;
  const [short, long] = lengths.map((samples) => {
    const { made } = writeAt(options, batch, samples, name);
    return made?.type === 'float32' ? made.dims : [];
  });
  if (short?.length !== 3 || long?.length !== 3 || short[0] !== batch || long[0] !== batch) return undefined;
  const grows = ([1, 2] as const).filter((axis) => short[axis] !== long[axis]);
  const [axis] = grows;
  if (axis === undefined || grows.length > 1) return undefined;
  const channels = long[3 - axis] ?? 0;
  const frames = (long[axis] ?? 0) - (short[axis] ?? 0);
  return frames > 0 ? { name, axis, channels, perSample: (channels * frames) / (lengths[1] - lengths[0]) } : undefined;
}

/** Whether the model has a place for SpecAugment's masks (specAugment.ts). */
export function canAugment(options: CutOptions): boolean {
  return writeAt({ ...options, specAugment: true }, 2, 2 * options.sampleRate, undefined).masked > 0;
}

/** How much of dropout and SpecAugment a training graph has that begins at the value, or at the audio. */
function editsOf(options: CutOptions, name: string | undefined): string {
  const { dropped, masked } = writeAt(options, 2, 2 * options.sampleRate, name);
  return `${dropped} ${masked}`;
}

function writeAt(
  { model, parameters, audioInput, maskInput, logitsOutput, logitsForm, dropout, specAugment }: CutOptions,
  batch: number,
  samples: number,
  name: string | undefined,
): { readonly made: Value | undefined; readonly dropped: number; readonly masked: number } {
  const b = new Builder();
  const inputs = { [audioInput]: b.input(audioInput, 'float32', [batch, samples]) };
  if (maskInput) inputs[maskInput.name] = b.input(maskInput.name, maskInput.type, [batch, samples]);
  const values = new Map(
    parameters.map(
      ({ initializer, dims }) => [initializer, b.input(`weight/${initializer}`, 'float32', dims)] as const,
    ),
  );
  const masks: DropoutInput[] = [];
  let [made, masked]: [Value | undefined, number] = [undefined, 0];
  const give = (value: Value): Value => {
    made = value;
    return b.input(`given/${value.name}`, value.type, value.dims);
  };
  specialize(model, b, {
    inputs,
    parameters: values,
    outputs: [logitsOutput],
    given: name === undefined ? undefined : new Map([[name, give]]),
    edit: (written, [logits]) =>
      new Map([
        ...(dropout
          ? dropoutEdits(written, new Map([...values.values()].map((value) => [value, undefined])), masks)
          : []),
        ...(specAugment && logits
          ? specAugmentEdit(written, inOrder(logits.dims, logitsForm), { time: true, features: true }, () => masked++)
          : []),
      ]),
  });
  return { made, dropped: masks.length, masked };
}
