/** The model of a run: what it takes and gives, what of it is trained, and what of it is gated. */

import { dequantizeModel } from '../../onnx/quantize/dequantize.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { exposeParameters } from '../../onnx/model/parameters.ts';
import { ShapeProbe } from '../../onnx/infer/shapeProbe.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import { widenModel, type Widened } from '../../onnx/quantize/widen.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { isMatrix, namelessLayers } from '../../prune/chooseGates.ts';
import { hasNewHead, readProcessor, type Processor } from '../../speech/text/processor.ts';
import { frameCounter } from '../../runtime/frames.ts';
import type { TrainedParameter } from '../../state/parameter.ts';
import { chooseLayers, type GatedLayer, type LayerChoice, type LayerChoices } from '../../state/layerChoice.ts';
import { heldLayers, layoutOf, nothingRemoved, type Layout, type WholeModel } from '../../state/layout.ts';
import { establishOutput, type OutputForm } from '../../runtime/outputForm.ts';
import { isEncoderConvolution } from '../../prune/chooseGates.ts';
import { findModelIO, type ModelIO } from '../../runtime/modelIO.ts';
import type { State } from '../../state/state.ts';
import { recordOf, withRecord } from '../../state/pruningRecord.ts';

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

export interface PreparedModel {
  /** As it is before training. */
  readonly model: ModelFile;
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
  /** What a state trains; the whole model without one. Its file says what was gated and what is gone, and so does every checkpoint. */
  readonly layoutOf: (state?: State) => Layout;
  /** Layers whose gates have closed all groups, and which the model cannot do without. */
  readonly held: (emptied: readonly number[]) => ReadonlySet<number>;
}

/** @throws Error in one sentence that names what is wrong: no model, no CTC model, no tokenizer, nothing to train or to gate. */
export async function prepareModel(settings: RunSettings): Promise<PreparedModel> {
  const { file: loaded, widened } = await loadFloatModel(settings.model);
  const exposed = exposeParameters(loaded);
  const { file: model } = exposed;
  const processor = await readProcessor(model.folder);
  const symbols = processor.vocabulary.size;
  const ports = findModelIO(model.model.graph, model.path, symbols);
  const { audio, mask, logits } = ports;
  const probe = new ShapeProbe(model.model, { audio: audio.name, mask, logits: logits.name });
  const output = await establishOutput(model.model, model.path, ports, { ...processor, symbols }, probe);
  const { parameters, rows, layers, grouped, matrices } = chooseParameters(exposed, settings);
  const whole: WholeModel = { model, parameters, removed: nothingRemoved, grouped, matrices };
  return {
    model,
    parameters,
    rows,
    layers,
    absent: exposed.absent,
    processor,
    newHead: await hasNewHead(model.folder),
    ports,
    output,
    widened: widened.size,
    frames: frameCounter(model.model, ports, processor, output.axes.frames, probe),
    layoutOf: (state) => {
      const layout = state ? layoutOf(whole, state) : whole;
      const record = recordOf(exposed.parameters, parameters, layout.parameters);
      return { ...layout, model: withRecord(layout.model, record) };
    },
    held: (emptied) => heldLayers(whole, emptied),
  };
}

async function loadFloatModel(path: string): Promise<Widened> {
  const model = widenModel(await loadModel(path));
  const { file } = model;
  if (dequantizeModel(file).types.size === 0) return model;
  throw new Error(
    `${file.path}: the weights of this model are stored in 8 bits, which cannot be trained; prune the float32 model, then "pinch export --int8" the checkpoint.`,
  );
}

function chooseParameters(
  { file, parameters: found }: ReturnType<typeof exposeParameters>,
  settings: RunSettings,
): Omit<LayerChoices, 'choices'> & { readonly parameters: TrainedParameter[]; readonly rows: LayerRow[] } {
  if (found.length === 0) throw new Error(`${file.path}: this model has no parameters to train.`);
  const { choices, ...gated } = chooseLayers(file.model, found, settings);
  if (settings.gates.encoderChannels) refuseWithoutChannels(choices);
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

/** @throws Error if no channels of the feature encoder are gated. */
function refuseWithoutChannels(choices: readonly LayerChoice[]): void {
  const encoder = choices.filter(({ parameter }) => isEncoderConvolution(parameter));
  if (encoder.some(({ groups }) => groups)) return;
  throw new Error(
    encoder.some(({ trained }) => trained)
      ? 'gates.encoderChannels: no channels of this feature encoder can be removed: they are normalized together, or its layers have other names.'
      : 'gates.encoderChannels: the feature encoder is not trained, so its channels cannot have gates; take its pattern out of "freeze".',
  );
}
