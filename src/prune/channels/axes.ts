/**
 * Relations between the axes of tensors. An axis is a product of factors, outermost first: an axis of 64 channels that is reshaped to 4 heads of
 * 16 has the factors 4 and 16 from then on, wherever these channels occur. Factors that operators keep side by side become one.
 */

/** A run of indices, on one axis or several. Opaque: `Axes` knows its parts and its equal factors. */
export interface Factor {
  readonly size: number;
}

/** The factors of one axis, outermost first; none for an axis of size 1. */
export type Axis = readonly Factor[];
export type ChannelAxes = readonly Axis[];

/** The record behind a factor. */
interface Held extends Factor {
  /** The factor that it equals, if that was found out later. */
  same?: Held;
  /** Its parts, outermost first. */
  parts?: readonly [Held, Held];
  /** Why nothing may be removed from it, as a predicate: `are normalized together by …`. */
  reason?: string;
}

export class Axes {
  /** A new axis of some size, which equals no other. */
  fresh(size: number): Axis {
    return size === 1 ? [] : [{ size }];
  }

  /** The smallest known factors of an axis. Two factors are equal if and only if they are the same object here. */
  factors(axis: Axis): Factor[] {
    return this.leaves(axis);
  }

  /** The reason why nothing may be removed from a factor; undefined if there is none. @param factor from `factors`. */
  reason(factor: Factor): string | undefined {
    return (factor as Held).reason;
  }

  /** Declares that all indices of an axis are needed. The first reason is kept. */
  keep(axis: Axis, reason: string): void {
    for (const leaf of this.leaves(axis)) leaf.reason ??= reason;
  }

  /** Declares that two axes of the same size have the same indices. */
  equate(a: Axis, b: Axis): void {
    const [left, right] = [this.leaves(a), this.leaves(b)];
    for (let x = left.shift(), y = right.shift(); x && y; x = left.shift(), y = right.shift()) {
      if (x.size === y.size) {
        this.unite(x, y);
        continue;
      }
      const [large, small, rest] = x.size > y.size ? [x, y, left] : [y, x, right];
      const parts = this.split(large, small.size);
      if (!parts) {
        this.keep([...a, ...b], 'are counted in two ways that do not fit together');
        return;
      }
      rest.unshift(parts[1]);
      this.unite(parts[0], small);
      // A split may have given parts to the remaining factors.
      left.splice(0, left.length, ...this.leaves(left));
      right.splice(0, right.length, ...this.leaves(right));
    }
  }

  /** Declares the same elements in another shape, row-major. @param where names the operator, for reasons. */
  reshape(layout: ChannelAxes, dims: readonly number[], where: string): ChannelAxes {
    const result: Axis[] = [];
    let rest = this.leaves(layout.flat());
    let next = 0;
    // Groups axes that hold the same elements on both sides, as few as possible each, so that no axes are mixed without need.
    while (next < dims.length) {
      const wanted = [dims[next++] ?? 1];
      let taken = 0;
      for (;;) {
        const [before, after] = [productOf(rest.slice(0, taken)), wanted.reduce((product, dim) => product * dim, 1)];
        if (before === after) break;
        if (before < after && taken < rest.length) taken += 1;
        else if (next < dims.length) wanted.push(dims[next++] ?? 1);
        else break;
      }
      result.push(...this.regroup(rest.slice(0, taken), wanted, where));
      rest = this.leaves(rest.slice(taken));
    }
    return result;
  }

  /** An axis as `count` runs of equal length, one after the other: the factors of one run. */
  runs(axis: Axis, count: number, where: string): Axis {
    const size = productOf(axis);
    const [outer = [], inner = []] = this.reshape([axis], [count, size / count], where);
    this.keep(outer, `are taken apart by ${where}`);
    return inner;
  }

  /** Distributes factors to axes of some sizes; a factor may have to be split. */
  private regroup(factors: readonly Held[], dims: readonly number[], where: string): ChannelAxes {
    let rest = [...factors];
    const result: Axis[] = [];
    for (const dim of dims) {
      const axis: Held[] = [];
      let need = dim;
      while (need > 1) {
        const [first] = (rest = this.leaves(rest));
        if (first && need % first.size === 0) {
          axis.push(first);
          need /= first.size;
          rest = rest.slice(1);
        } else if (!first || !this.split(first, need)) {
          return this.mixed(factors, dims, where);
        }
      }
      result.push(axis);
    }
    return result;
  }

  private mixed(factors: Axis, dims: readonly number[], where: string): ChannelAxes {
    const reason = `are mixed with others by ${where}`;
    this.keep(factors, reason);
    return dims.map((dim) => {
      const axis = this.fresh(dim);
      this.keep(axis, reason);
      return axis;
    });
  }

  private leaves(axis: Axis): Held[] {
    return axis.flatMap((factor): Held[] => {
      const held = find(factor);
      return held.parts ? this.leaves(held.parts) : [held];
    });
  }

  /** Both are leaves. */
  private unite(a: Held, b: Held): void {
    if (a === b) return;
    b.same = a;
    const reason = a.reason ?? b.reason;
    if (reason !== undefined) a.reason = reason;
  }

  /** Splits a leaf into two parts, the outer one of a size that divides its own. */
  private split(leaf: Held, outer: number): readonly [Held, Held] | undefined {
    if (leaf.size % outer !== 0) return undefined;
    const why = leaf.reason === undefined ? {} : { reason: leaf.reason };
    const parts = [
      { size: outer, ...why },
      { size: leaf.size / outer, ...why },
    ] as const;
    leaf.parts = parts;
    return parts;
  }
}

function find(held: Held): Held {
  let found = held;
  while (found.same) found = found.same;
  return found;
}

const productOf = (factors: Axis): number => factors.reduce((product, { size }) => product * size, 1);
