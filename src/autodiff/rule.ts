/** The type of gradient rules: a rule's view of a node, its result, and the table of rules. */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Operand, Value } from '../onnx/graph/value.ts';
import type { Node } from '../onnx/graph/graph.ts';

/** A rule's view of the node that it differentiates, before it writes anything. */
export interface NodeContext {
  readonly node: Node;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Value[];
  /** Whether the gradient of input `i` is needed; a rule may skip the others. */
  readonly needs: (i: number) => boolean;
  /** Whether output `i` may have a gradient. */
  readonly gives: (i: number) => boolean;
}

export interface RuleContext extends NodeContext {
  /** Writes the gradient's nodes. */
  readonly b: Builder;
}

/**
 * Maps the gradients of a node's outputs (undefined: zero) to the gradients of its inputs (undefined: zero, or not needed).
 * A gradient may have the shape before broadcasting, or any shape that broadcasts to the input's: the loop reshapes it.
 */
export type GradientRule = (context: RuleContext, gradients: readonly Operand[]) => readonly Operand[];

/** A rule for some uses of its operator only. */
export interface PartialRule {
  readonly rule: GradientRule;
  /** Why this node's gradient cannot be computed; undefined if it can. */
  readonly unsupported: (context: NodeContext) => string | undefined;
}

/** An operator without a gradient: small changes of its inputs do not change its outputs, or its outputs are not numbers. */
export const zero = 'zero';

export type RuleTable = Readonly<Record<string, GradientRule | PartialRule | typeof zero>>;
