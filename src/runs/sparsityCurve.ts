/** Reads the sparsity curve that is kept beside a checkpoint. */

import { stat } from 'node:fs/promises';
import * as v from 'valibot';
import { readSmallFile } from '../base/smallFile.ts';
import { sparsityCurve, type SparsityCurve } from '../protocol/results/sparsityCurve.ts';
import { sparsityCurveFile } from './paths.ts';

/** A curve has a hundred points. */
const largestFile = 1 << 20;

/** @param model the ONNX file. @returns undefined if there is none, if it is damaged, or if the model has changed since: it is counted again then. */
export async function keptSparsityCurve(model: string): Promise<SparsityCurve | undefined> {
  try {
    const json = await readSmallFile(sparsityCurveFile(model), largestFile);
    const curve = v.parse(sparsityCurve, JSON.parse(json));
    const now = await modelIdentity(model);
    return curve.modelFile.bytes === now.bytes && curve.modelFile.modified === now.modified ? curve : undefined;
  } catch {
    return undefined;
  }
}

export async function modelIdentity(model: string): Promise<SparsityCurve['modelFile']> {
  const { size, mtime } = await stat(model);
  return { bytes: size, modified: mtime.toISOString() };
}
