/**
 * Dropout (Srivastava et al., 2014), put back into a model that was exported without it: on both sides of every linear layer that writes to
 * a residual stream. In a transformer these are the attention's context and output, and the feed-forward layer's activations and output.
 */

import type { Builder } from '../onnx/graph/builder.ts';
import type { ValueEdit } from '../onnx/passes/specialize.ts';
import type { Operand, Value } from '../onnx/graph/value.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import type { LeftOfAxis } from '../prune/groupGates.ts';
import { Random } from '../base/random.ts';

/** An input of the training graph that takes a mask: 0 for what is dropped, 1 / (1 − rate) for the rest. */
export interface DropoutInput {
  readonly name: string;
  readonly dims: readonly number[];
  /** What is left of its last axis, which groups cut. */
  readonly left?: LeftOfAxis | undefined;
}

/** The model's parameters, as values of the training graph, and what is left of the axis that groups cut. */
type LeftOf = ReadonlyMap<Value, LeftOfAxis | undefined>;

/**
 * Where dropout goes. The choice is ours: exports keep no trace of where a model's own dropout was.
 * @param written the model's nodes in their simplest form.
 * @param inputs is filled with the masks' inputs, in the model's order.
 */
export function dropoutEdits(
  written: Builder['operands'],
  weights: LeftOf,
  inputs: DropoutInput[],
): ReadonlyMap<Value, ValueEdit> {
  const made = new Map<Operand, Written>();
  const reads = new Map<Operand, number>();
  for (const [node, { inputs, outputs }] of written) {
    for (const output of outputs) made.set(output, { opType: node.opType, inputs });
    for (const input of inputs) reads.set(input, (reads.get(input) ?? 0) + 1);
  }
  const edits = new Map<Value, ValueEdit>();
  const drop =
    (left?: LeftOfAxis): ValueEdit =>
    (b, value) => {
      const { dims } = value;
      const mask = b.input(`dropout/${inputs.length}`, 'float32', dims);
      inputs.push({ name: mask.name, dims, left });
      return b.op('Mul', [value, mask]);
    };
  for (const { opType, inputs: terms } of made.values()) {
    if (opType !== 'Add') continue;
    for (const [index, branch] of terms.entries()) {
      const stream = terms[1 - index];
      if (!branch || !stream || isFixed(stream, weights) || !sameDims(branch, stream)) continue;
      const layer = linearLayer(branch, made, weights);
      // What others read as well, such as the stream itself, is not the layer's own.
      if (!layer || reads.get(branch) !== 1) continue;
      edits.set(branch, drop());
      const left = weights.get(layer.weight);
      const cut = left?.indices.length === layer.input.dims.at(-1) ? left : undefined;
      if (reads.get(layer.input) === 1) edits.set(layer.input, drop(cut));
    }
  }
  return edits;
}

interface Written {
  readonly opType: string;
  readonly inputs: readonly Operand[];
}

/** The linear layer that a value comes from: its bias added, or scaled by a constant, or neither. */
function linearLayer(
  value: Value,
  made: ReadonlyMap<Operand, Written>,
  weights: LeftOf,
): { readonly input: Value; readonly weight: Value } | undefined {
  const { opType, inputs: [left, right] = [] } = made.get(value) ?? {};
  if (!left || !right) return undefined;
  if (opType === 'Reshape') return linearLayer(left, made, weights);
  if (opType === 'MatMul' || opType === 'Gemm') return weights.has(right) ? { input: left, weight: right } : undefined;
  if (opType !== 'Add' && opType !== 'Mul') return undefined;
  if (isFixed(right, weights)) return linearLayer(left, made, weights);
  return isFixed(left, weights) ? linearLayer(right, made, weights) : undefined;
}

/** Whether it is the same for every frame of audio: a weight or a constant. */
function isFixed(value: Value, weights: LeftOf): boolean {
  return weights.has(value) || value.constant !== undefined;
}

function sameDims(a: Value, b: Value): boolean {
  return a.dims.length === b.dims.length && a.dims.every((size, axis) => size === b.dims[axis]);
}

/** Places at which a mask may begin in the table: enough for masks of one layer not to repeat within a run. */
const beginnings = 1 << 20;

/**
 * The masks of all steps, cut from one table of random numbers: a step costs no more than choosing where to begin. A mask depends on the
 * seed, the step and the layer alone, so a run that is resumed goes on with the masks it would have had.
 */
export class DropoutMasks {
  private readonly rate: number;
  private readonly seed: number;
  private random: Random;
  private table = new Float32Array(0);

  /** @param rate share that is dropped, 0 to below 1. */
  constructor(rate: number, seed: number) {
    this.rate = rate;
    this.seed = seed;
    this.random = Random.seeded(seed, tablePath);
  }

  /**
   * For a batch: views of the table, not to be written to, or what is left of them, so that a channel keeps its mask when others leave.
   * @param part which batch of the update it is.
   */
  of(inputs: readonly DropoutInput[], step: number, part: number): Map<string, Float32Array<ArrayBuffer>> {
    const sizes = inputs.map(({ dims, left }) => sizeOf(left ? [...dims.slice(0, -1), left.size] : dims));
    this.grow(beginnings + Math.max(0, ...sizes));
    const random = Random.seeded(this.seed, maskPath, step, part);
    return new Map(
      inputs.map(({ name, left }, index) => {
        const begin = random.below(beginnings);
        const whole = this.table.subarray(begin, begin + (sizes[index] ?? 0));
        return [name, left ? columnsOf(whole, left) : whole];
      }),
    );
  }

  /** Longer tables begin as shorter ones do, so it does not matter which batch came first. */
  private grow(length: number): void {
    const { table, rate, random } = this;
    if (length <= table.length) return;
    this.table = new Float32Array(length);
    this.table.set(table);
    const kept = 1 / (1 - rate);
    for (let i = table.length; i < length; i++) this.table[i] = random.uniform() < rate ? 0 : kept;
  }
}

function columnsOf(rows: Float32Array, { size, indices }: LeftOfAxis): Float32Array<ArrayBuffer> {
  const columns = new Float32Array((rows.length / size) * indices.length);
  for (let row = 0, at = 0; row < rows.length; row += size) {
    for (const index of indices) columns[at++] = rows[row + index] ?? 0;
  }
  return columns;
}

/** Apart from the streams that shuffle the data. */
const tablePath = 1_000_003;
const maskPath = 1_000_033;
