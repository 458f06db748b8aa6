/** Where onnxruntime's CUDA provider is kept: in the user's own data folder, so that an update of the extension does not lose it. */

import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';

/** The CUDA provider exists for this platform only; elsewhere WebGPU is the way to the graphics card. */
export const cudaPlatform = process.platform === 'linux' && process.arch === 'x64';

/** Folder of everything that Pinch keeps for this user. PINCH_DATA names another. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { PINCH_DATA: own, XDG_DATA_HOME: data, LOCALAPPDATA: local } = environment;
  if (own) return own;
  if (process.platform === 'win32') return join(local ?? join(homedir(), 'AppData', 'Local'), 'pinch');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'pinch');
  return join(data ?? join(homedir(), '.local', 'share'), 'pinch');
}

/** Folder of the CUDA providers of all versions, downloads included. */
export const cudaFolder = (environment?: NodeJS.ProcessEnv): string => join(dataFolder(environment), 'cuda');

/** Folder of the package for one version of onnxruntime: `node_modules/onnxruntime-node` in it has the provider beside its own libraries. */
export const cudaVersionFolder = (version: string, environment?: NodeJS.ProcessEnv): string =>
  join(cudaFolder(environment), version);

/** Folder of native libraries inside an installed onnxruntime-node. */
export const nativeFolder = join('bin', 'napi-v6', 'linux', 'x64');

/** The library that runs graphs on CUDA. */
export const cudaProvider = 'libonnxruntime_providers_cuda.so';

/** The file that says that an installation is complete. Written last. */
export const markerName = 'installed.json';

const markerSchema = v.object({
  version: v.string(),
  /** base64 of the package that the provider is from. */
  sha512: v.string(),
  /** Where it is from: an address, or the path of a file. */
  source: v.string(),
  installed: v.string(),
  /** Bytes of each native library, by path in `node_modules/onnxruntime-node`. */
  files: v.record(v.string(), v.pipe(v.number(), v.integer(), v.minValue(0))),
});
export type CudaMarker = v.InferOutput<typeof markerSchema>;

/** What is installed for a version of onnxruntime; undefined if nothing is, or not all of it. */
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
