/** Requirements of the CUDA provider, and which of them this machine meets. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Shown before the download. onnxruntime 1.30 is built with CUDA 12 and cuDNN 9. */
export const requirements =
  'an NVIDIA card with driver 525 or newer, CUDA 12 (cudart, cuBLAS, cuFFT) and cuDNN 9 on the library path';

export interface CudaMachine {
  /** Name and driver of each card; empty without a driver. */
  readonly cards: readonly string[];
  /** Libraries that the provider needs and the system lacks. */
  readonly missing: readonly string[];
}

const libraries = ['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcufft.so.11', 'libcudnn.so.9'];

/** The system's own report, without the provider. */
export async function lookAtMachine(): Promise<CudaMachine> {
  const query = ['--query-gpu=name,driver_version', '--format=csv,noheader'];
  const [cards, known] = await Promise.all([output('nvidia-smi', query), output('ldconfig', ['-p'])]);
  const folders = (process.env['LD_LIBRARY_PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const named = await output('find', ['-L', ...folders, '-maxdepth', '1', '-name', 'libcu*']);
  return {
    cards: cards
      .split('\n')
      .map((line) => line.trim().replace(', ', ', driver '))
      .filter((line) => line !== ''),
    missing: libraries.filter(
      (library) => !known.includes(`${library} `) && (folders.length === 0 || !named.includes(library)),
    ),
  };
}

/** Libraries that a shared library needs and the loader does not find. */
export async function missingLibraries(file: string): Promise<readonly string[]> {
  return Array.from((await output('ldd', [file])).matchAll(/^\s*(\S+) => not found/gmu), ([, name = '']) => name);
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 10_000 }).catch(() => ({ stdout: '' }));
  return stdout;
}
