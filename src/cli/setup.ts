/** `pinch setup cuda`: downloads onnxruntime's CUDA provider, or removes it. */

import { removeCuda, setUpCuda, type CudaSetup } from '../runtime/cuda/setup.ts';
import { exitCodes, printResult, UsageError } from './output.ts';
import { endProgress, showProgress } from './progress.ts';

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
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  try {
    const done = await setUpCuda({
      from,
      source,
      plan: dryRun,
      signal: abort.signal,
      say: (line) => process.stderr.write(`${line}\n`),
      onProgress: (label, count, total) => showProgress({ label, done: count, total }),
    });
    endProgress();
    printResult(json, done, describe(done));
    return exitCodes.done;
  } catch (error) {
    endProgress();
    if (!abort.signal.aborted) throw error;
    process.stderr.write('Interrupted. The downloaded part is kept: run "pinch setup cuda" again to resume.\n');
    return exitCodes.interrupted;
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
  }
}

function describe({ version, folder, state, message }: CudaSetup): string {
  if (state === 'planned') return `${message}\n`;
  const where = `The CUDA provider of onnxruntime ${version} is ${state === 'installed' ? 'now' : 'already'} in ${folder}.`;
  return `${where}\n${message}\n`;
}
