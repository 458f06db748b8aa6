/** Runs a command with a notification that shows its progress and can cancel it. */

import { ProgressLocation, window } from 'vscode';
import { CommandCancelled, type CommandOptions, type Pinch } from './pinch.ts';

/**
 * @returns the command's JSON; undefined if the user cancelled it.
 * @throws as Pinch.run, but for cancelling.
 */
export async function runWithProgress(
  pinch: Pinch,
  title: string,
  args: readonly string[],
  options: Pick<CommandOptions, 'cwd' | 'environment'> = {},
): Promise<unknown> {
  return window.withProgress(
    { location: ProgressLocation.Notification, title, cancellable: true },
    async (report, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      try {
        return await pinch.run(args, {
          ...options,
          signal: abort.signal,
          onProgress: (progress) => report.report({ message: describe(progress) }),
        });
      } catch (error) {
        if (error instanceof CommandCancelled) return undefined;
        throw error;
      }
    },
  );
}

function describe({ label, done, total }: { label: string; done: number; total: number }): string {
  return total > 0 ? `${label}: ${done} of ${total}` : label;
}
