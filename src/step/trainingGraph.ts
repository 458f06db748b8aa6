/**
 * One training step as one ONNX graph: the model, its gates, CTC and the sparsity term, every gradient, clipping and AdamW. Weights and
 * moments are its inputs and, updated, its outputs.
 */

import { backward } from '../autodiff/backward.ts';
import { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { int, type Model } from '../onnx/graph/graph.ts';
import { checkModel } from '../onnx/graph/check.ts';
import { trainingOpset } from '../onnx/opset/opset.ts';
import { specialize } from '../onnx/passes/specialize.ts';
import { sizeOf, type DataType } from '../onnx/graph/tensor.ts';
import { tileDims } from '../onnx/passes/tiles.ts';
import { keepZeros, sparsityLoss } from '../prune/gates.ts';
import type { FeatureCut } from './featureCut.ts';
import { adamw, type AdamScalars, type AdamSettings } from './adamw.ts';
import { channelSearch } from './gates/channelSearch.ts';
import { ctc } from './ctc.ts';
import { dropoutEdits, type DropoutInput } from './dropout.ts';
import { graphCost, type GraphCost } from '../runtime/graphCost.ts';
import type { BatchShape } from '../speech/batches/batches.ts';
import type { ClosedGates, GatedWeight, LearnedGates } from './gates/learnedGates.ts';
import { gatedLayers, isGated, type GateMode, type TrainedParameter } from '../state/parameter.ts';
import { asLogits, inOrder, type LogitsForm } from './logitsForm.ts';
import { specAugmentEdit, type MaskedAxes, type MaskInputs } from './specAugment.ts';
import { stackName, stackParameters } from './stacks.ts';
import { stateNames } from '../state/stateNames.ts';
import { thresholdGates } from './gates/thresholdGates.ts';

/** Whether this graph updates, or only adds its gradients to those of the batches before (gradient accumulation). */
export type Accumulation = 'none' | 'add' | 'update';

export interface TrainingGraphSettings {
  readonly optimizer: AdamSettings & { readonly clipNorm: number };
  readonly tau: number;
  readonly quadratic: number;
  /** Batches per update. */
  readonly accumulate: number;
  /** Share of values that dropout sets to zero; 0 for none. */
  readonly dropout: number;
  /** What SpecAugment can mask. */
  readonly masked?: MaskedAxes | undefined;
  /** Cut large tensors into cache-sized tiles; for the CPU. */
  readonly tiles: boolean;
  /** Handle parameters of one shape as one tensor, for few launches; for devices. Not with tiles. */
  readonly stacks?: boolean | undefined;
}

export interface TrainingGraphOptions {
  readonly model: Model;
  readonly parameters: readonly TrainedParameter[];
  readonly shape: BatchShape;
  /** What masked frames become; see `specAugmentEdit`. */
  readonly maskedSpecEmbed?: Float32Array<ArrayBuffer> | undefined;
  readonly audioInput: string;
  /** The model's `attention_mask` input, if it has one. */
  readonly maskInput?: { readonly name: string; readonly type: DataType } | undefined;
  /** If set, the graph takes this value of the model instead of audio. */
  readonly features?: Pick<FeatureCut, 'name'> | undefined;
  /** The model's output, or the value before its softmax. */
  readonly logitsOutput: string;
  /** What makes it logits as [batch, frames, symbols], where it is not that already. */
  readonly logitsForm?: LogitsForm | undefined;
  readonly blank: number;
  readonly gates: GateMode;
  /** If set, gates that learn choose among so many numbers of channels for each layer; if not, they learn thresholds. */
  readonly candidates?: number | undefined;
  /** How many gated weights were removed from the model since it was whole; none if it is not said. */
  readonly removed?: number | undefined;
  readonly accumulation: Accumulation;
  readonly settings: TrainingGraphSettings;
}

/** A tensor that lives from step to step: fed under `inputs`, replaced by `output`. The names differ in shape only, the data is one. */
export interface StateSlot {
  readonly state: string;
  /** The state tensors that it holds one after the other; one of its own name, or those of a stack. */
  readonly members: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly dims: readonly number[] }[];
  readonly output?: { readonly name: string; readonly dims: readonly number[] };
}

export interface TrainingGraph {
  readonly model: Model;
  readonly slots: readonly StateSlot[];
  /** Outputs that are small and come back every step. */
  readonly reports: readonly { readonly name: string; readonly dims: readonly number[] }[];
  /** Inputs for the masks of dropout. */
  readonly dropout: readonly DropoutInput[];
  /** Undefined without SpecAugment, or if the model has no place for it. */
  readonly masks: MaskInputs | undefined;
  /** The input that takes features, if audio is not what it takes. */
  readonly features: { readonly name: string; readonly dims: readonly number[] } | undefined;
  readonly frames: number;
  readonly cost: GraphCost;
}

export function buildTrainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const apart = new Set<string>();
  for (;;) {
    const built = new TrainingGraphBuilder(options, apart).build();
    if ('slots' in built) return built;
    for (const initializer of built.withoutGradient) apart.add(initializer);
  }
}

class TrainingGraphBuilder {
  private readonly b = new Builder();
  private readonly slots: StateSlot[] = [];
  private readonly reports: { name: string; dims: readonly number[] }[] = [];
  private readonly dropout: DropoutInput[] = [];
  private masks: MaskInputs | undefined;
  private features: Value | undefined;
  /** State of the gates. */
  private readonly read: Value[] = [];
  private readonly options: TrainingGraphOptions;
  private readonly apart: ReadonlySet<string>;
  private readonly gateCount: number;
  private readonly learning: boolean;
  private weights: readonly Weight[] = [];

  /** @param apart initializers that must not be stacked */
  constructor(options: TrainingGraphOptions, apart: ReadonlySet<string>) {
    this.options = options;
    this.apart = apart;
    this.gateCount = gatedLayers(options.parameters);
    this.learning = options.gates === 'learning' && this.gateCount > 0;
  }

  /** @returns the graph; or the members of stacks that have no gradient, which the others cannot be updated with. */
  build(): TrainingGraph | { readonly withoutGradient: readonly string[] } {
    const { b, options } = this;
    const updates = options.accumulation !== 'add';

    // 1. The weights the model computes with: gated ones through their gates.
    const { parameters: all, candidates, settings } = options;
    const stacks = settings.stacks
      ? stackParameters(all, this.apart, candidates === undefined)
      : all.map((one) => [one]);
    const weights = stacks.map((stack) => this.weight(stack));
    this.weights = weights;
    const gates = this.learnedGates();
    const closed = gates?.close(weights.flatMap(({ gated }) => gated ?? []));
    for (const weight of weights) {
      weight.used = weight.parameters.map(
        ({ initializer }, i) => closed?.used.get(initializer) ?? this.member(weight, i),
      );
    }

    // 2. The model, forward.
    const { rows, samples, labels } = options.shape;
    const dims = [rows, samples];
    // Behind features nothing but the audio's shape is read, and that is known here.
    const audio: Value = options.features
      ? { name: options.audioInput, type: 'float32', dims }
      : b.input(options.audioInput, 'float32', dims);
    const inputs: Record<string, Value> = { [options.audioInput]: audio };
    if (options.maskInput !== undefined) {
      const { name, type } = options.maskInput;
      inputs[name] = b.input(name, type, [rows, samples]);
    }
    const uses = weights.flatMap(({ parameters, used }) =>
      parameters.flatMap((parameter, i) => (used[i] ? [[parameter, used[i]] as const] : [])),
    );
    const parameters = new Map(uses.map(([{ initializer }, used]) => [initializer, used]));
    const left = new Map(uses.map(([{ left }, used]) => [used, left]));
    const outputs = specialize(options.model, b, {
      inputs,
      parameters,
      outputs: [options.logitsOutput],
      given: options.features && new Map([[options.features.name, (made) => this.takeFeatures(made)]]),
      edit: (written, [logits]) =>
        new Map([
          ...(settings.dropout > 0 ? dropoutEdits(written, left, this.dropout) : []),
          ...(settings.masked && logits
            ? specAugmentEdit(
                written,
                inOrder(logits.dims, options.logitsForm),
                settings.masked,
                (inputs) => (this.masks = inputs),
                options.maskedSpecEmbed,
              )
            : []),
        ]),
    });
    const given = outputs.get(options.logitsOutput);
    if (!given) throw new Error(`the model has no output "${options.logitsOutput}"`);
    const logits = asLogits(b, given, options.logitsForm);

    // 3. The loss: CTC and, while gates learn, the sparsity term.
    const loss = ctc(b, {
      logits,
      labels: b.input('labels', 'int64', [rows, labels]),
      labelLengths: b.input('label_lengths', 'int64', [rows]),
      frameLengths: b.input('frame_lengths', 'int64', [rows]),
      weights: b.input('utterance_weights', 'float32', [rows]),
      blank: options.blank,
    });
    this.report('ctc_loss', loss.loss);
    this.report('blank_share', this.blankShare(logits));

    // 4. Gradients of CTC for the weights as the model used them.
    const trained = weights.filter(({ parameters }) => parameters[0]?.trained);
    const gradients = backward(
      b,
      new Map([[logits, loss.gradient]]),
      trained.flatMap((weight) => weight.used),
    );
    const withoutGradient = trained.flatMap(({ parameters, used }) =>
      parameters.length === 1 ? [] : parameters.filter((_, i) => used[i] && !gradients.has(used[i])),
    );
    if (withoutGradient.length > 0) return { withoutGradient: withoutGradient.map(({ initializer }) => initializer) };
    const made = new Map(b.nodes.flatMap((node, i) => node.outputs.map((name) => [name, i] as const)));
    const order = ({ used }: Weight): number =>
      Math.max(...used.map((value) => made.get(gradients.get(value)?.name ?? '') ?? 0));
    const incoming = trained
      .toSorted((x, y) => order(x) - order(y))
      .flatMap((weight) => {
        const found = weight.used.flatMap((value) => gradients.get(value) ?? []);
        const gradient = this.stacked(found);
        return gradient ? [{ weight, gradient: this.accumulated(weight, gradient, updates) }] : [];
      });
    if (!updates) return this.finish(logits);

    // 5. Through the gates to the weights themselves, and the squares for the global norm.
    const sparsity = closed && this.sparsity(closed, weights);
    if (sparsity) {
      const all = incoming.map(({ weight, gradient }) => [weight.initializer, gradient] as const);
      gates?.gather?.(new Map(all), sparsity.pressure);
    }
    const squares: Value[] = [];
    const updatesOf = incoming.map(({ weight, gradient }) => {
      const { gated } = weight;
      if (gated) {
        const found =
          gates && sparsity
            ? gates.through(gated, gradient, sparsity.pressure)
            : keepZeros(b, weight.flat, gradient, gated.initializer);
        squares.push(found.squares);
        return { weight, gradient: found.weight };
      }
      squares.push(b.op('ReduceSumSquare', [gradient], { keepdims: int(0) }));
      return { weight, gradient };
    });

    // 6. Clipping by the global norm over the weights (as torch's clip_grad_norm_), then the updates. Every update depends on the
    // norm and so on every gradient, which is what makes it safe to update weights in place.
    const norm = b.scope('clip', () => b.op('Sqrt', [this.sum(squares)]));
    this.report('gradient_norm', norm);
    const { clipNorm, betas } = options.settings.optimizer;
    const clip = b.scope('clip', () =>
      b.op('Min', [b.op('Div', [b.scalar(clipNorm), b.op('Add', [norm, b.scalar(1e-6)])]), b.scalar(1)]),
    );
    const scalars = this.adamScalars('weights');
    for (const { weight, gradient } of updatesOf) this.update(weight, gradient, betas, scalars, clip);
    gates?.update();
    return this.finish(logits);
  }

  /**
   * The graph inputs for a parameter: in the model's shape, and in tiles for element-wise work where that pays. Or the one for a stack of
   * them, [parameters, ...dims].
   */
  private weight(parameters: readonly TrainedParameter[]): Weight {
    const { b } = this;
    const [parameter] = parameters;
    if (!parameter) throw new Error('unreachable');
    const { initializer, dims, gate, groups = [], channelAxis = 0 } = parameter;
    const state = stackName(parameters.map((one) => stateNames.weight(one.initializer)));
    const tiles = this.options.settings.tiles && parameter.trained ? tileDims(sizeOf(dims)) : undefined;
    const stack = parameters.flatMap((one) =>
      parameters.length > 1 && one.gate !== undefined ? [{ initializer: one.initializer, gate: one.gate }] : [],
    );
    const inputs: Value[] = [];
    const input = (name: string, dims: readonly number[]): Value => {
      const value = b.input(name, 'float32', dims);
      inputs.push(value);
      return value;
    };
    // A weight whose gate works on tiles reaches the model through it alone, so its tiles are all that is fed.
    const alone = gate !== undefined && groups.length === 0 && this.options.candidates === undefined;
    const tilesOnly = tiles && this.learning && alone;
    const whole = tilesOnly ? undefined : input(state, parameters.length > 1 ? [parameters.length, ...dims] : dims);
    const flat = tiles ? input(`${state}#tiles`, tiles) : whole;
    if (!flat) throw new Error('unreachable');
    // Biases live and die with their groups, but take no part in deciding.
    const gated = isGated(parameter)
      ? {
          ...{ initializer, gate, groups, dims, channelAxis, flat, whole: whole ?? flat },
          stack: stack.length > 0 ? stack : undefined,
        }
      : undefined;
    return { parameters, initializer, inputs, flat, whole: whole ?? flat, used: [], gated };
  }

  /** What the model reads of a weight without a gate: it, or one of a stack. */
  private member({ parameters, whole }: Weight, index: number): Value {
    return parameters.length === 1 ? whole : this.b.op('Gather', [whole, this.b.int(index)], { axis: int(0) });
  }

  /** Gradients of a stack's parameters as one tensor. */
  private stacked(gradients: readonly Value[]): Value | undefined {
    const { b } = this;
    if (gradients.length <= 1) return gradients[0];
    const rows = gradients.map((gradient) => b.op('Reshape', [gradient, b.ints([1, ...gradient.dims])]));
    return b.op('Concat', rows, { axis: int(0) });
  }

  private learnedGates(): LearnedGates | undefined {
    if (!this.learning) return undefined;
    const { b, options } = this;
    const context = {
      b,
      layers: this.gateCount,
      tau: options.settings.tau,
      optimizer: options.settings.optimizer,
      state: (name: string, dims: readonly number[]) => {
        const value = b.input(name, 'float32', dims);
        this.read.push(value);
        return value;
      },
      carry: (input: Value, next: Value) => this.carry(input.name, [input], next),
      adamScalars: (group: string) => this.adamScalars(group),
    };
    return options.candidates === undefined ? thresholdGates(context) : channelSearch(context, options.candidates);
  }

  private sparsity({ kept, layers }: ClosedGates, weights: readonly Weight[]): { pressure: Value } {
    const { b } = this;
    const gated = weights.flatMap(({ parameters }) => parameters.filter(isGated));
    const sizes = gated.map(({ dims }) => sizeOf(dims));
    const total = sizes.reduce((sum, size) => sum + size, this.options.removed ?? 0);
    const scalar = (name: string): Value => b.input(name, 'float32', []);
    const found = sparsityLoss(b, kept, total, {
      target: scalar('sparsity_target'),
      multiplier: scalar('sparsity_multiplier'),
      quadratic: this.options.settings.quadratic,
    });
    this.report('sparsity', found.sparsity);
    this.report('sparsity_loss', found.loss);
    this.report('kept', layers);
    return found;
  }

  /** The gradient summed with those of earlier batches of the same update, in the shape that element-wise work wants. */
  private accumulated(weight: Weight, gradient: Value, updates: boolean): Value {
    const { b } = this;
    const flat = b.op('Reshape', [gradient, b.ints(weight.flat.dims)]);
    if (this.options.accumulation === 'none') return flat;
    const share = b.op('Mul', [flat, b.scalar(1 / this.options.settings.accumulate)]);
    const { state, members } = stateOf(weight, stateNames.gradient);
    const before = b.input(state, 'float32', weight.flat.dims);
    const sum = b.op('Add', [before, share]);
    // After an update the sum starts again from zero: computed from `sum`, so that it is not written before it was read.
    this.carry(state, [before], updates ? b.op('Mul', [sum, b.scalar(0)]) : sum, members);
    return sum;
  }

  private update(
    weight: Weight,
    gradient: Value,
    betas: readonly [number, number],
    scalars: AdamScalars,
    clip: Value,
  ): void {
    const { b } = this;
    const names = {
      weight: stateOf(weight, stateNames.weight),
      mean: stateOf(weight, stateNames.mean),
      square: stateOf(weight, stateNames.square),
    };
    const mean = b.input(names.mean.state, 'float32', weight.flat.dims);
    const square = b.input(names.square.state, 'float32', weight.flat.dims);
    const state = { weight: weight.flat, mean, square };
    const next = adamw(b, state, gradient, betas, scalars, clip, weight.initializer);

    this.carry(names.weight.state, weight.inputs, next.weight, names.weight.members);
    this.carry(names.mean.state, [mean], next.mean, names.mean.members);
    this.carry(names.square.state, [square], next.square, names.square.members);
  }

  private adamScalars(group: string): AdamScalars {
    const scalar = (name: string): Value => this.b.input(`${group}_${name}`, 'float32', []);
    return { decay: scalar('decay'), rate: scalar('rate'), epsilon: scalar('epsilon') };
  }

  /** Share of frames, padding included, whose likeliest symbol is the blank. Runs where CTC does, which has the logits there. */
  private blankShare(logits: Value): Value {
    const { b } = this;
    return b.scope('ctc', () => {
      const best = b.op('ArgMax', [logits], { axis: int(-1), keepdims: int(0) });
      const blank = b.op('Cast', [b.op('Equal', [best, b.int(this.options.blank)])], { to: int(1) });
      return b.op('ReduceMean', [blank], { keepdims: int(0) });
    });
  }

  /**
   * The sum, as a chain in the order given. onnxruntime walks a graph depth first from its outputs, so this chain decides when each
   * gradient is computed: in backward's own order, as soon as possible, which lets go of activations early.
   */
  private sum(scalars: readonly Value[]): Value {
    return scalars.reduce((left, right) => this.b.op('Add', [left, right]));
  }

  private takeFeatures({ name, type, dims }: Value): Value {
    this.features = this.b.input(name, type, dims);
    return this.features;
  }

  private report(name: string, value: Value): void {
    this.b.output(value, name);
    this.reports.push({ name, dims: value.dims });
  }

  private carry(state: string, inputs: readonly Value[], next: Value, members: readonly string[] = [state]): void {
    const output = this.b.output(next);
    this.slots.push({
      state,
      members,
      inputs: inputs.map(({ name, dims }) => ({ name, dims })),
      output: { name: output.name, dims: output.dims },
    });
  }

  private finish(logits: Value): TrainingGraph {
    const carried = new Set(this.slots.map((slot) => slot.state));
    const known = new Set(this.b.graphInputs.map((value) => value.name));
    for (const weight of this.weights) {
      const { state, members } = stateOf(weight, stateNames.weight);
      if (carried.has(state)) continue;
      const inputs = weight.inputs.filter(({ name }) => known.has(name));
      this.slots.push({ state, members, inputs: inputs.map(({ name, dims }) => ({ name, dims })) });
    }
    for (const { name, dims } of this.read) {
      if (!carried.has(name)) this.slots.push({ state: name, members: [name], inputs: [{ name, dims }] });
    }
    const model: Model = { graph: this.b.graph('training_step'), opsets: new Map([['', trainingOpset]]) };
    const problems = checkModel(model);
    if (problems.length > 0) throw new Error(`the training graph is not sound: ${problems.join(' ')}`);
    return {
      model,
      slots: this.slots,
      reports: this.reports,
      dropout: this.dropout,
      masks: this.masks,
      features: this.features,
      frames: logits.dims[1] ?? 0,
      cost: graphCost(this.b),
    };
  }
}

/** A parameter, or a stack of several. */
interface Weight {
  readonly parameters: readonly TrainedParameter[];
  /** A stack's first. */
  readonly initializer: string;
  readonly inputs: readonly Value[];
  /** For element-wise work. */
  readonly flat: Value;
  /** In the model's shape, or [parameters, ...dims]. */
  readonly whole: Value;
  /** What the model computes with, by parameter. */
  used: readonly Value[];
  readonly gated: GatedWeight | undefined;
}

/** The tensor of the state for a weight, and those that it holds. */
function stateOf(
  { parameters }: Weight,
  nameOf: (initializer: string) => string,
): Pick<StateSlot, 'state' | 'members'> {
  const members = parameters.map(({ initializer }) => nameOf(initializer));
  return { state: stackName(members), members };
}
