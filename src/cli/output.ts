/** How the command answers: results on standard output, everything else on standard error. */

/** An error of usage: exit code 2, and nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The result of a command: for programs one JSON object and nothing else, for people text. */
export function printResult(json: boolean, result: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : text);
}
