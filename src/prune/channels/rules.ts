/** How each operator passes the indices of its inputs' axes on to its outputs. */

import { attribute, intAttribute, intsAttribute, stringAttribute, type Node } from '../../onnx/graph.ts';
import { frontAxis } from '../../onnx/evaluate/common.ts';
import type { Axes, Axis, Layout } from './axes.ts';

/** A node with what is known of its inputs and outputs. */
export interface Visit {
  readonly node: Node;
  readonly axes: Axes;
  /** How messages name the node. */
  readonly where: string;
  /** The layout of an input; undefined where it is left out. */
  readonly inputs: readonly (Layout | undefined)[];
  /** The dimensions of the outputs; undefined where one is left out. */
  readonly outputs: readonly (readonly number[] | undefined)[];
  /** The elements of a small input of integers, if they are known. */
  readonly integers: (input: number) => readonly number[] | undefined;
  /** The version of ONNX's own operators. */
  readonly opset: number;
  /** Says that the products along an axis of input `a` and one of input `b` are summed. */
  readonly contract: (a: number, axisOfA: number, b: number, axisOfB: number) => void;
}

/** The layouts of the outputs; undefined if this use of the operator is not known. */
export type Rule = (visit: Visit) => readonly Layout[] | undefined;

/** Every element of the output depends on the elements at its place. */
const elementwise: Rule = (visit) => {
  const { axes, inputs, outputs } = visit;
  return outputs.map((dims = []) =>
    dims.map((dim, axis): Axis => {
      const met = inputs.flatMap((layout) => {
        const held = layout?.[axis - dims.length + layout.length];
        return held && held.length > 0 ? [held] : [];
      });
      const [first, ...others] = met;
      for (const other of others) if (first) axes.equate(first, other);
      return first ?? axes.fresh(dim);
    }),
  );
};

/** Every element of the output depends on all elements along some axes of the first input, which keep their places. */
const along =
  (which: (visit: Visit, rank: number) => readonly number[], how: string): Rule =>
  (visit) => {
    const [x] = visit.inputs;
    if (!x) return undefined;
    for (const axis of which(visit, x.length)) visit.axes.keep(x[axis] ?? [], `${how} ${visit.where}`);
    return [x];
  };

const normalized = 'are normalized together by';

const softmax = along(({ node, opset }, rank) => {
  const axis = frontAxis(intAttribute(node, 'axis', opset < 13 ? 1 : -1), rank);
  return opset < 13 ? from(axis, rank) : [axis];
}, normalized);

/** Normalization over the last axes, with a scale and a bias for each place in them. */
const layerNormalization: Rule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x, ...others] = inputs;
  if (!x) return undefined;
  const first = frontAxis(intAttribute(node, 'axis', -1), x.length);
  for (const axis of from(first, x.length)) axes.keep(x[axis] ?? [], `${normalized} ${where}`);
  for (const other of others) for (const axis of other ?? []) axes.keep(axis, `${normalized} ${where}`);
  return outputs.map((dims, i) => (i === 0 ? x : keptFresh(visit, dims)));
};

/** The second axis holds channels, each with numbers of its own in the other inputs. */
const perChannel =
  (rest: 'kept' | 'free'): Rule =>
  ({ inputs, axes, where, outputs }) => {
    const [x, ...others] = inputs;
    if (!x || outputs.length > 1) return undefined;
    for (const other of others) for (const axis of other ?? []) axes.equate(axis, x[1] ?? []);
    if (rest === 'kept') for (const axis of x.slice(2)) axes.keep(axis, `${normalized} ${where}`);
    return [x];
  };

const groupNormalization: Rule = (visit) => {
  const [x, ...others] = visit.inputs;
  if (!x) return undefined;
  for (const axis of [...x.slice(1), ...others.flatMap((other) => other ?? [])]) {
    visit.axes.keep(axis, `${normalized} ${visit.where}`);
  }
  return [x];
};

const reduce: Rule = (visit) => {
  const { node, inputs, outputs, axes, where, integers } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  const single = intAttribute(node, 'axis');
  const named = node.opType.startsWith('Arg')
    ? [single ?? 0]
    : (intsAttribute(node, 'axes') ?? (inputs[1] ? integers(1) : []));
  if (!named) return undefined;
  const nothing = named.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1;
  if (nothing) return [x];
  const reduced = new Set(named.length === 0 ? x.keys() : named.map((axis) => frontAxis(axis, x.length)));
  for (const axis of reduced) axes.keep(x[axis] ?? [], `are reduced by ${where}`);
  const keeps = intAttribute(node, 'keepdims', 1) === 1;
  return [x.flatMap((axis, i) => (reduced.has(i) ? (keeps ? [[]] : []) : [axis]))];
};

const matMul: Rule = (visit) => {
  const [a, b] = visit.inputs;
  const [dims] = visit.outputs;
  if (!a || !b || !dims || a.length < 2 || b.length < 2) return undefined;
  visit.contract(0, a.length - 1, 1, b.length - 2);
  const stacked = elementwise({
    ...visit,
    inputs: [a.slice(0, -2), b.slice(0, -2)],
    outputs: [dims.slice(0, -2)],
  });
  return [[...(stacked?.[0] ?? []), a.at(-2) ?? [], b.at(-1) ?? []]];
};

const gemm: Rule = (visit) => {
  const { node, inputs, axes } = visit;
  const [a, b, c] = inputs;
  if (!a || !b) return undefined;
  const [transA, transB] = [intAttribute(node, 'transA', 0), intAttribute(node, 'transB', 0)];
  visit.contract(0, 1 - transA, 1, transB);
  const result = [a[transA] ?? [], b[1 - transB] ?? []];
  c?.toReversed().forEach((axis, i) => {
    if (axis.length > 0) axes.equate(axis, result[1 - i] ?? []);
  });
  return [result];
};

/** A convolution over all channels, or over each by itself; over groups of several it ties channels together. */
const convolution: Rule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x, weight, bias] = inputs;
  const [dims] = outputs;
  if (!x || !weight || !dims) return undefined;
  const channels = axes.factors(x[1] ?? []).reduce((product, { size }) => product * size, 1);
  const groups = intAttribute(node, 'group', 1);
  let result: Axis = weight[0] ?? [];
  if (groups === 1) visit.contract(0, 1, 1, 1);
  else if (groups === channels && dims[1] === channels) axes.equate((result = x[1] ?? []), weight[0] ?? []);
  else for (const axis of [x[1] ?? [], result]) axes.keep(axis, `go through ${where} in groups of several`);
  if (bias?.[0]) axes.equate(bias[0], result);
  for (const axis of [...x.slice(2), ...weight.slice(2)]) axes.keep(axis, `lie under the window of ${where}`);
  return [[x[0] ?? [], result, ...dims.slice(2).map((dim) => keptAxis(visit, dim))]];
};

const pool: Rule = (visit) => {
  const [x] = visit.inputs;
  const [dims] = visit.outputs;
  if (!x || !dims || visit.outputs.length > 1) return undefined;
  for (const axis of x.slice(2)) visit.axes.keep(axis, `lie under the window of ${visit.where}`);
  return [[...x.slice(0, 2), ...dims.slice(2).map((dim) => keptAxis(visit, dim))]];
};

/** Letters name axes: the same letter is the same axis, and one that the output lacks is summed over. */
const einsum: Rule = (visit) => {
  const [left = '', right] = stringAttribute(visit.node, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (right === undefined || left.includes('.') || terms.length > 2) return undefined;
  const places = new Map<string, { readonly input: number; readonly axis: number }[]>();
  terms.forEach((term, input) => {
    Array.from(term).forEach((letter, axis) => places.set(letter, [...(places.get(letter) ?? []), { input, axis }]));
  });
  const at = ({ input, axis }: { input: number; axis: number }): Axis => visit.inputs[input]?.[axis] ?? [];
  for (const [letter, [first, second, third]] of places) {
    if (!first || third || first.input === second?.input) return undefined;
    if (!right.includes(letter)) {
      if (second) visit.contract(first.input, first.axis, second.input, second.axis);
      else visit.axes.keep(at(first), `are reduced by ${visit.where}`);
    } else if (second && at(first).length > 0 && at(second).length > 0) visit.axes.equate(at(first), at(second));
  }
  return [Array.from(right, (letter) => (places.get(letter) ?? []).map(at).find((axis) => axis.length > 0) ?? [])];
};

const transpose: Rule = ({ node, inputs }) => {
  const [x] = inputs;
  const perm = intsAttribute(node, 'perm') ?? x?.map((_, axis) => axis).toReversed();
  return x && perm && [perm.map((axis) => x[axis] ?? [])];
};

/** The same elements, counted in the same order. */
const reshape: Rule = ({ inputs, outputs, axes, where }) => {
  const [x] = inputs;
  const [dims] = outputs;
  return x && dims && [axes.reshape(x, dims, where)];
};

/** Pieces of equal length are runs of one axis; of other lengths they cannot be told apart from their neighbours. */
const split: Rule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x] = inputs;
  if (!x) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), x.length);
  const lengths = outputs.map((dims) => dims?.[axis]);
  const equal = lengths.every((length) => length !== undefined && length === lengths[0]);
  if (equal && lengths.length > 1) {
    const run = axes.runs(x[axis] ?? [], lengths.length, where);
    return outputs.map(() => x.with(axis, run));
  }
  if (lengths.length > 1) axes.keep(x[axis] ?? [], `are taken apart by ${where}`);
  return outputs.map((dims) => (lengths.length > 1 ? x.with(axis, keptAxis(visit, dims?.[axis] ?? 1)) : x));
};

/** A slice is one of the equal runs of an axis, or what is left of the axis cannot be told. */
const slice: Rule = (visit) => {
  const { node, inputs, outputs, axes, where, integers } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  const old = intsAttribute(node, 'starts') !== undefined;
  const starts = intsAttribute(node, 'starts') ?? integers(1);
  const named = intsAttribute(node, 'axes') ?? (old || !inputs[3] ? starts?.map((_, i) => i) : integers(3));
  const steps = inputs[4] ? integers(4) : starts?.map(() => 1);
  if (!starts || !named || !steps) return undefined;
  const result = [...x];
  named.forEach((axis, i) => {
    const at = frontAxis(axis, x.length);
    const held = x[at] ?? [];
    const size = axes.factors(held).reduce((product, factor) => product * factor.size, 1);
    const left = dims[at] ?? 1;
    const start = Math.max(0, frontAxis(starts[i] ?? 0, size));
    if (left === size && steps[i] === 1) return;
    if (steps[i] === 1 && left > 0 && size % left === 0 && start % left === 0) {
      result[at] = axes.runs(held, size / left, where);
    } else {
      axes.keep(held, `are taken apart by ${where}`);
      result[at] = keptAxis(visit, left);
    }
  });
  return [result];
};

/** Rows are looked up: all of them are needed, and what stands in a row keeps its place. */
const gather: Rule = (visit) => {
  const { node, inputs, axes, where } = visit;
  const [x, indices] = inputs;
  if (!x || !indices) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), x.length);
  axes.keep(x[axis] ?? [], `are looked up by ${where}`);
  return [[...x.slice(0, axis), ...indices, ...x.slice(axis + 1)]];
};

const concat: Rule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [dims] = outputs;
  if (!dims) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), dims.length);
  for (const x of inputs) axes.keep(x?.[axis] ?? [], `are joined with others by ${where}`);
  const rest = elementwise({ ...visit, inputs: inputs.map((x) => x?.with(axis, [])), outputs: [dims.with(axis, 1)] });
  return rest?.map((layout) => layout.with(axis, keptAxis(visit, dims[axis] ?? 1)));
};

/** Axes of size 1 become longer; what was longer stays as it is. */
const expand: Rule = ({ inputs, outputs, axes, where }) => {
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  return [
    dims.map((dim, i): Axis => {
      const axis = x[i - dims.length + x.length] ?? [];
      if (axis.length === 0) return axes.fresh(dim);
      const size = axes.factors(axis).reduce((product, factor) => product * factor.size, 1);
      if (size === dim) return axis;
      axes.keep(axis, `are repeated by ${where}`);
      const repeated = axes.fresh(dim);
      axes.keep(repeated, `are repeated by ${where}`);
      return repeated;
    }),
  ];
};

/** Axes that change their size are needed whole. */
const pad: Rule = (visit) => {
  const { inputs, outputs, axes, where } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  return [
    x.map((axis, i): Axis => {
      const size = axes.factors(axis).reduce((product, factor) => product * factor.size, 1);
      if (size === dims[i]) return axis;
      axes.keep(axis, `are padded by ${where}`);
      return keptAxis(visit, dims[i] ?? 1);
    }),
  ];
};

/** Values that hold shapes or numbers of places: their own axes are of no channels. */
const unrelated: Rule = (visit) => visit.outputs.map((dims) => keptFresh(visit, dims));

/** Attention over [batch, heads, frames, width], as many heads for keys and values as for queries. */
const attention: Rule = (visit) => {
  const { inputs, outputs, axes, where } = visit;
  const [q, k, v, mask] = inputs;
  if (q?.length !== 4 || k?.length !== 4 || v?.length !== 4) return undefined;
  if (outputs.length > 1 || inputs.slice(4).some((input) => input)) return undefined;
  const heads = [q, k, v].map((x) => axes.factors(x[1] ?? []).reduce((product, { size }) => product * size, 1));
  if (new Set(heads).size > 1) return undefined;
  for (const x of [k, v]) for (const axis of [0, 1]) axes.equate(q[axis] ?? [], x[axis] ?? []);
  for (const axis of [k[2], v[2]]) axes.keep(axis ?? [], `${normalized} ${where}`);
  visit.contract(0, 3, 1, 3);
  const scores = [q[0] ?? [], q[1] ?? [], q[2] ?? [], k[2] ?? []];
  mask?.toReversed().forEach((axis, i) => {
    if (axis.length > 0) axes.equate(axis, scores[3 - i] ?? []);
  });
  return [[q[0] ?? [], q[1] ?? [], q[2] ?? [], v[3] ?? []]];
};

const constantValue: Rule = (visit) =>
  attribute(visit.node, 'value', 'tensor')
    ? visit.outputs.map((dims = []) => dims.map((dim) => visit.axes.fresh(dim)))
    : undefined;

function keptAxis({ axes, where }: Visit, size: number): Axis {
  const axis = axes.fresh(size);
  axes.keep(axis, `come from ${where}`);
  return axis;
}

function keptFresh(visit: Visit, dims: readonly number[] = []): Layout {
  return dims.map((dim) => keptAxis(visit, dim));
}

function from(first: number, rank: number): number[] {
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

const same = (names: readonly string[], rule: Rule): Record<string, Rule> =>
  Object.fromEntries(names.map((name) => [name, rule]));

const table: Readonly<Record<string, Rule>> = {
  ...same(
    [
      ...[
        'Identity',
        'Cast',
        'CastLike',
        'Dropout',
        'Abs',
        'Neg',
        'Sqrt',
        'Reciprocal',
        'Exp',
        'Log',
        'Erf',
        'Floor',
        'Ceil',
      ],
      ...[
        'Round',
        'Sign',
        'Not',
        'IsNaN',
        'IsInf',
        'Relu',
        'LeakyRelu',
        'PRelu',
        'Elu',
        'Selu',
        'Celu',
        'Gelu',
        'Mish',
      ],
      ...[
        'Sigmoid',
        'HardSigmoid',
        'HardSwish',
        'Swish',
        'Softplus',
        'Softsign',
        'ThresholdedRelu',
        'Tanh',
        'Sin',
        'Cos',
      ],
      ...['Clip', 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Sum', 'Mean', 'Where', 'And', 'Or', 'Xor'],
      ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
    ],
    elementwise,
  ),
  ...same(['Softmax', 'LogSoftmax', 'Hardmax'], softmax),
  ...same(['CumSum'], (visit) => {
    const axis = visit.integers(1)?.[0];
    return axis === undefined ? undefined : along((_, rank) => [frontAxis(axis, rank)], 'are summed up by')(visit);
  }),
  ...same(
    ['LpNormalization'],
    along(({ node }, rank) => [frontAxis(intAttribute(node, 'axis', -1), rank)], normalized),
  ),
  ...same(['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization'], layerNormalization),
  ...same(['BatchNormalization'], perChannel('free')),
  ...same(['InstanceNormalization'], perChannel('kept')),
  ...same(['GroupNormalization'], groupNormalization),
  ...same(
    [
      ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'],
      ...['ReduceLogSum', 'ReduceLogSumExp', 'ArgMax', 'ArgMin'],
    ],
    reduce,
  ),
  ...same(['MatMul'], matMul),
  ...same(['Gemm'], gemm),
  ...same(['Einsum'], einsum),
  ...same(['Conv'], convolution),
  ...same(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'], pool),
  ...same(['Transpose'], transpose),
  ...same(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'], reshape),
  ...same(['Split'], split),
  ...same(['Slice'], slice),
  ...same(['Gather'], gather),
  ...same(['Concat'], concat),
  ...same(['Expand', 'Tile'], expand),
  ...same(['Pad'], pad),
  ...same(['Shape', 'Size', 'Range', 'ConstantOfShape', 'NonZero'], unrelated),
  ...same(['Attention'], attention),
  ...same(['Constant'], constantValue),
};

/** The layouts of a node's outputs; undefined if Pinch cannot follow channels through it. */
export function passOn(visit: Visit): readonly Layout[] | undefined {
  const { node } = visit;
  const rule = node.domain === '' && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined;
  return rule?.(visit);
}
