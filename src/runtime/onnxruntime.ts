/**
 * Loads onnxruntime: the package that Pinch came with, or the copy beside which `pinch setup cuda` put the CUDA provider. onnxruntime looks for
 * providers only in the folder of its own library, and the folder that Pinch came with belongs to the package manager or the editor.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Onnxruntime from 'onnxruntime-node';
import { cudaPlatform, cudaProvider, cudaVersionFolder, installedCuda, nativeFolder } from './cuda/place.ts';

const own = createRequire(import.meta.url);

/** The onnxruntime-node that Pinch came with: its package.json and its version. */
export const ownPackage = {
  manifest: own.resolve('onnxruntime-node/package.json'),
  version: (own('onnxruntime-node/package.json') as { readonly version: string }).version,
};

export const onnxruntime = load();

/** Whether the CUDA provider for this version of onnxruntime is there: set up by Pinch, or by the package manager. */
export function cudaIsSetUp(): boolean {
  return ownPackageHasCuda() || installedCuda(ownPackage.version) !== undefined;
}

function ownPackageHasCuda(): boolean {
  return existsSync(join(dirname(ownPackage.manifest), nativeFolder, cudaProvider));
}

function load(): typeof Onnxruntime {
  if (cudaPlatform && !ownPackageHasCuda() && installedCuda(ownPackage.version)) {
    try {
      const copy = createRequire(join(cudaVersionFolder(ownPackage.version), 'package.json'));
      return copy('onnxruntime-node') as typeof Onnxruntime;
    } catch {
      // A copy that does not load, after a change of the system for example, must not keep the CPU from training.
    }
  }
  return own('onnxruntime-node') as typeof Onnxruntime;
}
