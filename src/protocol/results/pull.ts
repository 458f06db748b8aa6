/** What `pinch pull` prints, and what more it prints where the hub refuses a model. */

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

/** In the JSON of a `pinch pull` that failed, as `refusal`, because the hub answered 401 or 403: another token may help. */
export const hubRefusal = v.object({
  status: v.picklist([401, 403]),
  /** Whether a token was sent. */
  withToken: v.boolean(),
  /** The model's page, where its conditions can be accepted. */
  page: text,
  /** The page where a user makes tokens. */
  tokens: text,
});
export type HubRefusal = Shape<typeof hubRefusal>;
