/** A module of a model, as in PyTorch: its parameters have its path in front of their names, its nodes tell it as theirs. */

import type { Attributes } from '../../onnx/graph/graph.ts';
import type { ModelBuilder, ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { WeightStore } from '../weights.ts';

export class Module {
  readonly b: ModelBuilder;
  private readonly weights: WeightStore;
  /** From the model down, a list with its index as one. */
  private readonly path: readonly string[];

  constructor(b: ModelBuilder, weights: WeightStore, path: readonly string[] = []) {
    this.b = b;
    this.weights = weights;
    this.path = path;
  }

  child(name: string): Module {
    return new Module(this.b, this.weights, [...this.path, name]);
  }

  /** One of a list of modules. */
  at(list: string, index: number): Module {
    return this.child(`${list}.${index}`);
  }

  op(opType: string, inputs: readonly ValueName[], attributes: Attributes = {}): ValueName {
    return this.b.op(this.path.join('/'), opType, inputs, attributes);
  }

  ops(opType: string, inputs: readonly ValueName[], count: number, attributes: Attributes = {}): ValueName[] {
    return this.b.ops(this.path.join('/'), opType, inputs, count, attributes);
  }

  /** A parameter as the checkpoint has it. @throws ImportError if it has none of this shape. */
  parameter(name: string, dims: readonly number[]): ValueName {
    return this.weights.store([...this.path, name].join('.'), dims);
  }

  /** A parameter [out, in], stored [in, out]. @throws ImportError if the checkpoint has none of this shape. */
  matrix(name: string, dims: readonly [number, number]): ValueName {
    return this.weights.storeTransposed([...this.path, name].join('.'), dims);
  }

  /** Exchanges axes 1 and 2 of three: frames and channels. */
  turn(x: ValueName): ValueName {
    return this.op('Transpose', [x], { perm: { type: 'ints', value: [0, 2, 1] } });
  }
}
