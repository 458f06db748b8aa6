/** Gets everything ready for a run: the model and what of it is gated, the data, the device. */

import { checkLengths } from '../onnx/lengths.ts';
import { loadModel, type ModelFile } from '../onnx/load.ts';
import { exposeParameters } from '../onnx/parameters.ts';
import { sizeOf } from '../onnx/tensor.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { chooseGates, isMatrix } from '../prune/chooseGates.ts';
import { layerPattern } from '../prune/layerPattern.ts';
import { AudioLoader } from '../speech/audioLoader.ts';
import { readProcessor, type Processor } from '../speech/processor.ts';
import { TrainingData } from './data.ts';
import { chooseDevice, type ChosenDevice } from './device.ts';
import { frameCounter } from './frames.ts';
import type { GateMode, Parameter } from './graph/trainingGraph.ts';
import { findPorts } from './ports.ts';
import type { State } from './pruned.ts';
import { initialState, Trainable } from './trainable.ts';

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

export interface Setup {
  readonly model: ModelFile;
  readonly parameters: readonly Parameter[];
  readonly rows: readonly LayerRow[];
  readonly processor: Processor;
  readonly data: TrainingData;
  readonly loader: AudioLoader;
  readonly device: ChosenDevice;
  /** Updates in all. */
  readonly steps: number;
  /** A trainable in a state; without one, as the model is in its file. */
  readonly open: (gates: GateMode, state?: State) => Trainable;
}

/**
 * @throws Error in one sentence that names what is wrong: no model, no CTC model, no tokenizer, no usable data, a device that does not
 *   work, nothing to gate.
 */
export async function prepareRun(settings: RunSettings): Promise<Setup> {
  // Trying devices takes processes of their own, which may as well start while the model is read.
  const device = chooseDevice(settings.device);
  device.catch(() => undefined);
  const exposed = exposeParameters(await loadModel(settings.model));
  const { file: model } = exposed;
  const processor = await readProcessor(model.folder);
  const ports = findPorts(model.model.graph, model.path, processor.vocabulary.size);
  const { audio, mask, logits } = ports;
  checkLengths(model.model, model.path, { audio: audio.name, mask, logits: logits.name }, processor.sampleRate);
  const { parameters, rows, layers } = chooseParameters(exposed, settings);
  const frames = frameCounter(model.model, ports, processor);
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  try {
    const data = await TrainingData.open(settings, processor, frames, loader);
    const chosen = await device;
    const { optimizer, gates, sparsity, batch } = settings;
    const open = (mode: GateMode, state?: State): Trainable =>
      new Trainable(
        {
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
          },
          start: gates.start,
          gates: mode,
        },
        new Map([...stateOfFile(model, parameters, gates.start), ...(state ?? [])]),
      );
    const updates = Math.ceil((settings.epochs * data.plan.batchesPerEpoch) / batch.accumulate);
    return { model, parameters, rows, processor, data, loader, device: chosen, steps: settings.steps ?? updates, open };
  } catch (error) {
    await loader.close();
    throw error;
  }
}

/** The tensors of the file are only views, so they are copied for training to change. */
function stateOfFile(model: ModelFile, parameters: readonly Parameter[], start: number): State {
  const { initializers } = model.model.graph;
  const weights = new Map(
    parameters.flatMap(({ initializer }) => {
      const tensor = initializers.get(initializer);
      return tensor ? [[initializer, { ...tensor, data: tensor.data.slice() }] as const] : [];
    }),
  );
  return initialState(parameters, weights, start);
}

function chooseParameters(
  { file, parameters: found }: ReturnType<typeof exposeParameters>,
  settings: RunSettings,
): { parameters: Parameter[]; rows: LayerRow[]; layers: string[] } {
  if (found.length === 0) throw new Error(`${file.path}: this model has no parameters to train.`);
  const frozen = settings.freeze.map((pattern) => ({ pattern, fits: layerPattern(pattern) }));
  const layers: string[] = [];
  const parameters: Parameter[] = [];
  const rows: LayerRow[] = [];
  for (const choice of chooseGates(found, settings.gates)) {
    const { initializer, name, layer, dims } = choice.parameter;
    const type = file.model.graph.initializers.get(initializer)?.type ?? 'float32';
    if (type !== 'float32') {
      throw new Error(
        `${file.path}: Pinch trains float32 models, but "${name}" is ${type}; export the model in float32.`,
      );
    }
    const freeze = frozen.find(({ fits }) => fits(name));
    const gated = choice.gated && !freeze && settings.method !== 'none';
    const reason = freeze ? `not trained: ${freeze.pattern}` : settings.method === 'none' ? 'no gates' : choice.reason;
    parameters.push({ initializer, dims, trained: !freeze, ...(gated ? { gate: layers.length } : {}) });
    if (gated) layers.push(layer);
    rows.push({
      name: layer,
      shape: dims,
      parameters: sizeOf(dims),
      matrix: isMatrix(choice.parameter),
      gated,
      trained: !freeze,
      reason,
    });
  }
  if (settings.method !== 'none' && layers.length === 0) {
    throw new Error(
      `${file.path}: there is no layer to gate; name layers with gates.include (pinch inspect lists them) or train with "method": "none".`,
    );
  }
  if (parameters.every(({ trained }) => !trained)) {
    throw new Error(`${file.path}: "freeze" leaves no parameter to train.`);
  }
  return { parameters, rows, layers };
}
