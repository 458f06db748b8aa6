/** Gets everything ready for a run: the model and what of it is gated, the data, the device. */

import type { ModelFile } from '../onnx/file/load.ts';
import { maskedSpecEmbedOf } from '../onnx/model/maskedSpecEmbed.ts';
import { ownTensor } from '../onnx/file/storedTensor.ts';
import type { Tensor } from '../onnx/graph/tensor.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { AudioLoader } from '../speech/audio/audioLoader.ts';
import type { BatchShape } from '../speech/batches/batches.ts';
import type { OnMeasured } from '../speech/lengths/lengths.ts';
import { TrainingData } from './data/data.ts';
import { chooseDevice, type ChosenDevice } from '../runtime/device.ts';
import { canAugment, findFeatureCut } from '../step/featureCut.ts';
import { Features } from './features/features.ts';
import type { FeatureType } from './features/files.ts';
import type { GraphCost } from '../runtime/graphCost.ts';
import type { Device } from '../runtime/session.ts';
import type { GateMode, TrainedParameter } from '../state/parameter.ts';
import { maskedAxes } from '../step/specAugment.ts';
import { buildTrainingGraph } from '../step/trainingGraph.ts';
import { initialWeights } from '../state/initialState.ts';
import type { Layout } from '../state/layout.ts';
import { learningRateFor } from './learningRate.ts';
import { chooseMethod } from './methods/choose.ts';
import type { Method } from './methods/method.ts';
import type { State } from '../state/state.ts';
import { prepareModel, type PreparedModel } from './setup/model.ts';
import { TrainingSession } from '../step/trainingSession.ts';
import { trainingGraphOptions, type TrainingSessionOptions } from '../step/trainingSessionOptions.ts';

/** A session, and the model that its state belongs to. */
export interface ModelInTraining {
  readonly session: TrainingSession;
  readonly layout: Layout;
}

export interface Setup extends PreparedModel {
  readonly method: Method;
  readonly data: TrainingData;
  readonly loader: AudioLoader;
  /** Features of a frozen encoder; undefined if each batch computes its own, or if everything is trained. */
  readonly features: Features | undefined;
  readonly device: ChosenDevice;
  /** Whether SpecAugment masks anything: the settings may not want it, and the model may have no place for it. */
  readonly augments: boolean;
  /** The largest of the run. */
  readonly learningRate: number;
  /** Updates in all. */
  readonly steps: number;
  readonly largestBatch: BatchShape;
  /** A session in the state of a checkpoint; without one, as the method begins. */
  readonly open: (gates: GateMode, state?: State) => ModelInTraining;
  /** What a step takes on the largest batch, estimated without running it. @throws Error naming every operator without a gradient. */
  readonly cost: () => GraphCost;
}

/**
 * @param featuresFolder where features of frozen encoders are kept; without it nothing is written.
 * @param onMeasured is told how many of the recordings are measured; whatever it throws breaks the work off.
 * @throws Error in one sentence that names what is wrong: no model, no CTC model, no tokenizer, no usable data, a device that does not
 *   work, nothing to gate.
 */
export async function prepareRun(
  settings: RunSettings,
  featuresFolder?: string,
  onMeasured?: OnMeasured,
): Promise<Setup> {
  const prepared = await prepareModel(settings);
  const { parameters, processor, frames } = prepared;
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  let features: Features | undefined;
  try {
    const data = await TrainingData.open(settings, processor, frames, loader, onMeasured);
    const { shapes, batchesPerEpoch } = data.plan;
    const [largestBatch] = shapes;
    if (!largestBatch) throw new Error(`${settings.train}: there are no batches to train on.`);
    // With nothing else going on: what runs meanwhile makes the device look slower than it is.
    const device = await chooseDevice(settings.device);
    const method = chooseMethod(settings);
    const steps = settings.steps ?? Math.ceil((settings.epochs * batchesPerEpoch) / settings.batch.accumulate);
    const ofAudio = sessionOptions(settings, prepared, method, device.device);
    features = await openFeatures(settings, ofAudio, { data, loader, processor, steps, folder: featuresFolder });
    const options = { ...ofAudio, features: features?.cut };
    return {
      ...prepared,
      method,
      data,
      loader,
      features,
      device,
      augments: options.specAugment !== undefined && canAugment(cutOptions(options, processor)),
      learningRate: settings.optimizer.learningRate ?? learningRateFor(parameters),
      steps,
      largestBatch,
      open: (gates, state) => openSession({ ...options, gates }, prepared, method, state),
      cost: () => buildTrainingGraph(trainingGraphOptions(options, largestBatch)).cost,
    };
  } catch (error) {
    await Promise.all([loader.close(), features?.close()]);
    throw error;
  }
}

/** What sessions of a run are made from that begin with it and take audio. */
function sessionOptions(
  settings: RunSettings,
  { model, parameters, layers, ports, output, processor, frames }: PreparedModel,
  method: Method,
  device: Device,
): TrainingSessionOptions {
  const { optimizer, gates, sparsity, batch, dropout, specAugment, seed } = settings;
  return {
    model: model.model,
    parameters,
    layers,
    audioInput: ports.audio.name,
    maskInput: ports.mask,
    logitsOutput: output.source.value,
    logitsForm: output.source,
    blank: processor.vocabulary.blank,
    frames,
    device,
    threads: undefined,
    settings: { optimizer, tau: gates.tau, quadratic: sparsity.quadratic, accumulate: batch.accumulate, dropout },
    specAugment: maskedAxes(specAugment) && specAugment,
    maskedSpecEmbed: maskedSpecEmbedOf(model),
    candidates: method.search?.candidates,
    seed,
    gates: method.begins,
  };
}

/** Features that are to be kept: undefined where the settings or a run without a second epoch say no, or where nothing in front is frozen. */
async function openFeatures(
  { features, featuresGigabytes, batch }: RunSettings,
  options: TrainingSessionOptions,
  run: Pick<Setup, 'data' | 'loader' | 'processor' | 'steps'> & { readonly folder: string | undefined },
): Promise<Features | undefined> {
  const { data, loader, processor, steps, folder } = run;
  const type = keptType(features, steps * batch.accumulate > data.plan.batchesPerEpoch);
  if (!type) return undefined;
  const cut = findFeatureCut(cutOptions(options, processor));
  if (!cut) return undefined;
  const samples = data.ready.reduce((sum, utterance) => sum + utterance.samples, 0);
  return Features.open({ ...options, cut, type, processor, loader, folder, limit: featuresGigabytes * 1e9, samples });
}

function cutOptions(
  options: TrainingSessionOptions,
  { sampleRate }: PreparedModel['processor'],
): Parameters<typeof findFeatureCut>[0] {
  const [dropout, specAugment] = [options.settings.dropout > 0, options.specAugment !== undefined];
  return { ...options, sampleRate, dropout, specAugment };
}

/** In how many bits features are kept, if at all. A run that sees each utterance once would gain nothing. */
function keptType(features: RunSettings['features'], longer: boolean): FeatureType | undefined {
  if (features === 'recompute') return undefined;
  if (features !== 'auto') return features;
  return longer ? 'float16' : undefined;
}

function openSession(
  options: TrainingSessionOptions,
  { layoutOf }: PreparedModel,
  method: Method,
  state: State | undefined,
): ModelInTraining {
  const layout = layoutOf(state);
  const { model, parameters, removed } = layout;
  const weights = weightsOfFile(model, parameters);
  const begins = state
    ? new Map([...initialWeights(parameters, weights), ...state])
    : method.begin(parameters, weights);
  const left = { model: model.model, parameters, removed: removed.gated };
  return { session: new TrainingSession({ ...options, ...left }, begins), layout };
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
