/** Bounds for the elements of a model's values that hold for inputs of any content and size. */

import { attribute, intAttribute, type Attribute, type Graph, type Node } from '../graph/graph.ts';
import { sizeOf, toNumbers, type Tensor } from '../graph/tensor.ts';

/** Both inclusive. True counts as 1. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** Longer stored tensors are weights, not parts of masks. */
const longest = 1024;

/**
 * Bounds by value; a value without known bounds is missing.
 * @param varying stored tensors whose elements will change.
 */
export function valueRanges(
  { nodes, initializers }: Graph,
  varying: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, ValueRange> {
  const known = new Map<string, ValueRange>();
  const learn = (name: string | undefined, bounds: ValueRange | undefined): void => {
    if (name && bounds) known.set(name, bounds);
  };
  for (const [name, tensor] of initializers) if (!varying.has(name)) learn(name, ofTensor(tensor));
  for (const node of nodes) {
    const rule = node.domain === '' ? rules[node.opType] : undefined;
    learn(
      node.outputs[0],
      rule?.(
        node.inputs.map((name) => known.get(name)),
        node,
      ),
    );
  }
  return known;
}

export const always = ({ low, high }: ValueRange, value: number): boolean => low === value && high === value;

type RangeRule = (inputs: readonly (ValueRange | undefined)[], node: Node) => ValueRange | undefined;

const truth = (never: boolean, surely: boolean): ValueRange => ({ low: surely ? 1 : 0, high: never ? 0 : 1 });

const same: RangeRule = ([first]) => first;

const compare =
  (never: (a: ValueRange, b: ValueRange) => boolean, surely: (a: ValueRange, b: ValueRange) => boolean): RangeRule =>
  ([a, b]) =>
    a && b ? truth(never(a, b), surely(a, b)) : truth(false, false);

const atLeast = compare(
  (a, b) => a.high < b.low,
  (a, b) => a.low >= b.high,
);
const above = compare(
  (a, b) => a.high <= b.low,
  (a, b) => a.low > b.high,
);

const rules: Readonly<Record<string, RangeRule>> = {
  Constant: (_, { attributes }) => ofConstant(attributes),
  ConstantOfShape: (_, node) => {
    const value = attribute(node, 'value', 'tensor');
    return value ? ofTensor(value) : { low: 0, high: 0 };
  },
  Shape: () => ({ low: 0, high: Infinity }),
  Size: () => ({ low: 0, high: Infinity }),
  Range: ([start, , delta]) => (start && delta && delta.low > 0 ? { low: start.low, high: Infinity } : undefined),
  Identity: same,
  Unsqueeze: same,
  Squeeze: same,
  Reshape: same,
  Flatten: same,
  Expand: same,
  Transpose: same,
  Slice: same,
  Gather: same,
  Tile: same,
  Cast: ([value], node) => value && cast(value, intAttribute(node, 'to')),
  Concat: (values) => values.reduce((all, one) => all && one && hull(all, one), values[0]),
  GreaterOrEqual: atLeast,
  LessOrEqual: ([a, b], node) => atLeast([b, a], node),
  Greater: above,
  Less: ([a, b], node) => above([b, a], node),
  Equal: compare(
    (a, b) => a.high < b.low || b.high < a.low,
    (a, b) => a.low === a.high && b.low === b.high && a.low === b.low,
  ),
  IsNaN: () => truth(false, false),
  Not: ([a]) => (a ? { low: 1 - a.high, high: 1 - a.low } : truth(false, false)),
  And: ([a = truth(false, false), b = truth(false, false)]) => ({
    low: Math.min(a.low, b.low),
    high: Math.min(a.high, b.high),
  }),
  Or: ([a = truth(false, false), b = truth(false, false)]) => ({
    low: Math.max(a.low, b.low),
    high: Math.max(a.high, b.high),
  }),
  Where: ([condition, yes, no]) => {
    if (condition && always(condition, 1)) return yes;
    if (condition && always(condition, 0)) return no;
    return yes && no && hull(yes, no);
  },
};

const hull = (a: ValueRange, b: ValueRange): ValueRange => ({
  low: Math.min(a.low, b.low),
  high: Math.max(a.high, b.high),
});

function ofTensor(tensor: Tensor): ValueRange | undefined {
  const size = sizeOf(tensor.dims);
  return size === 0 || size > longest ? undefined : ofNumbers(toNumbers(tensor));
}

function ofConstant({ value, value_int, value_float }: Readonly<Record<string, Attribute>>): ValueRange | undefined {
  if (value?.type === 'tensor') return ofTensor(value.value);
  if (value_int?.type === 'int') return ofNumbers([value_int.value]);
  return value_float?.type === 'float' ? ofNumbers([value_float.value]) : undefined;
}

function ofNumbers(numbers: readonly number[]): ValueRange | undefined {
  return numbers.some(Number.isNaN) ? undefined : { low: Math.min(...numbers), high: Math.max(...numbers) };
}

/** ONNX's numbers of the types that masks are cast to. */
const [floatType, integerTypes, booleanType] = [1, [6, 7], 9];

function cast(value: ValueRange, to: number | undefined): ValueRange | undefined {
  if (to === booleanType) return truth(always(value, 0), value.low > 0 || value.high < 0);
  if (to !== undefined && integerTypes.includes(to))
    return { low: Math.trunc(value.low), high: Math.trunc(value.high) };
  return to === floatType ? value : undefined;
}
