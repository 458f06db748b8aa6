/** Requests to a server, with errors that say what to do, and what to do about them: try again later, or give up. */

import { setTimeout as wait } from 'node:timers/promises';

/** A server that did not answer as it should. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  /** Whether the same request may go through later. */
  readonly again: boolean;
  /** Undefined if there was no answer. */
  readonly response: Response | undefined;

  constructor(message: string, again: boolean, { cause, response }: { cause?: unknown; response?: Response } = {}) {
    super(message, { cause });
    this.again = again;
    this.response = response;
  }
}

/** Milliseconds without a byte after which a connection counts as broken off. */
export const patience = 30_000;

/** The reason of a signal that ends a request because nothing comes. */
export const stalled = new Error('nothing came for a while');

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** What to do without network, as a part of a sentence. */
  readonly advice?: string | undefined;
}

/** @throws HttpError in one sentence; the signal's reason if that ends it. */
export async function request(url: string, { headers = {}, signal, advice }: RequestOptions = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted && signal.reason !== stalled && !isTimeout(signal.reason)) throw error;
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    const reason = signal?.aborted ? 'it does not answer' : (code ?? (error as Error).message);
    throw new HttpError(
      `Pinch cannot reach ${new URL(url).host} (${reason}); check the network${advice === undefined ? '' : `, or ${advice}`}.`,
      true,
      { cause: error },
    );
  }
  const { status } = response;
  if (response.ok || status === 416) return response;
  await response.body?.cancel();
  throw new HttpError(`${url}: the server answers ${status}${meaning(status)}.`, status >= 500 || status === 429, {
    response,
  });
}

const isTimeout = (reason: unknown): boolean => reason instanceof Error && reason.name === 'TimeoutError';

function meaning(status: number): string {
  if (status === 404) return ', it has no such file';
  if (status === 401 || status === 403) return ', it does not give this file to you';
  if (status === 407) return ', a proxy wants a password';
  if (status === 429) return ', there were too many requests; run the command again later';
  if (status >= 500) return '; run the command again later';
  return '';
}

/** Tries in a row that may bring nothing. */
const tries = 5;

/** Milliseconds that a command waits because a server says so; for more, it ends. */
const longestWait = 60_000;

/** Decides whether a request that failed is sent again, and waits before. */
export class Retries {
  #failed = 0;
  #pause: number;
  readonly #signal: AbortSignal | undefined;

  /** @param pause milliseconds before the first of the tries that follow one that brought nothing; doubled each time. */
  constructor(pause = 500, signal?: AbortSignal) {
    this.#pause = pause;
    this.#signal = signal;
  }

  /**
   * Returns when the request is to be sent again.
   * @param brought whether the try that failed got on; then the next one follows at once.
   * @throws the error, if trying again is of no use.
   */
  async next(error: unknown, brought = false): Promise<void> {
    if (!(error instanceof HttpError) || !error.again) throw error;
    this.#failed = brought ? 0 : this.#failed + 1;
    const asked = retryAfter(error.response);
    if (this.#failed >= tries || asked > longestWait) throw error;
    const pause = brought ? asked : Math.max(asked, this.#pause);
    if (!brought) this.#pause *= 2;
    await wait(pause, undefined, this.#signal ? { signal: this.#signal } : {});
  }
}

/** Milliseconds that the server wants to be left alone: seconds, or a date (RFC 9110, 10.2.3). 0 if it says nothing. */
export function retryAfter(response: Response | undefined): number {
  const value = response?.headers.get('retry-after') ?? '';
  const milliseconds = /^\d{1,9}$/u.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
}
