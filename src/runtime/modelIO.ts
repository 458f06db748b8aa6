/** Finds where audio goes into a speech model and where its CTC logits come out, by type and shape rather than by name. */

import type { Dimension, Graph, ValueInfo } from '../onnx/graph/graph.ts';

export interface ModelIO {
  /** float32 or float16 [batch, samples]. */
  readonly audio: ValueInfo;
  /** Integers or booleans [batch, samples], 1 where there is audio; many exports have none. */
  readonly mask: ValueInfo | undefined;
  /** float32 or float16 of three axes, for utterances, frames and symbols, in an order that outputForm.ts finds out. */
  readonly logits: ValueInfo;
}

/**
 * @param file how messages name the model.
 * @param symbols the size of the vocabulary beside the model; decides between several outputs.
 * @throws Error if this is no CTC model that takes samples, listing what the model does take and give.
 */
export function findModelIO(graph: Graph, file: string, symbols?: number): ModelIO {
  // Files of the old form list their weights as inputs, too.
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
  // Frames have no number, nor has the batch, but where a model takes a fixed one: what is numbered beside it are the symbols.
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

/** Masks are integers in most exports; a float one can be told from the audio only by its name. */
function isMask(input: ValueInfo): boolean {
  return !isFloat(input) || /mask/iu.test(input.name);
}

/** Models of 16-bit weights may take and give 16 bits, too. */
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
