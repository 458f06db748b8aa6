/** Runs the pinch command as a child process. Heavy work happens there, never in the extension host. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { NodeProgram } from './findNode.ts';

export interface CommandProgress {
  readonly label: string;
  readonly done: number;
  /** 0 if the total is not known. */
  readonly total: number;
}

export interface CommandOptions {
  /** The workspace's folder by default: imported models are kept below it. */
  readonly cwd?: string | undefined;
  /** More variables for the process. They are not logged, so a secret may be among them. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly onProgress?: ((progress: CommandProgress) => void) | undefined;
  /** Ends the command, which then throws `CommandCancelled`. */
  readonly signal?: AbortSignal | undefined;
}

export class CommandCancelled extends Error {
  override readonly name = 'CommandCancelled';
}

/** The command ended with an error. `message` is its sentence. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  /** The JSON that it printed; undefined if it printed none. */
  readonly printed: unknown;

  constructor(message: string, printed: unknown) {
    super(message);
    this.printed = printed;
  }
}

/** A program with its arguments, for a caller that starts it itself. */
export interface Invocation {
  readonly path: string;
  readonly args: readonly string[];
  /** Variables added to those of the caller. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface Pinch {
  /**
   * @param args of the command, without `--json`, which is added.
   * @returns the JSON that it printed.
   * @throws CommandFailed; CommandCancelled; Error if there is no Node.js to run it
   */
  readonly run: (args: readonly string[], options?: CommandOptions) => Promise<unknown>;
  /** The command line for a terminal. @throws Error if there is no Node.js to run it. */
  readonly invocation: (args: readonly string[]) => Promise<Invocation>;
}

/** Bytes: more than any result has, and few enough for the extension host. */
const longestResult = 256 * 2 ** 20;
/** Milliseconds for a cancelled command to end before it is killed. */
const graceful = 3000;

/**
 * @param file the bundled command.
 * @param node called for each command, because the setting may have changed.
 * @param log receives the command's standard error.
 * @param folder where commands run that are not told where; undefined for the folder of this process.
 */
export function createPinch(
  file: string,
  node: () => Promise<NodeProgram>,
  log: (line: string) => void,
  folder: () => string | undefined = () => undefined,
): Pinch {
  return {
    async invocation(args) {
      const { path, environment } = await node();
      return { path, args: [file, ...args], environment };
    },
    async run(args, { cwd = folder(), environment: more, onProgress, signal } = {}) {
      const { path, environment } = await node();
      const refuseIfCancelled = (): void => {
        if (signal?.aborted ?? false) throw new CommandCancelled();
      };
      refuseIfCancelled();
      log(`pinch ${args.join(' ')}`);
      const child = spawn(path, [file, ...args, '--json'], {
        cwd,
        env: { ...process.env, ...environment, ...more, PINCH_PROGRESS: 'json' },
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
      });
      const cancel = (): void => {
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), graceful).unref();
      };
      signal?.addEventListener('abort', cancel, { once: true });
      const chunks: Buffer[] = [];
      let size = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > longestResult) child.kill('SIGKILL');
        else chunks.push(chunk);
      });
      let lastLine = '';
      createInterface({ input: child.stderr }).on('line', (line) => {
        const progress = parseProgress(line);
        if (progress !== undefined) onProgress?.(progress);
        else if (line.trim() !== '') {
          lastLine = line;
          log(line);
        }
      });
      try {
        const code = await new Promise<number | null>((resolve, reject) => {
          child.once('error', reject);
          child.once('close', resolve);
        });
        refuseIfCancelled();
        const result = parseJson(Buffer.concat(chunks).toString('utf8'));
        if (code === 0 && result !== undefined) return result;
        throw new CommandFailed(
          messageOf(result) ?? (lastLine || `pinch ${args[0] ?? ''} ended unexpectedly (exit code ${String(code)}).`),
          result,
        );
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    },
  };
}

function parseProgress(line: string): CommandProgress | undefined {
  if (!line.startsWith('{"progress"')) return undefined;
  const { progress } = (parseJson(line) ?? {}) as { progress?: Partial<CommandProgress> };
  if (typeof progress?.label !== 'string') return undefined;
  const { label, done = 0, total = 0 } = progress;
  return { label, done, total };
}

function messageOf(result: unknown): string | undefined {
  const { message } = (result ?? {}) as { message?: unknown };
  return typeof message === 'string' && message !== '' ? message : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
