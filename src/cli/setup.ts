/** `pinch setup cuda`: downloads onnxruntime's CUDA provider, or removes it. */

import { removeCuda, setUpCuda, type CudaSetup } from '../runtime/cuda/setup.ts';
import { interruptible } from './interruptible.ts';
import { exitCodes, printResult, UsageError } from './output.ts';
import { showProgress } from './progress.ts';

export interface SetupFlags {
  readonly dryRun?: boolean;
  readonly from?: string;
  readonly source?: string;
  readonly remove?: boolean;
  readonly json?: boolean;
}

export async function setup(what: string, { dryRun, from, source, remove, json = false }: SetupFlags): Promise<number> {
  if (what !== 'cuda') throw new UsageError(`Pinch sets up "cuda", not "${what}".`);
  if (remove) {
    const removed = await removeCuda();
    printResult(json, { removed }, removed ? 'The CUDA provider was removed.\n' : 'No CUDA provider was set up.\n');
    return exitCodes.done;
  }
  const work = async (signal: AbortSignal): Promise<() => void> => {
    const done = await setUpCuda({
      from,
      source,
      plan: dryRun,
      signal,
      say: (line) => process.stderr.write(`${line}\n`),
      onProgress: (label, count, total) => showProgress({ label, done: count, total }),
    });
    return () => printResult(json, done, describe(done));
  };
  return interruptible(work, 'Interrupted. The downloaded part is kept: run "pinch setup cuda" again to resume.');
}

function describe({ version, folder, state, message }: CudaSetup): string {
  if (state === 'planned') return `${message}\n`;
  const where = `The CUDA provider of onnxruntime ${version} is ${state === 'installed' ? 'now' : 'already'} in ${folder}.`;
  return `${where}\n${message}\n`;
}
