/** Helpers of many gradient rules: reading operands, axes, and small pieces of graph. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Operand, Value } from '../../onnx/graph/value.ts';
import { describe, int, type Node } from '../../onnx/graph/graph.ts';
import { toNumbers } from '../../onnx/graph/tensor.ts';
import type { NodeContext, GradientRule, RuleContext } from '../rule.ts';

/**
 * A rule for an operator with one output: `g` is its gradient, `x` the first input, `y` the output. The loop calls a rule only
 * if some output has a gradient.
 */
export function one(rule: (context: RuleContext, g: Value, x: Value, y: Value) => readonly Operand[]): GradientRule {
  return (context, gradients) => {
    const [g] = gradients;
    return g ? rule(context, g, input(context, 0), output(context, 0)) : [];
  };
}

/** A rule for a function of one input: its gradient. */
export function unary(rule: (b: Builder, g: Value, x: Value, y: Value, node: Node) => Value): GradientRule {
  return one(({ b, node }, g, x, y) => [rule(b, g, x, y, node)]);
}

/** @throws if the node lacks the input. */
export function input({ node, inputs }: NodeContext, i: number): Value {
  const value = inputs[i];
  if (!value) throw new Error(`${describe(node)} lacks input ${i}`);
  return value;
}

/** @throws if the node lacks the output. */
export function output({ node, outputs }: NodeContext, i: number): Value {
  const value = outputs[i];
  if (!value) throw new Error(`${describe(node)} lacks output ${i}`);
  return value;
}

/** The numbers of an input that must be known while building; undefined if the node omits it. @throws if it is unknown. */
export function numbers(context: NodeContext, i: number): number[] | undefined {
  const value = context.inputs[i];
  if (!value) return undefined;
  if (!value.constant) throw new Error(`${describe(context.node)}: input ${i} must be a constant`);
  return toNumbers(value.constant);
}

/** A reason if the gradient of one of `indices` is needed, for which there is no rule. */
export function notFor(...indices: readonly number[]): (context: NodeContext) => string | undefined {
  return ({ node, needs }) => {
    const i = indices.find(needs);
    return i === undefined ? undefined : `${node.opType} has no gradient rule for input ${i}`;
  };
}

/** The axis counted from the front. */
export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The size of axis `axis`; 1 if it does not exist. */
export function dimOf(value: Value, axis: number): number {
  return value.dims[fromFront(axis, value.dims.length)] ?? 1;
}

/** Zeros of a shape. */
export function zeros(b: Builder, dims: readonly number[]): Value {
  return b.op('Expand', [b.scalar(0), b.ints(dims)]);
}

export function reshape(b: Builder, value: Value, dims: readonly number[]): Value {
  const same = value.dims.length === dims.length && value.dims.every((dim, i) => dim === dims[i]);
  return same ? value : b.op('Reshape', [value, b.ints(dims)]);
}

export function transpose(b: Builder, value: Value, perm: readonly number[]): Value {
  return b.op('Transpose', [value], { perm: { type: 'ints', value: perm } });
}

/** Swaps the last two axes. */
export function swapLast(b: Builder, value: Value): Value {
  const rank = value.dims.length;
  const perm = value.dims.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return transpose(b, value, perm);
}

/** A part of a value along `axes`. */
export function slice(
  b: Builder,
  value: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  return b.op('Slice', [value, b.ints(starts), b.ints(ends), b.ints(axes), b.ints(steps)]);
}

/** `g` where `condition` holds, 0 elsewhere. */
export function where(b: Builder, condition: Value, g: Value): Value {
  return b.op('Where', [condition, g, b.scalar(0)]);
}

export function mul(b: Builder, left: Value, right: Value | number): Value {
  return b.op('Mul', [left, typeof right === 'number' ? b.scalar(right) : right]);
}

/** The sum over some axes, which are removed. */
export function sumOver(b: Builder, value: Value, axes: readonly number[]): Value {
  return b.op('ReduceSum', [value, b.ints(axes)], { keepdims: int(0) });
}
