/**
 * Loads onnxruntime: the installed package, or the copy to which `pinch setup cuda` added the CUDA provider. onnxruntime looks for providers
 * only in its own library's folder, and the installed package belongs to the package manager or the editor.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Onnxruntime from 'onnxruntime-node';
import { cudaPlatform, cudaProvider, cudaVersionFolder, installedCuda, nativeFolder } from './cuda/place.ts';

const own = createRequire(import.meta.url);

/** The installed onnxruntime-node: its package.json and its version. */
export const ownPackage = {
  manifest: own.resolve('onnxruntime-node/package.json'),
  version: (own('onnxruntime-node/package.json') as { readonly version: string }).version,
};

export const onnxruntime = load();

/** Whether the CUDA provider for this version of onnxruntime is installed, by Pinch or by the package manager. */
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
      // A copy that does not load, for example after an update of the system, must not prevent training on the CPU.
    }
  }
  return own('onnxruntime-node') as typeof Onnxruntime;
}
