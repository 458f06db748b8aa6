/** What a specialized graph need not compute: rules by operator, tried whenever a node is written. */

import type { Simplification, Simplifications } from './rewriter.ts';

const same: Simplification = (_, { inputs: [x], type }) =>
  x && x.type === type.type && x.dims.length === type.dims.length && x.dims.every((dim, i) => dim === type.dims[i])
    ? x
    : undefined;

export const simplifications: Simplifications = {
  Identity: [same],
  Cast: [same],
};
