/** Checks the JSON that a command printed. */

import * as v from 'valibot';
import type { Shape } from '../../protocol/schema.ts';

/**
 * @param command its name in messages, such as `diff`.
 * @throws Error that names the first wrong field.
 */
export function readPrinted<S extends v.GenericSchema>(schema: S, printed: unknown, command: string): Shape<S> {
  const result = v.safeParse(schema, printed, { abortEarly: true });
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0]) ?? 'it';
  throw new Error(`pinch ${command} printed no result that this extension understands ("${field}" is wrong).`);
}
