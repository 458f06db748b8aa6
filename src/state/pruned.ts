/** The weights as the gates let them through. */

import { bitsOf, float32, type Tensor } from '../onnx/graph/tensor.ts';
import { likeliest } from '../prune/chooseChannels.ts';
import { channelLayers, withChannels } from './channels.ts';
import type { GateMode, TrainedParameter } from './parameter.ts';
import { stateNames } from './stateNames.ts';
import { groupSquares, livingGroups, zeroDeadGroups, type Living } from './groups.ts';
import type { State } from './state.ts';

/**
 * The weights that training or a gate changes by initializer, zero where a gate is shut: what the model computes with, bit for bit. Of a
 * dead group all weights and biases are zero. During a search among channels, when it computes with a mixture, each layer's likeliest
 * candidate stands for it. Weights that no gate changes are the state's own arrays.
 */
export function prunedWeights(
  parameters: readonly TrainedParameter[],
  state: State,
  gates: GateMode,
): Map<string, Tensor> {
  const searching = gates === 'learning' && state.has(stateNames.architecture);
  const chosen = searching ? channelLayers(parameters, state).map((layer) => likeliest(layer)) : [];
  const channels = searching ? withChannels(parameters, state, chosen) : new Map<string, Float32Array>();
  const living =
    gates === 'learning' ? livingGroups(groupSquares(parameters, state), state) : new Map<number, Uint8Array>();
  const weights = new Map<string, Tensor>();
  for (const parameter of parameters) {
    const { initializer, dims, trained, gate, groups = [] } = parameter;
    const held = state.get(stateNames.weight(initializer));
    if (!held || (!trained && gate === undefined && groups.length === 0)) continue;
    const data = held.data as Float32Array;
    const masked = channels.get(initializer) ?? (gates === 'learning' ? letThrough(parameter, data, state) : data);
    weights.set(initializer, float32(withoutDead(parameter, masked, living), dims));
  }
  return weights;
}

/** What a gate of single weights lets through; the weights themselves, without one. */
function letThrough(parameter: TrainedParameter, weights: Float32Array, state: State): Float32Array {
  if (parameter.gate === undefined) return weights;
  const masked = new Float32Array(weights.length);
  writeMasked(parameter, weights, state, masked);
  return masked;
}

/**
 * Writes a tensor's elements into an array as long as it is, which may hold them as they were.
 * @param beside another array as long, in which zeros are to stand where they stand in the tensor.
 */
export type Write = (into: Float32Array, beside?: Float32Array) => void;

/** Tensors of a state that change together, and what writes them, each into an array that may hold it as it was. */
export interface StateChange {
  readonly names: readonly string[];
  readonly write: (into: readonly Float32Array[]) => void;
}

/**
 * The weights that gates let through, by initializer, for parameters whose gates learn thresholds.
 * @param living of `livingGroups`, for the thresholds of the state
 */
export function* maskedWeights(
  parameters: readonly TrainedParameter[],
  state: State,
  living: Living,
): Iterable<readonly [string, Write]> {
  for (const parameter of parameters) {
    const weights = state.get(stateNames.weight(parameter.initializer))?.data as Float32Array | undefined;
    if (!weights) continue;
    const write: Write = (into, beside) => {
      writeMasked(parameter, weights, state, into, beside);
      zeroDeadGroups(parameter, into, living);
      if (beside) zeroDeadGroups(parameter, beside, living);
    };
    yield [parameter.initializer, write];
  }
}

/**
 * Writes what a gate of single weights lets through; all, without one.
 * @param into may be the weights themselves
 * @param beside gets zeros in the same places
 */
function writeMasked(
  { gate }: TrainedParameter,
  weights: Float32Array,
  state: State,
  into: Float32Array,
  beside?: Float32Array,
): void {
  if (gate === undefined) {
    if (into !== weights) into.set(weights);
    return;
  }
  const threshold = Number(state.get(stateNames.thresholds)?.data[gate] ?? 0);
  const least = leastKept(Math.fround(threshold * Number(state.get(stateNames.rms)?.data[gate] ?? 0)));
  const [bits, maskedBits] = [bitsOf(weights), bitsOf(into)];
  if (!beside) {
    for (let i = 0; i < bits.length; i++) maskedBits[i] = (bits[i] as number) & keepsAll(bits[i] as number, least);
    return;
  }
  // Both in one pass, because memory is what takes the time.
  const besideBits = bitsOf(beside);
  for (let i = 0; i < bits.length; i++) {
    const value = bits[i] as number;
    const kept = keepsAll(value, least);
    maskedBits[i] = value & kept;
    besideBits[i] = (besideBits[i] as number) & kept;
  }
}

/** All ones where a weight is kept, zero otherwise: without a branch, which would be a guess for every other weight. */
function keepsAll(bits: number, least: number): number {
  const magnitude = bits & magnitudeBits;
  return ((least - 1 - magnitude) >> 31) & ((magnitude - infinityBits - 1) >> 31);
}

const magnitudeBits = 0x7fff_ffff;
const infinityBits = 0x7f80_0000;
const number = new Float32Array(1);
const numberBits = new Uint32Array(number.buffer);

/**
 * The bits of the smallest magnitude that a gate lets through: w² ≥ edge² in float32 step by step, as the graph's `closeGate` computes
 * it, so that both agree on every weight. Found by bisection, because magnitudes are in the order of their bits. NaN is never let through.
 */
function leastKept(edge: number): number {
  const squared = Math.fround(edge * edge);
  let [from, to] = [0, infinityBits + 1];
  while (from < to) {
    const middle = (from + to) >>> 1;
    numberBits[0] = middle;
    const [weight = 0] = number;
    if (Math.fround(weight * weight) >= squared) to = middle;
    else from = middle + 1;
  }
  return from;
}

function withoutDead(
  parameter: TrainedParameter,
  weights: Float32Array,
  living: ReadonlyMap<number, Uint8Array>,
): Float32Array {
  const { groups = [] } = parameter;
  if (!groups.some(({ gate }) => living.get(gate)?.includes(0))) return weights;
  const left = weights.slice();
  zeroDeadGroups(parameter, left, living);
  return left;
}
