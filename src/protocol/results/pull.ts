/** What `pinch pull` prints. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';

export const pulledModel = v.object({
  id: text,
  revision: text,
  /** The commit that the revision meant. */
  commit: text,
  /** Absolute. */
  folder: text,
  files: v.array(
    v.object({
      /** In the folder, with `/`. */
      path: text,
      bytes: count,
      /** `there`: it was in the folder, or an earlier call had fetched it. */
      from: v.picklist(['hub', 'cache', 'there']),
    }),
  ),
});
export type PulledModel = Shape<typeof pulledModel>;
