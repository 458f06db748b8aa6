/** Output of the commands: results on standard output, everything else on standard error. */

/** A usage error: exit code 2, and nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** The result of a command: one JSON object and nothing else with --json, text otherwise. */
export function printResult(json: boolean, result: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : text);
}
