/** HTTP requests with errors that say what to do. */

import * as v from 'valibot';

/** An unexpected answer of a server. `again`: whether the same request may succeed later. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly again: boolean;

  constructor(message: string, again: boolean, cause?: unknown) {
    super(message, { cause });
    this.again = again;
  }
}

/** Milliseconds without a byte after which a connection counts as broken off. */
export const patience = 30_000;

/** @throws HttpError in one sentence. */
export async function request(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { headers, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted && signal.reason !== stalled) throw error;
    const { code } = ((error as Error).cause ?? {}) as { code?: string };
    const reason = signal?.reason === stalled ? 'it does not answer' : (code ?? (error as Error).message);
    throw new HttpError(
      `Pinch cannot reach ${new URL(url).host} (${reason}); check the network, or fetch the package on another machine and name it with --from.`,
      true,
      error,
    );
  }
  const { status } = response;
  if (response.ok || status === 416) return response;
  await response.body?.cancel();
  throw new HttpError(`${url}: the server answers ${status}${meaning(status)}.`, status >= 500 || status === 429);
}

/** The reason of a signal that aborts a silent request. */
export const stalled = new Error('the connection was silent for too long');

function meaning(status: number): string {
  if (status === 404) return ', there is no such package';
  if (status === 401 || status === 403) return ', it does not give this package to you';
  if (status === 407) return ', a proxy wants a password';
  return '';
}

/** @throws HttpError; Error in one sentence if the answer has another form. */
export async function fetchJson<Schema extends v.GenericSchema>(
  url: string,
  schema: Schema,
  signal?: AbortSignal,
): Promise<v.InferOutput<Schema>> {
  const limit = AbortSignal.timeout(patience);
  const response = await request(url, {}, signal ? AbortSignal.any([signal, limit]) : limit);
  const answer: unknown = await response.json().catch(() => undefined);
  const result = v.safeParse(schema, answer);
  if (!result.success) throw new Error(`${url}: the server's answer has a form that Pinch does not understand.`);
  return result.output;
}
