/** What a model in training is made from. */

import type { Model } from '../onnx/graph/graph.ts';
import type { DataType } from '../onnx/graph/tensor.ts';
import type { FeatureCut } from './featureCut.ts';
import type { SpecAugmentSettings } from './specAugment.ts';
import type { LogitsForm } from './logitsForm.ts';
import type { GateMode, TrainedParameter } from '../state/parameter.ts';
import type { TrainingGraphSettings } from './trainingGraph.ts';
import type { GatedLayer } from '../state/layerChoice.ts';
import type { Device } from '../runtime/session.ts';

export interface TrainingSessionOptions {
  readonly model: Model;
  readonly parameters: readonly TrainedParameter[];
  /** The gated layers, in the order of their indices. */
  readonly layers: readonly Pick<GatedLayer, 'name' | 'size'>[];
  readonly audioInput: string;
  readonly maskInput: { readonly name: string; readonly type: DataType } | undefined;
  /** If set, batches come as these features of the model instead of audio. */
  readonly features?: FeatureCut | undefined;
  readonly logitsOutput: string;
  /** As the training graph's. */
  readonly logitsForm?: LogitsForm | undefined;
  readonly blank: number;
  readonly frames: (samples: number) => number;
  readonly device: Device;
  readonly threads: number | undefined;
  readonly settings: Omit<TrainingGraphSettings, 'tiles' | 'stacks' | 'timeMasks'>;
  /** None if it is not said. */
  readonly specAugment?: SpecAugmentSettings | undefined;
  /** As the training graph's. */
  readonly candidates?: number | undefined;
  /** As the training graph's. */
  readonly removed?: number | undefined;
  /** The seed of the masks, and of the noise in a search among channels. */
  readonly seed: number;
  readonly gates: GateMode;
  /** For the profile of a benchmark or a test. */
  readonly profilePrefix?: string;
}
