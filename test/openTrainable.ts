/** A trainable of a whole model as a benchmark or a test wants it: Pinch's default gates, the feature encoder frozen. */

import { loadModel } from '../src/onnx/file/load.ts';
import { exposeParameters } from '../src/onnx/model/parameters.ts';
import { ownTensor } from '../src/onnx/file/storedTensor.ts';
import { sizeOf, type Tensor } from '../src/onnx/graph/tensor.ts';
import { chooseGates, defaultGateRules } from '../src/prune/chooseGates.ts';
import { readProcessor, type Processor } from '../src/speech/text/processor.ts';
import { findFeatureCut, type FeatureCut } from '../src/step/featureCut.ts';
import { frameCounter } from '../src/runtime/frames.ts';
import type { TrainedParameter } from '../src/state/parameter.ts';
import { initialState } from '../src/state/initialState.ts';
import { findModelIO } from '../src/runtime/modelIO.ts';
import type { Device } from '../src/runtime/session.ts';
import { TrainingSession } from '../src/step/trainingSession.ts';

export interface OpenedTrainable {
  readonly trainable: TrainingSession;
  /** The arrays that it trains in on the CPU. */
  readonly state: ReadonlyMap<string, Tensor>;
  readonly processor: Processor;
  /** What batches come as, if not as audio. */
  readonly features: FeatureCut | undefined;
}

/**
 * @param profilePrefix of onnxruntime's profile; undefined for none.
 * @param fromFeatures whether batches come as features of the frozen encoder instead of audio.
 */
export async function openTrainable(
  path: string,
  device: Device,
  gates: 'gated' | 'ungated',
  profilePrefix: string | undefined,
  fromFeatures = false,
): Promise<OpenedTrainable> {
  const { file, parameters: found } = exposeParameters(await loadModel(path));
  const processor = await readProcessor(file.folder);
  const ports = findModelIO(file.model.graph, file.path, processor.vocabulary.size);
  const layers: { name: string; size: number }[] = [];
  const parameters = chooseGates(found, defaultGateRules).map(({ parameter, gated }): TrainedParameter => {
    const { initializer, dims, layer, name } = parameter;
    const gate = gated && gates === 'gated' ? { gate: layers.push({ name: layer, size: sizeOf(dims) }) - 1 } : {};
    return { initializer, dims, trained: !name.includes('feature_extractor'), ...gate };
  });
  const weights = new Map(
    parameters.flatMap(({ initializer }) => {
      const tensor = file.model.graph.initializers.get(initializer);
      return tensor ? [[initializer, ownTensor(tensor)] as const] : [];
    }),
  );
  const ends = { audioInput: ports.audio.name, maskInput: ports.mask, logitsOutput: ports.logits.name };
  const { sampleRate } = processor;
  const masks = { dropout: false, specAugment: false };
  const features = fromFeatures
    ? findFeatureCut({ model: file.model, parameters, ...ends, sampleRate, ...masks })
    : undefined;
  if (fromFeatures && !features) throw new Error(`${path}: there is no frozen encoder in this model`);
  const state = initialState(parameters, weights, 0.1);
  const trainable = new TrainingSession(
    {
      model: file.model,
      parameters,
      layers,
      ...ends,
      features,
      blank: processor.vocabulary.blank,
      frames: frameCounter(file.model, ports, processor),
      device,
      threads: undefined,
      settings: {
        optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
        tau: 0.1,
        quadratic: 10,
        dropout: 0,
        accumulate: 1,
      },
      seed: 0,
      gates: 'learning',
      ...(profilePrefix === undefined ? {} : { profilePrefix }),
    },
    state,
  );
  return { trainable, state, processor, features };
}
