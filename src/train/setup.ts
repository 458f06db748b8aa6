/** Gets everything ready for a run: the model and what of it is gated, the data, the device. */

import { dequantizeModel } from '../onnx/quantize/dequantize.ts';
import { loadModel, type ModelFile } from '../onnx/file/load.ts';
import { exposeParameters } from '../onnx/model/parameters.ts';
import { ShapeProbe } from '../onnx/infer/shapeProbe.ts';
import { ownTensor } from '../onnx/file/storedTensor.ts';
import { sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { widenModel, type Widened } from '../onnx/quantize/widen.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { isMatrix, namelessLayers } from '../prune/chooseGates.ts';
import { AudioLoader } from '../speech/audio/audioLoader.ts';
import { hasNewHead, readProcessor, type Processor } from '../speech/text/processor.ts';
import { TrainingData } from './data/data.ts';
import { chooseDevice, type ChosenDevice } from '../runtime/device.ts';
import { findFeatureCut } from '../step/featureCut.ts';
import { Features } from './features/features.ts';
import type { FeatureType } from './features/files.ts';
import { frameCounter } from '../runtime/frames.ts';
import type { GraphCost } from '../runtime/graphCost.ts';
import type { GateMode, TrainedParameter } from '../state/parameter.ts';
import { buildTrainingGraph, type BatchShape } from '../step/trainingGraph.ts';
import { initialWeights } from '../state/initialState.ts';
import { chooseLayers, type GatedLayer, type LayerChoices } from '../state/layerChoice.ts';
import { heldLayers, layoutOf, nothingRemoved, type Layout, type WholeModel } from '../state/layout.ts';
import { learningRateFor } from './learningRate.ts';
import { chooseMethod } from './methods/choose.ts';
import type { Method } from './methods/method.ts';
import { establishOutput, type OutputForm } from '../runtime/outputForm.ts';
import { findModelIO, type ModelIO } from '../runtime/modelIO.ts';
import type { State } from '../state/state.ts';
import { recordOf, withRecord } from '../state/pruningRecord.ts';
import { TrainingSession } from '../step/trainingSession.ts';

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

/** A session, and the model that its state belongs to. */
export interface ModelInTraining {
  readonly session: TrainingSession;
  readonly layout: Layout;
}

export interface Setup {
  /** As it is before training. */
  readonly model: ModelFile;
  readonly method: Method;
  readonly parameters: readonly TrainedParameter[];
  readonly rows: readonly LayerRow[];
  readonly layers: readonly GatedLayer[];
  /** Parameters that PyTorch lists and the graph does not hold. */
  readonly absent: readonly string[];
  readonly processor: Processor;
  /** Whether the CTC head's weights are random: the model was only pretrained. */
  readonly newHead: boolean;
  readonly ports: ModelIO;
  readonly output: OutputForm;
  /** How many of the model's tensors had 16-bit floats, and were widened to float32. */
  readonly widened: number;
  /** Frames that the model makes of so many samples, by its own count. */
  readonly frames: (samples: number) => number;
  readonly data: TrainingData;
  readonly loader: AudioLoader;
  /** Features of a frozen encoder; undefined if each batch computes its own, or if everything is trained. */
  readonly features: Features | undefined;
  readonly device: ChosenDevice;
  /** The largest of the run. */
  readonly learningRate: number;
  /** Updates in all. */
  readonly steps: number;
  readonly largestBatch: BatchShape;
  /** A session in the state of a checkpoint; without one, as the method begins. */
  readonly open: (gates: GateMode, state?: State) => ModelInTraining;
  /** Layers whose gates have closed all groups, and which the model cannot do without. */
  readonly held: (emptied: readonly number[]) => ReadonlySet<number>;
  /** What a step takes on the largest batch, estimated without running it. @throws Error naming every operator without a gradient. */
  readonly cost: () => GraphCost;
}

/**
 * @param featuresFolder where features of frozen encoders are kept; without it nothing is written.
 * @throws Error in one sentence that names what is wrong: no model, no CTC model, no tokenizer, no usable data, a device that does not
 *   work, nothing to gate.
 */
export async function prepareRun(settings: RunSettings, featuresFolder?: string): Promise<Setup> {
  const { file: loaded, widened } = await loadFloatModel(settings.model);
  const exposed = exposeParameters(loaded);
  const { file: model } = exposed;
  const processor = await readProcessor(model.folder);
  const ports = findModelIO(model.model.graph, model.path, processor.vocabulary.size);
  const { audio, mask, logits } = ports;
  const probe = new ShapeProbe(model.model, { audio: audio.name, mask, logits: logits.name });
  const symbols = processor.vocabulary.size;
  const output = await establishOutput(model.model, model.path, ports, { ...processor, symbols }, probe);
  const { parameters, rows, layers, grouped, matrices } = chooseParameters(exposed, settings);
  const whole: WholeModel = { model, parameters, removed: nothingRemoved, grouped, matrices };
  const frames = frameCounter(model.model, ports, processor, output.axes.frames, probe);
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  let features: Features | undefined;
  try {
    const data = await TrainingData.open(settings, processor, frames, loader);
    // With nothing else going on: what runs meanwhile makes the device look slower than it is.
    const chosen = await chooseDevice(settings.device);
    const [largest] = data.plan.shapes;
    if (!largest) throw new Error(`${settings.train}: there are no batches to train on.`);
    const largestBatch = { utterances: largest.rows, samples: largest.samples, labels: largest.labels };
    const { optimizer, gates, sparsity, batch } = settings;
    const method = chooseMethod(settings);
    const beforeFeatures = {
      model: model.model,
      parameters,
      layers,
      audioInput: audio.name,
      maskInput: mask,
      logitsOutput: output.source.value,
      logitsForm: output.source,
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
    const updates = Math.ceil((settings.epochs * data.plan.batchesPerEpoch) / batch.accumulate);
    const steps = settings.steps ?? updates;
    const type = keptType(settings.features, steps * batch.accumulate > data.plan.batchesPerEpoch);
    const cut = type && findFeatureCut({ ...beforeFeatures, ...cutOptions(settings, processor) });
    features =
      cut &&
      (await Features.open({
        ...beforeFeatures,
        cut,
        type,
        processor,
        loader,
        folder: featuresFolder,
        limit: settings.featuresGigabytes * 1e9,
        samples: data.ready.reduce((sum, { samples }) => sum + samples, 0),
      }));
    const options = { ...beforeFeatures, features: cut };
    // Every checkpoint says what was gated and what is gone, in its own file.
    const withOwnRecord = (layout: Layout): Layout => {
      const record = recordOf(exposed.parameters, parameters, layout.parameters);
      return { ...layout, model: withRecord(layout.model, record) };
    };
    const open = (mode: GateMode, state?: State): ModelInTraining => {
      const layout = withOwnRecord(state ? layoutOf(whole, state) : whole);
      const weights = weightsOfFile(layout.model, layout.parameters);
      const begins = state
        ? new Map([...initialWeights(layout.parameters, weights), ...state])
        : method.begin(parameters, weights);
      const left = { model: layout.model.model, parameters: layout.parameters, removed: layout.removed.gated };
      return { session: new TrainingSession({ ...options, ...left, gates: mode }, begins), layout };
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
    return {
      model,
      method,
      parameters,
      rows,
      layers,
      absent: exposed.absent,
      processor,
      newHead: await hasNewHead(model.folder),
      ports,
      output,
      frames,
      widened: widened.size,
      data,
      loader,
      features,
      device: chosen,
      learningRate: optimizer.learningRate ?? learningRateFor(parameters),
      steps,
      largestBatch,
      open,
      held: (emptied) => heldLayers(whole, emptied),
      cost,
    };
  } catch (error) {
    await Promise.all([loader.close(), features?.close()]);
    throw error;
  }
}

/** In how many bits features are kept, if at all. A run that sees each utterance once would gain nothing. */
function keptType(features: RunSettings['features'], longer: boolean): FeatureType | undefined {
  if (features === 'recompute') return undefined;
  if (features !== 'auto') return features;
  return longer ? 'float16' : undefined;
}

function cutOptions({ dropout, specAugment }: RunSettings, { sampleRate }: Processor) {
  return { dropout: dropout > 0, timeMasks: specAugment.maskTimeProb > 0, sampleRate };
}

async function loadFloatModel(path: string): Promise<Widened> {
  const model = widenModel(await loadModel(path));
  const { file } = model;
  if (dequantizeModel(file).types.size === 0) return model;
  throw new Error(
    `${file.path}: the weights of this model are stored in 8 bits, which cannot be trained; prune the float32 model, then "pinch export --int8" the checkpoint.`,
  );
}

/** By initializer, for training to change. */
function weightsOfFile(model: ModelFile, parameters: readonly TrainedParameter[]): Map<string, Tensor> {
  const { initializers } = model.model.graph;
  return new Map(
    parameters.flatMap(({ initializer }) => {
      const tensor = initializers.get(initializer);
      return tensor ? [[initializer, ownTensor(tensor)] as const] : [];
    }),
  );
}

function chooseParameters(
  { file, parameters: found }: ReturnType<typeof exposeParameters>,
  settings: RunSettings,
): Omit<LayerChoices, 'choices'> & { readonly parameters: TrainedParameter[]; readonly rows: LayerRow[] } {
  if (found.length === 0) throw new Error(`${file.path}: this model has no parameters to train.`);
  const { choices, ...gated } = chooseLayers(file.model, found, settings);
  const parameters: TrainedParameter[] = [];
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
    const [nameless] = settings.gates.include.length === 0 ? namelessLayers(found) : [];
    if (nameless) {
      throw new Error(
        `${file.path}: the names of layers, such as "${nameless.layer}", do not say which are in a transformer block, as in files that onnxruntime's optimizer saved; take the file from before the optimization, or name layers with gates.include (pinch inspect lists them).`,
      );
    }
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
