/** Work that Ctrl-C breaks off, and that a second call of the command resumes. */

import { exitCodes } from './output.ts';
import { endProgress } from './progress.ts';

/**
 * @param work is told to stop by the signal, and prints its result.
 * @param interrupted what is said then: one sentence.
 * @returns the command's exit code.
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<() => void>,
  interrupted: string,
): Promise<number> {
  const abort = new AbortController();
  const cancel = (): void => abort.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  try {
    const print = await work(abort.signal);
    endProgress();
    print();
    return exitCodes.done;
  } catch (error) {
    endProgress();
    if (!abort.signal.aborted) throw error;
    process.stderr.write(`${interrupted}\n`);
    return exitCodes.interrupted;
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
  }
}
