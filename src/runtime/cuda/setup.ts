/** Installs onnxruntime's CUDA provider into the user's data folder, and removes it. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../base/makeFolder.ts';
import { download } from '../../base/network/download.ts';
import { hasChecksum, type Checksum } from '../../base/network/checksum.ts';
import { lockProcess } from '../../base/processLock.ts';
import { tryDevice } from '../device.ts';
import { ownPackage } from '../onnxruntime.ts';
import { extractFiles } from './extract.ts';
import { findPackage, nugetIndex, withoutNetwork, type RemotePackage } from './nuget.ts';
import {
  cudaFolder,
  cudaPlatform,
  cudaProvider,
  cudaVersionFolder,
  installedCuda,
  markerName,
  nativeFolder,
  type CudaMarker,
} from './place.ts';
import { lookAtMachine, missingLibraries, requirements, type CudaMachine } from './requirements.ts';

export interface CudaSetupOptions {
  /** A package that the user downloaded. Pinch then downloads nothing, and has no checksum to check. */
  readonly from?: string | undefined;
  /** Address of another NuGet server's service index. */
  readonly source?: string | undefined;
  /** Reports the plan without doing anything. */
  readonly plan?: boolean | undefined;
  readonly onProgress?: ((label: string, done: number, total: number) => void) | undefined;
  readonly say?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** As in download. */
  readonly pause?: number | undefined;
}

export interface CudaSetup {
  readonly version: string;
  readonly folder: string;
  readonly state: 'planned' | 'installed' | 'already installed';
  /** Bytes to download; null if unknown or nothing is missing. */
  readonly size: number | null;
  readonly machine: CudaMachine;
  /** Whether one small step ran on the card; null if it was not tried. */
  readonly works: boolean | null;
  /** One sentence: the result of that step. */
  readonly message: string;
}

const packageName = 'Microsoft.ML.OnnxRuntime.Gpu.Linux';
const inPackage = 'runtimes/linux-x64/native/';
const provided = [cudaProvider, 'libonnxruntime_providers_shared.so'];

/** Bytes of free space: the package itself, its extracted files (about two and a half times its size), and the copy of onnxruntime. */
const spaceFor = (size: number): number => 3.5 * size + 60e6;

/** @throws Error in one sentence that says what to do. Downloaded data is kept, and the next call resumes. */
export async function setUpCuda(options: CudaSetupOptions = {}): Promise<CudaSetup> {
  if (!cudaPlatform) {
    throw new Error(
      'onnxruntime has a CUDA provider for Linux on x64 only; elsewhere "--device webgpu" uses the graphics card.',
    );
  }
  const { version } = ownPackage;
  const folder = cudaVersionFolder(version);
  const machine = await lookAtMachine();
  const about = { version, folder, machine };
  options.say?.(`The CUDA provider of onnxruntime ${version} (NuGet package ${packageName}) needs ${requirements}.`);
  options.say?.(describeMachine(machine));
  if (installedCuda(version)) {
    if (options.plan)
      return { ...about, state: 'already installed', size: null, works: null, message: 'It is installed.' };
    return { ...about, state: 'already installed', size: null, ...(await tryStep(folder, options)) };
  }
  const source = options.source ?? process.env['PINCH_NUGET'] ?? nugetIndex;
  const remote =
    options.from === undefined ? await findPackage(source, packageName, version, options.signal) : undefined;
  const size = remote?.size ?? (await stat(options.from ?? '').catch(() => undefined))?.size;
  if (size === undefined) throw new Error(`${options.from ?? ''}: there is no such file.`);
  options.say?.(`The package has ${(size / 1e6).toFixed(1)} MB; it goes to ${folder}.`);
  if (options.plan) return { ...about, state: 'planned', size, works: null, message: 'Nothing was fetched.' };
  await makeFolder(cudaFolder());
  const lock = join(cudaFolder(), 'setup.lock');
  const unlock = await lockProcess(
    lock,
    (owner) => `Process ${owner} is setting up CUDA already (${basename(lock)} in ${dirname(lock)}).`,
  );
  try {
    const local = options.from ?? join(cudaFolder(), `${packageName.toLowerCase()}.${version}.nupkg`);
    const part = options.from === undefined ? ((await stat(`${local}.part`).catch(() => undefined))?.size ?? 0) : 0;
    await requireSpace(cudaFolder(), spaceFor(size) - part);
    if (remote && !(await isWhole(local, remote))) {
      const megabytes = (bytes: number): number => Math.floor(bytes / 1e6);
      await download({ ...remote, checksum: checksumOf(remote) }, local, {
        signal: options.signal,
        pause: options.pause,
        advice: withoutNetwork,
        onProgress: (bytes) => options.onProgress?.('Downloading (MB)', megabytes(bytes), megabytes(remote.size)),
      });
    }
    options.onProgress?.('Unpacking', 0, 0);
    const checksum = remote?.sha512 ?? (await sha512Of(local));
    await install(local, folder, { version, sha512: checksum, source: remote?.url ?? local });
    if (remote) await rm(local);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(cudaFolder(), spaceFor(size), error);
    throw error;
  } finally {
    await unlock();
  }
  return { ...about, state: 'installed', size, ...(await tryStep(folder, options)) };
}

/** Whether an earlier call has downloaded the package, and failed afterwards. */
async function isWhole(file: string, remote: RemotePackage): Promise<boolean> {
  if ((await stat(file).catch(() => undefined))?.size !== remote.size) return false;
  return await hasChecksum(file, checksumOf(remote));
}

function checksumOf({ sha512 }: RemotePackage): Checksum {
  return { algorithm: 'sha512', hex: Buffer.from(sha512, 'base64').toString('hex') };
}

/** base64 of a file's SHA-512. */
async function sha512Of(file: string): Promise<string> {
  const hash = createHash('sha512');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('base64');
}

/** Removes the providers of all versions, and their downloads. @returns whether there was anything. */
export async function removeCuda(): Promise<boolean> {
  const folder = cudaFolder();
  const there = (await stat(folder).catch(() => undefined)) !== undefined;
  await rm(folder, { recursive: true, force: true });
  return there;
}

export function describeMachine({ cards, missing }: CudaMachine): string {
  const found =
    cards.length > 0 ? `This machine has ${cards.join('; ')}.` : 'This machine shows no NVIDIA card (nvidia-smi).';
  return missing.length > 0 ? `${found} Not found: ${missing.join(', ')}.` : `${found} The CUDA libraries are there.`;
}

/** Copies the installed package, adds the provider to its libraries, and renames the result to its final name last. */
async function install(
  zip: string,
  folder: string,
  about: Pick<CudaMarker, 'version' | 'sha512' | 'source'>,
): Promise<void> {
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  try {
    const own = dirname(ownPackage.manifest);
    const copy = join(fresh, 'node_modules', 'onnxruntime-node');
    const native = join(copy, nativeFolder);
    await makeFolder(native);
    await cp(ownPackage.manifest, join(copy, 'package.json'));
    await cp(join(own, 'dist'), join(copy, 'dist'), { recursive: true });
    const libraries = ['onnxruntime_binding.node', 'libonnxruntime.so.1'];
    for (const name of libraries) await cp(join(own, nativeFolder, name), join(native, name));
    const common = 'onnxruntime-common';
    await cp(join(own, '..', common), join(fresh, 'node_modules', common), { recursive: true });
    await extractFiles(zip, new Map(provided.map((name) => [`${inPackage}${name}`, join(native, name)])));
    const files: Record<string, number> = {};
    for (const name of [...libraries, ...provided]) {
      files[join(nativeFolder, name)] = (await stat(join(native, name))).size;
    }
    const marker: CudaMarker = { ...about, installed: new Date().toISOString(), files };
    await writeFile(join(fresh, markerName), `${JSON.stringify(marker, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw error;
  }
}

async function tryStep(
  folder: string,
  { onProgress }: CudaSetupOptions,
): Promise<Pick<CudaSetup, 'works' | 'message'>> {
  onProgress?.('Trying one step on the card', 0, 0);
  const found = await tryDevice('cuda');
  if (typeof found !== 'string') {
    return {
      works: true,
      message: `One small step ran on the card: ${(found.speed / 1e9).toFixed(0)} GFLOP/s in matrix products.`,
    };
  }
  const provider = join(folder, 'node_modules', 'onnxruntime-node', nativeFolder, cudaProvider);
  const missing = await missingLibraries(provider);
  const reason = missing.length > 0 ? `the system does not find ${missing.join(', ')}` : found;
  return { works: false, message: `One small step did not run on the card: ${reason}.` };
}

async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) throw noSpace(folder, bytes, undefined);
}

function noSpace(folder: string, bytes: number, cause: unknown): Error {
  return new Error(
    `${folder}: there is not enough space on this disk; the CUDA provider needs about ${(bytes / 1e9).toFixed(1)} GB. Free some and run the command again, or name another folder with PINCH_DATA.`,
    { cause },
  );
}
