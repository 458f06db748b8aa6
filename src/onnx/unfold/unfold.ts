/** Restores parameters that an exporter folded: normalizations in kernels, several biases in one vector. */

import type { ModelFile } from '../file/load.ts';
import { saysTrained, type Signature } from '../graph/names.ts';
import { unfoldBatchNorm } from './batchNorm.ts';
import { takeApart } from './pieces.ts';
import { unfoldWeightNorm } from './weightNorm.ts';

/** The same model up to rounding, in which these parameters are stored tensors; `file` itself if there are none. */
export function unfold(file: ModelFile, signature: Signature): ModelFile {
  const isParameter = (name: string): boolean =>
    signature.kinds.size > 0 ? signature.kinds.get(name) === 'PARAMETER' : saysTrained(name);
  return takeApart(unfoldBatchNorm(unfoldWeightNorm(file, signature), signature), isParameter);
}
