/** Makes the whole state dict that transformers expects out of what a model holds. */

import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { MadeTensor } from '../../onnx/safetensors/safetensors.ts';
import { batchCount, type ExpectedTensor } from './expectedTensors.ts';
import { usualEpsilon, type StoredTensor } from './storedTensors.ts';

export interface CompletedStateDict {
  readonly tensors: ReadonlyMap<string, MadeTensor>;
  /** Tensors that are larger than in the model: zeros stand where units and heads were taken out. */
  readonly padded: readonly string[];
  /** Tensors of layers that are not in the model any more: all zeros. */
  readonly absent: readonly string[];
}

/** A tensor that the model lacks, or has in a shape that cannot be meant. The message is one sentence without a file. */
export class StateDictError extends Error {
  override readonly name = 'StateDictError';
}

/**
 * Units and heads that were taken out leave smaller tensors. In which places they were does not matter to the others, so that zeros
 * behind them make the tensors whole, and compute nothing. Where every head lost values, as in WavLM, each is filled up by itself.
 * @param gone tells the parameters that were taken out as a whole.
 * @param heads of an attention, by config.json; undefined if it does not say.
 * @throws StateDictError
 */
export function completeStateDict(
  expected: ReadonlyMap<string, ExpectedTensor>,
  stored: ReadonlyMap<string, StoredTensor>,
  gone: ReadonlySet<string>,
  heads?: number,
): CompletedStateDict {
  const name = namesOf(expected, stored);
  const nameless = byPlace(expected, stored, name, gone);
  const find = (wanted: string): StoredTensor | undefined => findTensor(stored, name(wanted)) ?? nameless.get(wanted);
  const tensors = new Map<string, MadeTensor>();
  const [padded, absent]: [string[], string[]] = [[], []];
  for (const [wanted, { dims, isRead, value }] of expected) {
    if (wanted.endsWith(`.${batchCount}`)) {
      tensors.set(wanted, { type: 'int64', dims, make: () => new BigInt64Array(1) });
      continue;
    }
    const found = find(wanted);
    const make = found
      ? (filledByHead(wanted, found, { dims, heads, queries: find(queriesOf(wanted)) }) ?? fitted(wanted, found, dims))
      : (value ?? substitute(wanted, dims, isRead && !isGone(name(wanted), gone)));
    if (!found && isRead && !wanted.includes('.running_')) absent.push(wanted);
    if (found && sizeOf(found.dims) < sizeOf(dims)) padded.push(wanted);
    tensors.set(wanted, { type: 'float32', dims, make });
  }
  return { tensors, padded, absent };
}

const [magnitude, direction] = ['parametrizations.weight.original0', 'parametrizations.weight.original1'];

/**
 * A tensor by its name, the factors of a weight normalization also by the names that they had before PyTorch 2.0, or from the kernel that an
 * exporter or `remove_weight_norm` left of them: w = g · v / ‖v‖ holds with v = w and g = ‖w‖, over all axes but the last.
 */
function findTensor(stored: ReadonlyMap<string, StoredTensor>, name: string): StoredTensor | undefined {
  const own = stored.get(name);
  if (own || !(name.endsWith(magnitude) || name.endsWith(direction))) return own;
  const older = stored.get(name.replace(magnitude, 'weight_g').replace(direction, 'weight_v'));
  if (older) return older;
  const kernel = stored.get(name.replace(magnitude, 'weight').replace(direction, 'weight'));
  if (!kernel || name.endsWith(direction)) return kernel;
  const last = kernel.dims.at(-1) ?? 1;
  return {
    dims: [...kernel.dims.slice(0, -1).map(() => 1), last],
    make: () => {
      const squares = new Float64Array(last);
      for (const [i, value] of kernel.make().entries()) squares[i % last] = (squares[i % last] ?? 0) + value * value;
      return Float32Array.from(squares, Math.sqrt);
    },
  };
}

/** Models that were exported within another module have its name in front, and heads of their own may have none. */
export function namesOf(
  expected: ReadonlyMap<string, ExpectedTensor>,
  stored: ReadonlyMap<string, StoredTensor>,
): (wanted: string) => string {
  const wanted = [...expected.keys()];
  const fits = (prefix: string): number => wanted.filter((name) => stored.has(prefix + name)).length;
  const prefixes = new Set(
    [...stored.keys()].flatMap((name) =>
      wanted.slice(0, 1).flatMap((first) => (name.endsWith(`.${first}`) ? [name.slice(0, -first.length)] : [])),
    ),
  );
  const best = ['', ...prefixes].sort((a, b) => fits(b) - fits(a))[0] ?? '';
  return (name) => best + name;
}

/**
 * Tensors whose module an exporter has forgotten, such as the three projections of an attention that PyTorch computes in one function. Within the
 * module around, those of one role and one shape stand in the order in which the graph uses them. Whoever uses this compares what comes out.
 */
function byPlace(
  expected: ReadonlyMap<string, ExpectedTensor>,
  stored: ReadonlyMap<string, StoredTensor>,
  name: (wanted: string) => string,
  gone: ReadonlySet<string>,
): Map<string, StoredTensor> {
  const known = new Set([...expected.keys()].map(name));
  const left = new Map([...stored].filter(([own, { isParameter = false }]) => isParameter && !known.has(own)));
  const found = new Map<string, StoredTensor>();
  const depth = (wanted: string): number => wanted.split('.').length;
  // The inner modules first, because an outer one is around all of them.
  for (const [wanted, { dims, isRead }] of [...expected].sort(([a], [b]) => depth(b) - depth(a))) {
    if (!isRead || gone.has(name(wanted)) || findTensor(stored, name(wanted))) continue;
    const path = name(wanted).split('.');
    const [around, role] = [`${path.slice(0, -2).join('.')}.`, path.at(-1) ?? ''];
    const isRole = (own: string): boolean => !['weight', 'bias'].includes(role) || own.endsWith(`.${role}`);
    const inside = [...left].filter(([own]) => own.startsWith(around) && isRole(own));
    const match =
      inside.find(([, tensor]) => plain(tensor.dims) === plain(dims)) ??
      inside.find(([, tensor]) => isWithin(withoutOnes(tensor.dims), withoutOnes(dims)));
    if (!match) continue;
    left.delete(match[0]);
    found.set(wanted, match[1]);
  }
  return found;
}

const withoutOnes = (dims: readonly number[]): number[] => dims.filter((size) => size !== 1);

/** A shape without the axes of length 1. */
const plain = (dims: readonly number[]): string => withoutOnes(dims).join();

const isWithin = (dims: readonly number[], whole: readonly number[]): boolean =>
  dims.length === whole.length && dims.every((size, axis) => size <= (whole[axis] ?? 0));

/** Whether a parameter was taken out, or others around it whose modules the exporter has forgotten. */
function isGone(name: string, gone: ReadonlySet<string>): boolean {
  const around = `${name.split('.').slice(0, -2).join('.')}.`;
  return gone.has(name) || [...gone].some((other) => other.startsWith(around));
}

/** What stands for a tensor that the model does not have. @throws StateDictError if it is one that it needs. */
function substitute(name: string, dims: readonly number[], isNeeded: boolean): () => Float32Array<ArrayBuffer> {
  const size = sizeOf(dims);
  // A batch normalization that the exporter computed into the convolution before it: mean 0 and deviation 1 leave it as it is.
  if (name.endsWith('.running_mean')) return () => new Float32Array(size);
  if (name.endsWith('.running_var')) return () => new Float32Array(size).fill(1 - usualEpsilon);
  if (!isNeeded) return () => new Float32Array(size);
  throw new StateDictError(
    `it holds no "${name}", which a model with its config.json has; put the config.json of the model that it was exported from beside it`,
  );
}

/** The weights of the queries in the attention of a tensor of values. */
const queriesOf = (name: string): string => name.replace(/\b(?:v_proj|out_proj)\.(?:weight|bias)$/u, 'q_proj.weight');

/** Values that lack some of each head, where the queries have whole heads; undefined for other tensors. */
function filledByHead(
  name: string,
  { dims: found, make }: StoredTensor,
  whole: {
    readonly dims: readonly number[];
    readonly heads: number | undefined;
    readonly queries: StoredTensor | undefined;
  },
): (() => Float32Array<ArrayBuffer>) | undefined {
  const { dims, heads = 1, queries } = whole;
  const axis = /\bv_proj\.(?:weight|bias)$/u.test(name) ? 0 : /\bout_proj\.weight$/u.test(name) ? 1 : undefined;
  const [size, all] = [found[axis ?? 0] ?? 0, dims[axis ?? 0] ?? 0];
  if (axis === undefined || found.length !== dims.length || size >= all || size % heads > 0 || all % heads > 0)
    return undefined;
  if (queries?.dims[0] !== all) return undefined;
  const byHead = (shape: readonly number[]): number[] =>
    shape.flatMap((each, at) => (at === axis ? [heads, each / heads] : [each]));
  return () => pad(make(), byHead(found), byHead(dims));
}

function fitted(
  name: string,
  { dims: found, make }: StoredTensor,
  dims: readonly number[],
): () => Float32Array<ArrayBuffer> {
  if (plain(found) === plain(dims)) return make;
  if (isWithin(found, dims)) return () => pad(make(), found, dims);
  const [inner, whole] = [withoutOnes(found), withoutOnes(dims)];
  if (isWithin(inner, whole)) return () => pad(make(), inner, whole);
  throw new StateDictError(
    `its "${name}" has the shape [${found.join(', ')}], but by config.json it is [${dims.join(', ')}]; put the config.json of the model that it was exported from beside it`,
  );
}

/** Puts a tensor into the corner of a larger one of zeros. */
function pad(elements: Float32Array, from: readonly number[], to: readonly number[]): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(sizeOf(to));
  const row = from.at(-1) ?? 1;
  const rows = sizeOf(from.slice(0, -1));
  for (let i = 0; i < rows; i++) {
    let [rest, place, stride] = [i, 0, to.at(-1) ?? 1];
    for (let axis = from.length - 2; axis >= 0; axis--) {
      const size = from[axis] ?? 1;
      place += (rest % size) * stride;
      rest = Math.floor(rest / size);
      stride *= to[axis] ?? 1;
    }
    whole.set(elements.subarray(i * row, (i + 1) * row), place);
  }
  return whole;
}
