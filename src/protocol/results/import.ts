/** What `pinch import` prints. */

import * as v from 'valibot';
import { count, text, type Shape } from '../schema.ts';

export const importedModel = v.object({
  /** The ONNX file. */
  model: text,
  /** As config.json names it: `Wav2Vec2ForCTC`. */
  architecture: text,
  parameters: count,
  /** Whether the CTC head is new, and knows nothing. */
  newHead: v.boolean(),
});
export type ImportedModel = Shape<typeof importedModel>;
