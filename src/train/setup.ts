/** Gets everything ready for a run: the model and what of it is gated, the data, the device. */

import { dequantizeModel } from '../onnx/dequantize.ts';
import { checkLengths } from '../onnx/lengths.ts';
import { loadModel, type ModelFile } from '../onnx/load.ts';
import { exposeParameters } from '../onnx/parameters.ts';
import { sizeOf, type Tensor } from '../onnx/tensor.ts';
import { widenModel } from '../onnx/widen.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { isMatrix } from '../prune/chooseGates.ts';
import { AudioLoader } from '../speech/audioLoader.ts';
import { readProcessor, type Processor } from '../speech/processor.ts';
import { TrainingData } from './data.ts';
import { chooseDevice, type ChosenDevice } from './device.ts';
import { frameCounter } from './frames.ts';
import type { GraphCost } from './graph/graphCost.ts';
import type { GateMode, Parameter } from './graph/parameter.ts';
import { buildTrainingGraph, type BatchShape } from './graph/trainingGraph.ts';
import { initialWeights } from './initialState.ts';
import { chooseLayers, type GatedLayer, type LayerChoices } from './layerChoice.ts';
import { heldLayers, layoutOf, nothingRemoved, type Layout, type WholeModel } from './layout.ts';
import { learningRateFor } from './learningRate.ts';
import { chooseMethod } from './methods/choose.ts';
import type { Method } from './methods/method.ts';
import { findPorts } from './ports.ts';
import type { State } from './pruned.ts';
import { Trainable } from './trainable.ts';

/** A parameter of the model and what becomes of it. */
export interface LayerRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly matrix: boolean;
  readonly gated: boolean;
  readonly trained: boolean;
  readonly reason: string;
}

/** A trainable, and the model that its state belongs to. */
export interface Opened {
  readonly trainable: Trainable;
  readonly layout: Layout;
}

export interface Setup {
  /** As it is before training. */
  readonly model: ModelFile;
  readonly method: Method;
  readonly parameters: readonly Parameter[];
  readonly rows: readonly LayerRow[];
  readonly layers: readonly GatedLayer[];
  readonly processor: Processor;
  readonly data: TrainingData;
  readonly loader: AudioLoader;
  readonly device: ChosenDevice;
  /** The largest of the run. */
  readonly learningRate: number;
  /** Updates in all. */
  readonly steps: number;
  readonly largestBatch: BatchShape;
  /** A trainable in the state of a checkpoint; without one, as the method begins. */
  readonly open: (gates: GateMode, state?: State) => Opened;
  /** Of layers that are to lose all groups, by their gates, those that the model cannot do without. */
  readonly held: (emptied: readonly number[]) => ReadonlySet<number>;
  /** What a step takes on the largest batch, reckoned without running it. @throws Error naming every operator without a gradient. */
  readonly cost: () => GraphCost;
}

/**
 * @throws Error in one sentence that names what is wrong: no model, no CTC model, no tokenizer, no usable data, a device that does not
 *   work, nothing to gate.
 */
export async function prepareRun(settings: RunSettings): Promise<Setup> {
  // Trying devices takes processes of their own, which may as well start while the model is read.
  const device = chooseDevice(settings.device);
  device.catch(() => undefined);
  const exposed = exposeParameters(await loadFloatModel(settings.model));
  const { file: model } = exposed;
  const processor = await readProcessor(model.folder);
  const ports = findPorts(model.model.graph, model.path, processor.vocabulary.size);
  const { audio, mask, logits } = ports;
  checkLengths(model.model, model.path, { audio: audio.name, mask, logits: logits.name }, processor.sampleRate);
  const { parameters, rows, layers, grouped, matrices } = chooseParameters(exposed, settings);
  const whole: WholeModel = { model, parameters, removed: nothingRemoved, grouped, matrices };
  const frames = frameCounter(model.model, ports, processor);
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  try {
    const data = await TrainingData.open(settings, processor, frames, loader);
    const chosen = await device;
    const [largest] = data.plan.shapes;
    if (!largest) throw new Error(`${settings.train}: there are no batches to train on.`);
    const largestBatch = { utterances: largest.rows, samples: largest.samples, labels: largest.labels };
    const { optimizer, gates, sparsity, batch } = settings;
    const method = chooseMethod(settings);
    const options = {
      model: model.model,
      parameters,
      layers,
      audioInput: audio.name,
      maskInput: mask,
      logitsOutput: logits.name,
      blank: processor.vocabulary.blank,
      frames,
      device: chosen.device,
      threads: undefined,
      settings: {
        optimizer,
        tau: gates.tau,
        quadratic: sparsity.quadratic,
        accumulate: batch.accumulate,
        dropout: settings.dropout,
      },
      specAugment: settings.specAugment.maskTimeProb > 0 ? settings.specAugment : undefined,
      candidates: method.search?.candidates,
      seed: settings.seed,
    };
    const open = (mode: GateMode, state?: State): Opened => {
      const layout = state ? layoutOf(whole, state) : whole;
      const weights = weightsOfFile(layout.model, layout.parameters);
      const begins = state
        ? new Map([...initialWeights(layout.parameters, weights), ...state])
        : method.begin(parameters, weights);
      const left = { model: layout.model.model, parameters: layout.parameters, removed: layout.removed.gated };
      return { trainable: new Trainable({ ...options, ...left, gates: mode }, begins), layout };
    };
    const cost = (): GraphCost => {
      return buildTrainingGraph({
        ...options,
        shape: largestBatch,
        gates: method.begins,
        accumulation: batch.accumulate > 1 ? 'update' : 'none',
        settings: { ...options.settings, tiles: chosen.device === 'cpu' },
      }).cost;
    };
    const updates = Math.ceil((settings.epochs * data.plan.batchesPerEpoch) / batch.accumulate);
    const steps = settings.steps ?? updates;
    return {
      model,
      method,
      parameters,
      rows,
      layers,
      processor,
      data,
      loader,
      device: chosen,
      learningRate: optimizer.learningRate ?? learningRateFor(parameters),
      steps,
      largestBatch,
      open,
      held: (emptied) => heldLayers(whole, emptied),
      cost,
    };
  } catch (error) {
    await loader.close();
    throw error;
  }
}

async function loadFloatModel(path: string): Promise<ModelFile> {
  const { file } = widenModel(await loadModel(path));
  if (dequantizeModel(file).types.size === 0) return file;
  throw new Error(
    `${file.path}: the weights of this model are stored in 8 bits, which cannot be trained; prune the float32 model, then "pinch export --int8" the checkpoint.`,
  );
}

/** By initializer. The tensors of the file are only views, so they are copied for training to change. */
function weightsOfFile(model: ModelFile, parameters: readonly Parameter[]): Map<string, Tensor> {
  const { initializers } = model.model.graph;
  return new Map(
    parameters.flatMap(({ initializer }) => {
      const tensor = initializers.get(initializer);
      return tensor ? [[initializer, { ...tensor, data: tensor.data.slice() }] as const] : [];
    }),
  );
}

function chooseParameters(
  { file, parameters: found }: ReturnType<typeof exposeParameters>,
  settings: RunSettings,
): Omit<LayerChoices, 'choices'> & { readonly parameters: Parameter[]; readonly rows: LayerRow[] } {
  if (found.length === 0) throw new Error(`${file.path}: this model has no parameters to train.`);
  const { choices, ...gated } = chooseLayers(file.model, found, settings);
  const parameters: Parameter[] = [];
  const rows: LayerRow[] = [];
  for (const { parameter, gated: isGated, trained, gate, groups, reason } of choices) {
    const { initializer, name, layer, dims, transposed } = parameter;
    const type = file.model.graph.initializers.get(initializer)?.type ?? 'float32';
    if (type !== 'float32') {
      throw new Error(
        `${file.path}: Pinch trains float32 models, but "${name}" is ${type}; export the model in float32.`,
      );
    }
    parameters.push({
      initializer,
      dims,
      trained,
      ...(gate === undefined ? {} : { gate }),
      ...(isGated ? { channelAxis: transposed ? 1 : 0 } : {}),
      ...(groups ? { groups } : {}),
    });
    rows.push({
      name: layer,
      shape: dims,
      parameters: sizeOf(dims),
      matrix: isMatrix(parameter),
      gated: isGated,
      trained,
      reason,
    });
  }
  if (settings.method !== 'none' && gated.layers.length === 0) {
    throw new Error(
      settings.granularity === 'neuron'
        ? `${file.path}: Pinch finds no units or heads in this model that it could gate; prune single weights with "granularity": "weight".`
        : `${file.path}: there is no layer to gate; name layers with gates.include (pinch inspect lists them) or train with "method": "none".`,
    );
  }
  if (parameters.every(({ trained }) => !trained)) {
    throw new Error(`${file.path}: "freeze" leaves no parameter to train.`);
  }
  return { parameters, rows, ...gated };
}
