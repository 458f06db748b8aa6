/** What a graph in the making knows of its values. */

import type { DataType, Tensor } from './tensor.ts';

/** What is known of a value before anything runs. */
export interface ValueType {
  readonly type: DataType;
  readonly dims: readonly number[];
}

/** A value of the graph being built: an input, a constant, or an output of a node. */
export interface Value extends ValueType {
  readonly name: string;
  /** The elements, where they are known while building. */
  readonly constant?: Tensor;
}

/** An operator's input; `undefined` leaves an optional one out. */
export type Operand = Value | undefined;
