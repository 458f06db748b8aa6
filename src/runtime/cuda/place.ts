/** The folder of onnxruntime's CUDA provider: the user's own data folder, so that an update of the extension keeps it. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { dataFolder } from '../../base/dataFolder.ts';

/** The CUDA provider exists for this platform only; other platforms use the GPU through WebGPU. */
export const cudaPlatform = process.platform === 'linux' && process.arch === 'x64';

/** Folder of the CUDA providers of all versions, downloads included. */
export const cudaFolder = (environment?: NodeJS.ProcessEnv): string => join(dataFolder(environment), 'cuda');

/** Folder of the package for one version of onnxruntime: `node_modules/onnxruntime-node` in it has the provider beside its own libraries. */
export const cudaVersionFolder = (version: string, environment?: NodeJS.ProcessEnv): string =>
  join(cudaFolder(environment), version);

/** Folder of native libraries inside an installed onnxruntime-node. */
export const nativeFolder = join('bin', 'napi-v6', 'linux', 'x64');

/** The CUDA provider's library. */
export const cudaProvider = 'libonnxruntime_providers_cuda.so';

/** The file that marks a complete installation. It is written last. */
export const markerName = 'installed.json';

const markerSchema = v.object({
  version: v.string(),
  /** base64 of the package's SHA-512. */
  sha512: v.string(),
  /** The package's source: an address, or the path of a file. */
  source: v.string(),
  installed: v.string(),
  /** Bytes of each native library, by path in `node_modules/onnxruntime-node`. */
  files: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
});
export type CudaMarker = v.InferOutput<typeof markerSchema>;

/** The installation for a version of onnxruntime; undefined if it is missing or incomplete. */
export function installedCuda(version: string, environment?: NodeJS.ProcessEnv): CudaMarker | undefined {
  const folder = cudaVersionFolder(version, environment);
  try {
    const parsed = v.safeParse(markerSchema, JSON.parse(readFileSync(join(folder, markerName), 'utf8')));
    if (!parsed.success || parsed.output.version !== version) return undefined;
    const whole = Object.entries(parsed.output.files).every(
      ([name, bytes]) => statSync(join(folder, 'node_modules', 'onnxruntime-node', name)).size === bytes,
    );
    return whole ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
