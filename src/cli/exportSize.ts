/** `pinch export --size` and `--ratio`: what of an export is needed for a size, and whether the size was reached. */

import { byteSize } from '../base/format.ts';
import { sizesBefore } from '../measure/export/sizesBefore.ts';
import type { ExportedModel } from '../protocol/results/export.ts';
import { UsageError } from './output.ts';
import type { CostTarget } from '../protocol/costTarget.ts';

export interface SizeFlags {
  readonly size?: CostTarget;
  readonly ratio?: number;
}

/** What the export may have at most, and whether that needs 8 bits. */
export interface WantedSize {
  /** After gzip. */
  readonly bytes: number;
  readonly int8: boolean;
}

/**
 * Weights of 8 bits cost accuracy, so they are only taken where float32 is too large.
 * @param path of the model to export
 * @throws UsageError if both flags are given, the ratio is not above 0 or is above 1, or it is not known what it is to
 */
export async function wantedSize(path: string, { size, ratio }: SizeFlags): Promise<WantedSize | undefined> {
  if (size === undefined && ratio === undefined) return undefined;
  if (size !== undefined && ratio !== undefined) throw new UsageError('Give --size or --ratio, not both.');
  if (ratio !== undefined && !(ratio > 0 && ratio <= 1))
    throw new UsageError(`--ratio must be above 0 and at most 1, such as 0.1; it is ${ratio}.`);
  const target = size ?? { ratio: ratio ?? 1 };
  const { gzippedBytes, denseBytes } = await sizesBefore(path);
  if (!('amount' in target) && denseBytes === undefined) {
    throw new UsageError(
      'The model that this one was pruned from is not known or not there any more, so there is nothing for a ratio: give --size in bytes, such as 1.5MB.',
    );
  }
  const bytes = 'amount' in target ? target.amount : target.ratio * (denseBytes ?? 0);
  return { bytes, int8: gzippedBytes > bytes };
}

/** One sentence about an export that is larger than was asked for; undefined if it is not. */
export function tooLarge({ to, quantized }: ExportedModel, { bytes }: WantedSize): string | undefined {
  const { gzippedBytes } = quantized ?? to;
  if (gzippedBytes <= bytes) return undefined;
  return `${byteSize(bytes)} after gzip was asked for, and ${byteSize(gzippedBytes)} is what the weights that are left take: prune the original with --target-size ${Math.floor(bytes / 1e4) / 100}MB, or with a higher --target-sparsity.`;
}
