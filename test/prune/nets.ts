/** Small networks of the kinds that exporters write, to find groups in and to shrink. */

import { float, int, ints, type Attributes, type Graph, type Node } from '../../src/onnx/graph/graph.ts';
import { float32, int64, sizeOf, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { node } from '../onnx/smallFile.ts';

/** A network that reads `x` [batch, time, 16]. */
export class Net {
  readonly nodes: Node[] = [];
  readonly initializers: Record<string, Tensor> = {};
  /** Matrices and kernels that would be gated. */
  readonly gated: string[] = [];
  private state = 1;

  op(opType: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.ops(opType, inputs, 1, attributes)[0]!;
  }

  ops(opType: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const index = this.nodes.length;
    const outputs = Array.from({ length: count }, (_, i) => `v${index}_${i}`);
    this.nodes.push(node(opType, [...inputs], outputs, { name: `${opType}_${index}`, attributes }));
    return outputs;
  }

  ints(values: readonly number[]): string {
    return this.store(`ints_${values.join('_')}`, int64(values));
  }

  int(value: number): string {
    return this.store(`int_${value}`, int64([value], []));
  }

  scalar(value: number): string {
    return this.store(`scalar_${value}`, { ...float32([value]), dims: [] });
  }

  /** Small numbers that are the same in every run. */
  weight(name: string, dims: readonly number[], gated = dims.length > 1): string {
    if (gated) this.gated.push(name);
    const data = Float32Array.from({ length: sizeOf(dims) }, () => {
      this.state = (this.state * 48271) % 2147483647;
      return this.state / 2147483647 - 0.5;
    });
    return this.store(name, float32(data, dims));
  }

  linear(x: string, name: string, from: number, to: number): string {
    const product = this.op('MatMul', [x, this.weight(`${name}.weight`, [from, to])]);
    return this.op('Add', [product, this.weight(`${name}.bias`, [to])]);
  }

  /** The graph, with one value as its output `y`. */
  graph(output: string): Pick<Graph, 'nodes' | 'inputs' | 'outputs'> & { initializers: Record<string, Tensor> } {
    return {
      nodes: [...this.nodes, node('Identity', [output], ['y'], { name: 'last' })],
      initializers: this.initializers,
      inputs: [{ name: 'x', type: 'float32', dims: ['batch', 'time', 16] }],
      outputs: [{ name: 'y', type: 'float32', dims: ['batch', 'time', 16] }],
    };
  }

  store(name: string, tensor: Tensor): string {
    this.initializers[name] = tensor;
    return name;
  }
}

/** Writes a network that reads `x` and gives the name of its output. */
export type Write = (net: Net) => string;

const perm = (...axes: number[]): Attributes => ({ perm: ints(axes) });

function residual(net: Net, branch: string): string {
  const sum = net.op('Add', ['x', branch]);
  const scale = net.weight('norm.weight', [16]);
  return net.op('LayerNormalization', [sum, scale, net.weight('norm.bias', [16])], { axis: int(-1) });
}

const feedForward: Write = (net) => {
  const unit = net.linear('x', 'in', 16, 24);
  const erf = net.op('Erf', [net.op('Div', [unit, net.scalar(1.4142135)])]);
  const gelu = net.op('Mul', [net.op('Mul', [unit, net.op('Add', [erf, net.scalar(1)])]), net.scalar(0.5)]);
  return residual(net, net.linear(gelu, 'out', 24, 16));
};

const withoutBias: Write = (net) => {
  const unit = net.op('Relu', [net.op('MatMul', ['x', net.weight('in.weight', [16, 24])])]);
  return residual(net, net.op('MatMul', [unit, net.weight('out.weight', [24, 16])]));
};

/** Half of the branch is added, as in a Conformer. */
const halved: Write = (net) => {
  const unit = net.op('Sigmoid', [net.linear('x', 'in', 16, 24)]);
  return residual(net, net.op('Mul', [net.linear(unit, 'out', 24, 16), net.scalar(0.5)]));
};

const gemm: Write = (net) => {
  const rows = net.op('Reshape', ['x', net.ints([-1, 16])]);
  const transB = { transB: int(1) };
  const unit = net.op('Gemm', [rows, net.weight('in.weight', [24, 16]), net.weight('in.bias', [24])], transB);
  const relu = net.op('Relu', [unit]);
  const out = net.op('Gemm', [relu, net.weight('out.weight', [16, 24]), net.weight('out.bias', [16])], transB);
  return residual(net, net.op('Reshape', [out, net.op('Shape', ['x'])]));
};

const gatedByMatrix: Write = (net) => {
  const gate = net.op('Sigmoid', [net.linear('x', 'gate', 16, 24)]);
  return residual(net, net.linear(net.op('Mul', [net.linear('x', 'in', 16, 24), gate]), 'out', 24, 16));
};

const gatedBySplit: Write = (net) => {
  const [value = '', gate = ''] = net.ops('Split', [net.linear('x', 'in', 16, 48), net.ints([24, 24])], 2, {
    axis: int(2),
  });
  return residual(net, net.linear(net.op('Mul', [value, net.op('Sigmoid', [gate])]), 'out', 24, 16));
};

const gatedBySlice: Write = (net) => {
  const both = net.linear('x', 'in', 16, 48);
  const half = (start: number, end: number): string =>
    net.op('Slice', [both, net.ints([start]), net.ints([end]), net.ints([2])]);
  const gate = net.op('Sigmoid', [half(24, Number.MAX_SAFE_INTEGER)]);
  return residual(net, net.linear(net.op('Mul', [half(0, 24), gate]), 'out', 24, 16));
};

/** Pointwise, depthwise and pointwise convolution over time, as in a Conformer. */
const convolutions: Write = (net) => {
  const turned = net.op('Transpose', ['x'], perm(0, 2, 1));
  const both = net.op('Conv', [turned, net.weight('in.weight', [48, 16, 1]), net.weight('in.bias', [48])]);
  const [value = '', gate = ''] = net.ops('Split', [both, net.ints([24, 24])], 2, { axis: int(1) });
  const unit = net.op('Mul', [value, net.op('Sigmoid', [gate])]);
  const kernel = [net.weight('depth.weight', [24, 1, 3], false), net.weight('depth.bias', [24])];
  const depthwise = net.op('Conv', [unit, ...kernel], { group: int(24), pads: ints([1, 1]) });
  const statistics = ['scale', 'shift', 'mean'].map((name) => net.weight(`batch.${name}`, [24]));
  const variance = net.weight('batch.variance', [24]);
  net.initializers[variance]!.data.fill(2 as never);
  const normal = net.op('BatchNormalization', [depthwise, ...statistics, variance]);
  const swish = net.op('Mul', [normal, net.op('Sigmoid', [normal])]);
  const out = net.op('Conv', [swish, net.weight('out.weight', [16, 24, 1]), net.weight('out.bias', [16])]);
  return residual(net, net.op('Transpose', [out], perm(0, 2, 1)));
};

/** @param shapes how the exporter wrote the shapes down: of the heads, and of what they are joined to. */
const attention =
  (shapes: (net: Net) => { readonly heads: string; readonly joined: string }): Write =>
  (net) => {
    const { heads, joined } = shapes(net);
    const byHead = (name: string, ...order: number[]): string =>
      net.op('Transpose', [net.op('Reshape', [net.linear('x', name, 16, 32), heads])], perm(...order));
    const scores = net.op('MatMul', [byHead('q', 0, 2, 1, 3), byHead('k', 0, 2, 3, 1)]);
    const shares = net.op('Softmax', [net.op('Mul', [scores, net.scalar(0.35)])], { axis: int(-1) });
    const nothing = net.op('Where', [net.op('IsNaN', [shares]), net.scalar(0), shares]);
    const context = net.op('MatMul', [nothing, byHead('v', 0, 2, 1, 3)]);
    const rows = net.op('Reshape', [net.op('Transpose', [context], perm(0, 2, 1, 3)), joined]);
    return residual(net, net.linear(rows, 'out', 32, 16));
  };

const sizeAt = (net: Net, value: string, axis: number): string =>
  net.op('Gather', [net.op('Shape', [value]), net.int(axis)], { axis: int(0) });

const one = (net: Net, value: string): string => net.op('Unsqueeze', [value, net.ints([0])]);

const constantShapes = attention((net) => ({ heads: net.ints([0, 0, 4, 8]), joined: net.ints([0, 0, 32]) }));

const freeShapes = attention((net) => ({ heads: net.ints([0, 0, -1, 8]), joined: net.ints([0, 0, -1]) }));

const computedShapes = attention((net) => {
  const sizes = [0, 1].map((axis) => one(net, sizeAt(net, 'x', axis)));
  const wide = one(net, net.op('Mul', [net.int(4), net.int(8)]));
  return {
    heads: net.op('Concat', [...sizes, net.ints([4]), net.ints([8])], { axis: int(0) }),
    joined: net.op('Concat', [...sizes, wide], { axis: int(0) }),
  };
});

/** Heads are counted with the batch, as bmm wants it, and the scores divided by a number that comes from a shape. */
const mergedHeads: Write = (net) => {
  const [batch, time] = [0, 1].map((axis) => sizeAt(net, 'x', axis)) as [string, string];
  const many = one(net, net.op('Mul', [batch, net.int(4)]));
  const heads = net.op('Concat', [one(net, batch), one(net, time), net.ints([4, 8])], { axis: int(0) });
  const merged = net.op('Concat', [many, one(net, time), net.ints([8])], { axis: int(0) });
  const split = net.op('Concat', [one(net, batch), net.ints([4]), one(net, time), net.ints([8])], { axis: int(0) });
  const byHead = (name: string): string => {
    const turned = net.op('Transpose', [net.op('Reshape', [net.linear('x', name, 16, 32), heads])], perm(0, 2, 1, 3));
    return net.op('Reshape', [turned, merged]);
  };
  const q = byHead('q');
  const k = net.op('Transpose', [byHead('k')], perm(0, 2, 1));
  const count = net.op('Gather', [net.op('Shape', [q]), net.int(0)], { axis: int(0) });
  const each = net.op('Div', [count, batch]);
  const scale = net.op('Sqrt', [net.op('Cast', [each], { to: int(1) })]);
  const scores = net.op('Div', [net.op('MatMul', [q, k]), scale]);
  const context = net.op('MatMul', [net.op('Softmax', [scores], { axis: int(-1) }), byHead('v')]);
  const parted = net.op('Transpose', [net.op('Reshape', [context, split])], perm(0, 2, 1, 3));
  return residual(net, net.linear(net.op('Reshape', [parted, net.ints([0, 0, 32])]), 'out', 32, 16));
};

const fusedProjections: Write = (net) => {
  const all = net.op('Reshape', [net.linear('x', 'qkv', 16, 96), net.ints([0, 0, 3, 4, 8])]);
  const turned = net.op('Transpose', [all], perm(2, 0, 3, 1, 4));
  const [q, k, v] = [0, 1, 2].map((i) => net.op('Gather', [turned, net.int(i)], { axis: int(0) })) as [
    string,
    string,
    string,
  ];
  const scores = net.op('MatMul', [q, net.op('Transpose', [k], perm(0, 1, 3, 2))]);
  const context = net.op('MatMul', [net.op('Softmax', [scores], { axis: int(-1) }), v]);
  const rows = net.op('Reshape', [net.op('Transpose', [context], perm(0, 2, 1, 3)), net.ints([0, 0, 32])]);
  return residual(net, net.linear(rows, 'out', 32, 16));
};

/** Two heads of keys and values, each for two heads of queries; and a number for every head that is added to its scores. */
const groupedQueries: Write = (net) => {
  const byHead = (name: string, heads: number): string => {
    const parted = net.op('Reshape', [net.linear('x', name, 16, heads * 8), net.ints([0, 0, heads, 8])]);
    return net.op('Transpose', [parted], perm(0, 2, 1, 3));
  };
  const repeated = (name: string): string => {
    const column = net.op('Unsqueeze', [byHead(name, 2), net.ints([2])]);
    const wide = net.op('Expand', [column, net.ints([1, 2, 2, 1, 8])]);
    const shape = net.op('Concat', [one(net, sizeAt(net, 'x', 0)), net.ints([4, -1, 8])], { axis: int(0) });
    return net.op('Reshape', [wide, shape]);
  };
  const scores = net.op('MatMul', [byHead('q', 4), net.op('Transpose', [repeated('k')], perm(0, 1, 3, 2))]);
  const sloped = net.op('Add', [scores, net.weight('slopes', [4, 1, 1], false)]);
  const context = net.op('MatMul', [net.op('Softmax', [sloped], { axis: int(-1) }), repeated('v')]);
  const rows = net.op('Reshape', [net.op('Transpose', [context], perm(0, 2, 1, 3)), net.ints([0, 0, 32])]);
  return residual(net, net.linear(rows, 'out', 32, 16));
};

const einsum: Write = (net) => {
  const byHead = (name: string): string => net.op('Reshape', [net.linear('x', name, 16, 32), net.ints([0, 0, 4, 8])]);
  const equation = (text: string): Attributes => ({ equation: { type: 'string', value: text } });
  const scores = net.op('Einsum', [byHead('q'), byHead('k')], equation('bihd,bjhd->bhij'));
  const shares = net.op('Softmax', [scores], { axis: int(-1) });
  const context = net.op('Einsum', [shares, byHead('v')], equation('bhij,bjhd->bihd'));
  return residual(net, net.linear(net.op('Reshape', [context, net.ints([0, 0, 32])]), 'out', 32, 16));
};

/** Networks with groups, and what each group is: units or heads, how many, and the gated matrices. */
export const groupedNets: readonly {
  readonly name: string;
  readonly write: Write;
  readonly groups: string;
  /** Whether the whole layer can go. */
  readonly removable: boolean;
}[] = [
  {
    name: 'a feed-forward block with a GELU in pieces',
    write: feedForward,
    groups: '24 units: in out',
    removable: true,
  },
  { name: 'one without biases', write: withoutBias, groups: '24 units: in out', removable: true },
  { name: 'one that is halved before it is added', write: halved, groups: '24 units: in out', removable: true },
  { name: 'Gemms that are stored turned', write: gemm, groups: '24 units: in out', removable: false },
  { name: 'a gate from another matrix', write: gatedByMatrix, groups: '24 units: gate in out', removable: true },
  { name: 'a gate from a Split', write: gatedBySplit, groups: '24 units: in in out', removable: true },
  { name: 'a gate from Slices', write: gatedBySlice, groups: '24 units: in in out', removable: true },
  { name: 'convolutions of a Conformer', write: convolutions, groups: '24 units: in in out', removable: false },
  { name: 'an attention with constant shapes', write: constantShapes, groups: '4 heads: q k v out', removable: true },
  { name: 'one with shapes that are left open', write: freeShapes, groups: '4 heads: q k v out', removable: true },
  { name: 'one with computed shapes', write: computedShapes, groups: '4 heads: q k v out', removable: true },
  { name: 'one with heads in the batch', write: mergedHeads, groups: '4 heads: q k v out', removable: true },
  { name: 'one matrix for q, k and v', write: fusedProjections, groups: '4 heads: qkv qkv qkv out', removable: true },
  { name: 'grouped queries', write: groupedQueries, groups: '2 heads: q k v out', removable: true },
  { name: 'an attention of Einsums', write: einsum, groups: '4 heads: q k v out', removable: true },
];

const through =
  (write: (net: Net, unit: string) => string): Write =>
  (net) =>
    residual(net, net.linear(write(net, net.linear('x', 'in', 16, 24)), 'out', 24, 16));

/** Networks without groups, and the reason for the first matrix. */
export const wholeNets: readonly { readonly name: string; readonly write: Write; readonly reason: RegExp }[] = [
  {
    name: 'a normalised axis',
    write: through((net, unit) =>
      net.op('LayerNormalization', [unit, net.weight('inner', [24])], { axis: int(-1), epsilon: float(1e-5) }),
    ),
    reason: /output channels are normalized together by LayerNormalization/u,
  },
  {
    name: 'a softmax over units',
    write: through((net, unit) => net.op('Softmax', [unit], { axis: int(-1) })),
    reason: /output channels are normalized together by Softmax/u,
  },
  {
    name: 'a mean over units',
    write: through((net, unit) => net.op('Sub', [unit, net.op('ReduceMean', [unit, net.ints([-1])])])),
    reason: /output channels are reduced by ReduceMean/u,
  },
  {
    name: 'an operator that Pinch cannot follow',
    write: through((net, unit) => net.op('CumProd', [unit])),
    reason: /output channels meet CumProd "CumProd_2", through which Pinch cannot follow them/u,
  },
  {
    name: 'a matrix that is not gated',
    write: (net) => {
      const unit = net.op('Relu', [net.linear('x', 'in', 16, 24)]);
      const output = residual(net, net.linear(unit, 'out', 24, 16));
      net.gated.splice(1);
      return output;
    },
    reason: /output channels belong to "out.weight", too, which is not gated/u,
  },
  {
    name: 'a matrix that is read twice',
    write: (net) => {
      const unit = net.linear(net.linear('x', 'in', 16, 24), 'twice', 24, 24);
      const again = net.op('MatMul', [net.op('Relu', [unit]), 'twice.weight']);
      return residual(net, net.linear(again, 'out', 24, 16));
    },
    reason: /output channels belong to "twice.weight", which is read in several places/u,
  },
  {
    name: 'a residual stream that nothing normalises',
    write: (net) => {
      const stream = net.linear('x', 'in', 16, 24);
      const unit = net.op('Softmax', [net.linear(stream, 'up', 24, 32)], { axis: int(-1) });
      const sum = net.op('Add', [stream, net.linear(unit, 'down', 32, 24)]);
      return residual(net, net.linear(sum, 'out', 24, 16));
    },
    reason: /output channels are shared by layers that follow one another/u,
  },
  {
    name: 'halves that are not equal',
    write: through((net, unit) => {
      const pieces = net.ops('Split', [unit, net.ints([8, 16])], 2, { axis: int(2) });
      return net.op('Concat', pieces.toReversed(), { axis: int(2) });
    }),
    reason: /output channels are taken apart by Split/u,
  },
  {
    name: 'activations that are multiplied over their channels',
    write: (net) => {
      const scores = net.op('MatMul', [
        net.linear('x', 'in', 16, 24),
        net.op('Transpose', [net.linear('x', 'key', 16, 24)], perm(0, 2, 1)),
      ]);
      return residual(net, net.op('MatMul', [scores, 'x']));
    },
    reason: /output channels are summed over by MatMul .*, which multiplies two activations/u,
  },
];
