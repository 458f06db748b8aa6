/** Changed copies of decoded messages: a loaded model itself never changes. */

import type { Message } from '@bufbuild/protobuf';

/** A copy with some fields replaced; the others, including unknown ones, are shared. */
export function withFields<M extends Message>(message: M, fields: Partial<M>): M {
  // An unset field has its default on the prototype, so the copy must keep the prototype.
  return Object.assign(Object.create(Object.getPrototypeOf(message) as object) as M, message, fields);
}

/** A copy without some fields: reading them gives their defaults. Not for lists, which are cleared by `withFields`. */
export function withoutFields<M extends Message>(message: M, names: readonly (keyof M & string)[]): M {
  const copy = withFields(message, {});
  for (const name of names) Reflect.deleteProperty(copy, name);
  return copy;
}
