/** Schemas of values in files and messages, and the type of a schema. */

import * as v from 'valibot';

export const text = v.string();
/** A number of things. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const real = v.pipe(v.number(), v.finite());
/** A finite number that is not negative: a length, a time, an error rate. */
export const amount = v.pipe(real, v.minValue(0));
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** ISO 8601, UTC. */
export const time = v.pipe(text, v.isoTimestamp());

type Deep<T> = unknown extends T ? T : { readonly [K in keyof T]: Deep<T[K]> };

/** The read-only type of a schema. */
export type Shape<S extends v.GenericSchema> = Deep<v.InferOutput<S>>;
