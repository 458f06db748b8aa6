/** Values of a graph under construction. */

import type { DataType, Tensor } from './tensor.ts';

/** The known facts about a value before anything runs. */
export interface ValueType {
  readonly type: DataType;
  readonly dims: readonly number[];
}

/** A value of the graph under construction: an input, a constant, or an output of a node. */
export interface Value extends ValueType {
  readonly name: string;
  /** The elements, if they are known while building. */
  readonly constant?: Tensor;
}

/** An operator's input; `undefined` omits an optional one. */
export type Operand = Value | undefined;
