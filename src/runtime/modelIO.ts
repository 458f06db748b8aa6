/** Finds the audio input and the CTC output of a speech model, by type and shape rather than by name. */

import type { Dimension, Graph, ValueInfo } from '../onnx/graph/graph.ts';

export interface ModelIO {
  /** float32 or float16 [batch, samples]. */
  readonly audio: ValueInfo;
  /** Integers or booleans [batch, samples], 1 for audio and 0 for padding; many exports have none. */
  readonly mask: ValueInfo | undefined;
  /** float32 or float16 with three axes for utterances, frames and symbols, in an order that outputForm.ts determines. */
  readonly logits: ValueInfo;
}

/**
 * @param file the model's name in messages.
 * @param symbols the size of the vocabulary beside the model; it decides between several outputs.
 * @throws Error that lists the model's inputs and outputs, if it is not a CTC model of samples.
 */
export function findModelIO(graph: Graph, file: string, symbols?: number): ModelIO {
  // Files of the old form list their weights as inputs too.
  const inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  const planes = inputs.filter((input) => rankIs(input, 2));
  const audio = planes.filter((input) => isFloat(input) && !isMask(input));
  const masks = planes.filter((input) => !audio.includes(input));
  const [sound] = audio;
  if (sound === undefined || audio.length > 1 || inputs.length > 1 + masks.length || masks.length > 1) {
    throw new Error(
      `${file}: Pinch needs a model that takes samples, one float32 input [batch, samples] and at most a mask beside it; this one takes ${list(inputs)}.`,
    );
  }
  const cubes = graph.outputs.filter((output) => isFloat(output) && (output.dims === undefined || rankIs(output, 3)));
  const logits =
    cubes.find((output) => symbols !== undefined && output.dims?.[2] === symbols) ??
    cubes.find((output) => symbols !== undefined && output.dims?.includes(symbols)) ??
    cubes[0];
  if (logits === undefined) {
    throw new Error(
      `${file}: Pinch needs a CTC model, which gives logits as float32 [batch, frames, symbols]; this one gives ${list(graph.outputs)}.`,
    );
  }
  // The frame axis has no number, nor has the batch axis unless it is fixed: a numbered axis beside them is that of the symbols.
  const widths = (logits.dims ?? []).filter((dim) => typeof dim === 'number');
  const width = Math.max(...widths);
  const counted = widths.length > (typeof sound.dims?.[0] === 'number' ? 1 : 0);
  if (symbols !== undefined && counted && width < symbols) {
    throw new Error(
      `${file}: the model writes ${width} symbols, but the vocabulary beside it has ${symbols}; put the files of its own tokenizer there.`,
    );
  }
  if (typeof sound.dims?.[1] === 'number') {
    throw new Error(
      `${file}: this model was exported for audio of exactly ${sound.dims[1]} samples; export it again with a dynamic length.`,
    );
  }
  return { audio: sound, mask: masks[0], logits };
}

/** Masks are integers in most exports. A float mask differs from the audio only by its name. */
function isMask(input: ValueInfo): boolean {
  return !isFloat(input) || /mask/iu.test(input.name);
}

/** Models with 16-bit weights may have 16-bit inputs and outputs too. */
function isFloat({ type }: ValueInfo): boolean {
  return type === 'float32' || type === 'float16';
}

function rankIs(value: ValueInfo, rank: number): boolean {
  return value.dims?.length === rank;
}

function list(values: readonly ValueInfo[]): string {
  const shape = (dims: readonly Dimension[] | undefined): string =>
    dims ? ` [${dims.map((dim) => dim ?? '?').join(', ')}]` : '';
  return values.map((value) => `${value.name} ${value.type}${shape(value.dims)}`).join(', ') || 'nothing';
}
