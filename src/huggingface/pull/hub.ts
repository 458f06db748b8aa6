/** A Hugging Face hub: what a repository holds, and where its files are fetched. */

import * as v from 'valibot';
import { quoted } from '../../base/errors.ts';
import { HttpError, patience, request, Retries, retryAfter } from '../../base/network/request.ts';
import { duration } from '../../base/format.ts';
import type { HubRefusal } from '../../protocol/results/pull.ts';
import type { HubFile } from './chooseFiles.ts';

export interface HubOptions {
  /** Address; by default HF_ENDPOINT, or huggingface.co. */
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
  /** The environment variable that the token is from, for messages. */
  readonly tokenName: string;
  readonly signal?: AbortSignal | undefined;
  /** As that of Retries. */
  readonly pause?: number | undefined;
}

/** A repository at one commit, so that nothing changes while its files are fetched. */
export interface HubSnapshot {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

/** The hub does not give a model to whoever asks. */
export class HubRefusalError extends Error {
  override readonly name = 'HubRefusalError';
  readonly refusal: HubRefusal;

  constructor(message: string, refusal: HubRefusal, cause: unknown) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

const commitSchema = v.object({ sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/u)) });
const fileSchema = v.object({
  type: v.string(),
  path: v.string(),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  oid: v.nullish(v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/u))),
  lfs: v.nullish(
    v.object({
      oid: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u)),
      size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    }),
  ),
});

/** More than any model has; a server that lists more is not listed to the end. */
const mostFiles = 50_000;

export class Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly #options: HubOptions;

  /** @throws Error in one sentence if the address is none, or if a token would go over it unencrypted. */
  constructor(options: HubOptions) {
    const address = options.endpoint ?? process.env['HF_ENDPOINT'] ?? '';
    this.endpoint = (address === '' ? 'https://huggingface.co' : address).replace(/\/+$/u, '');
    this.#options = options;
    const url = URL.canParse(this.endpoint) ? new URL(this.endpoint) : undefined;
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
      throw new Error(`HF_ENDPOINT must be the address of a hub, such as https://huggingface.co; it is "${address}".`);
    }
    // Without saying it: what fetch says of it would show it.
    if (options.token !== undefined && !/^[\x21-\x7e]+$/u.test(options.token)) {
      throw new Error(`${options.tokenName} holds no token: there are spaces or other characters in it that none has.`);
    }
    if (options.token !== undefined && url.protocol === 'http:' && !isLocal(url.hostname)) {
      throw new Error(
        `${this.endpoint} is not encrypted, so the token in ${options.tokenName} is not sent there; use an address with https.`,
      );
    }
  }

  get host(): string {
    return new URL(this.endpoint).host;
  }

  /** What a repository holds now. @throws Error in one sentence: HttpError if the hub cannot be reached. */
  async snapshot(id: string, revision: string): Promise<HubSnapshot> {
    // No other command needs the library.
    const { listFiles, modelInfo } = await import('./hubLibrary.ts');
    const common = { hubUrl: this.endpoint, fetch: this.#fetch };
    try {
      const info: unknown = await modelInfo({ ...common, name: id, revision, additionalFields: ['sha'] });
      const { sha: commit } = v.parse(commitSchema, info);
      const files: HubFile[] = [];
      for await (const entry of listFiles({
        ...common,
        repo: { type: 'model', name: id },
        revision: commit,
        recursive: true,
      })) {
        const { type, path, size, oid, lfs } = v.parse(fileSchema, entry);
        if (type !== 'file') continue;
        if (files.length === mostFiles) throw new Error(`${this.host}: ${id} has more than ${mostFiles} files.`);
        if (lfs) files.push({ path, size: lfs.size, checksum: { algorithm: 'sha256', hex: lfs.oid } });
        else if (oid) files.push({ path, size, checksum: { algorithm: 'git', hex: oid } });
      }
      return { commit, files };
    } catch (error) {
      if (error instanceof v.ValiError || error instanceof SyntaxError) {
        throw new Error(`${this.host}: the server's answer has a form that Pinch does not understand.`, {
          cause: error,
        });
      }
      throw this.explain(error, id, revision);
    }
  }

  /** Where a file is fetched, and what to send along. */
  fileRequest(id: string, commit: string, path: string): { url: string; headers: Readonly<Record<string, string>> } {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const url = `${this.endpoint}/${id}/resolve/${commit}/${encoded}`;
    return { url, headers: this.#headers(url) };
  }

  /** What a refusal of the hub means, in one sentence; other errors as they are. */
  explain(error: unknown, id: string, revision: string): unknown {
    const response = error instanceof HttpError ? error.response : undefined;
    if (!response) return error;
    const { token, tokenName } = this.#options;
    const say = (sentence: string): Error => new Error(`${this.host}: ${sentence}.`, { cause: error });
    const page = `${this.endpoint}/${id}`;
    const tokens = `${this.endpoint}/settings/tokens`;
    const refuse = (status: HubRefusal['status'], sentence: string): Error =>
      new HubRefusalError(
        `${this.host}: ${sentence}.`,
        { status, withToken: token !== undefined, page, tokens },
        error,
      );
    const place = new URL(response.url);
    if (place.origin !== new URL(this.endpoint).origin && response.status !== 429) {
      // Says nothing of the model or the token, which it never sees.
      return say(
        `${place.host}, where it keeps large files, answers ${response.status}; run the command again later, it goes on from here`,
      );
    }
    switch (response.status) {
      case 401:
        return refuse(
          401,
          token === undefined
            ? `there is no model "${id}", or it is gated or private; check the name, or put a token that may read it into ${tokenName}`
            : `the token in ${tokenName} is not valid; make a new one at ${tokens}`,
        );
      case 403:
        return refuse(
          403,
          token === undefined
            ? `"${id}" is gated; accept its conditions at ${page}, and put a token of yours into ${tokenName}`
            : `the token in ${tokenName} may not read "${id}"; accept its conditions at ${page}, or ask its owner`,
        );
      case 404:
        if (response.headers.get('x-error-code') === 'EntryNotFound') {
          return say(`a file of "${id}" is in its list, but not there; run the command again later`);
        }
        return response.headers.get('x-error-code') === 'RevisionNotFound'
          ? say(`"${id}" has no revision ${quoted(revision)}; its branches and tags are at ${page}/tree/main`)
          : say(
              `there is no model "${id}"${token === undefined ? '' : `, or the token in ${tokenName} may not see it`}`,
            );
      case 429: {
        const wait = retryAfter(response);
        const when = wait > 0 ? `in ${duration(wait / 1000)}` : 'later';
        return say(`there were too many requests; run the command again ${when}, it goes on from here`);
      }
      default:
        return response.status >= 500
          ? say(`the server answers ${response.status}; run the command again later, it goes on from here`)
          : say(`the server answers ${response.status}`);
    }
  }

  /** For the library: with the token, with tries, and ended by the signal. Refusals are thrown, so that they are explained in one place. */
  readonly #fetch: typeof fetch = async (input) => {
    const { signal, pause } = this.#options;
    const url = input instanceof Request ? input.url : input.toString();
    const retries = new Retries(pause, signal);
    for (;;) {
      const limit = AbortSignal.timeout(patience);
      try {
        return await request(url, {
          headers: { ...this.#headers(url), accept: 'application/json' },
          signal: signal ? AbortSignal.any([signal, limit]) : limit,
        });
      } catch (error) {
        await retries.next(error);
      }
    }
  };

  /** The token goes to the hub alone: the next page of a list may be anywhere. */
  #headers(url: string): Record<string, string> {
    const { token } = this.#options;
    const own = new URL(url).origin === new URL(this.endpoint).origin;
    return token !== undefined && own ? { authorization: `Bearer ${token}` } : {};
  }
}

const isLocal = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');
