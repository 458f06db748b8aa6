/** Removes nodes that return one of their inputs: x + 0, x · 1, a cast to the same type, a mask that keeps everything. */

import type { Operand, Value } from '../graph/value.ts';
import type { Draft, Rewriter, Simplification } from '../graph/rewriter.ts';

/** For operators whose output equals the first input if type and shape do. */
export const unchanged: Simplification = (_, draft) => (fits(draft, draft.inputs[0]) ? draft.inputs[0] : undefined);

/** For operators that combine any number of inputs and have one. */
export const single: Simplification = (_, draft) => (draft.inputs.length === 1 ? draft.inputs[0] : undefined);

/** x if the other operand, on either side, is `neutral` everywhere. */
export const neutral =
  (element: number): Simplification =>
  (r, draft) => {
    const [a, b] = draft.inputs;
    if (r.uniform(b) === element && fits(draft, a)) return a;
    return r.uniform(a) === element && fits(draft, b) ? b : undefined;
  };

/** x if the right operand is `neutral` everywhere. */
export const neutralRight =
  (element: number): Simplification =>
  (r, draft) =>
    r.uniform(draft.inputs[1]) === element && fits(draft, draft.inputs[0]) ? draft.inputs[0] : undefined;

/** Where with a condition that is the same everywhere. */
export const decidedWhere: Simplification = (r, draft) => {
  const [condition, yes, no] = draft.inputs;
  const decided = r.uniform(condition);
  if (decided === undefined) return undefined;
  const chosen = decided === 0 ? no : yes;
  return chosen && expanded(r, draft, chosen);
};

function expanded(r: Rewriter, { type, options }: Draft, value: Value): Value {
  return r.op('Expand', [value, r.b.ints(type.dims)], {}, options);
}

function fits({ type }: Draft, value: Operand): value is Value {
  return value?.type === type.type && sameDims(value.dims, type.dims);
}

export function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
