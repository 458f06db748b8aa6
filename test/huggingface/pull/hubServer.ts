/**
 * A server on this machine that speaks as much of the Hugging Face hub's interface as Pinch asks for, and fails in the ways that it does. Large
 * files come from a second server, as from the hub's CDN, which must never see a token.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export const commit = 'c'.repeat(40);

/** Files from this size on are kept as LFS keeps them: elsewhere, by their SHA-256. */
const large = 1000;

export interface Fault {
  /** The requests it is for, by their path. */
  readonly path: RegExp;
  /** How many of them; every one if left out. */
  readonly times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks off after so many bytes. */
  readonly breakAfter?: number;
  /** Sent instead of the content. */
  readonly content?: Buffer;
  readonly noRanges?: boolean;
}

export interface HubOptions {
  readonly id?: string;
  /** Without it, 401; with another, 403. */
  readonly token?: string;
  readonly faults?: readonly Fault[];
  /** Milliseconds between two pieces of 64 KB. */
  readonly slow?: number;
  /** Called with the number of bytes sent so far, after each piece. */
  readonly onSent?: (bytes: number) => void;
}

export interface HubRequest {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly token: string | undefined;
  readonly onCdn: boolean;
}

export interface HubServer {
  readonly endpoint: string;
  readonly requests: HubRequest[];
  /** Bytes of files that were sent. */
  sent(): number;
  /** Takes from now on. */
  set(options: HubOptions): void;
  close(): Promise<void>;
}

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
export const gitId = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

export async function hubServer(
  files: Readonly<Record<string, Buffer>>,
  { id = 'org/model', ...first }: HubOptions = {},
): Promise<HubServer> {
  let options: HubOptions = first;
  let left = new Map<Fault, number>();
  const requests: HubRequest[] = [];
  let sent = 0;

  /** The fault that a request meets. */
  function faultOf(path: string): Fault | undefined {
    const fault = options.faults?.find((each) => each.path.test(path) && (left.get(each) ?? each.times ?? 1) > 0);
    if (fault?.times !== undefined) left.set(fault, (left.get(fault) ?? fault.times) - 1);
    return fault;
  }

  function note(request: IncomingMessage, onCdn: boolean): string {
    const path = decodeURIComponent(request.url ?? '');
    const { range, authorization } = request.headers;
    const ifRange = request.headers['if-range']?.toString();
    requests.push({ path, range, ifRange, token: authorization, onCdn });
    return path;
  }

  async function send(request: IncomingMessage, response: ServerResponse, content: Buffer, fault: Fault | undefined) {
    const whole = fault?.content ?? content;
    const etag = `"${sha256(whole).slice(0, 32)}"`;
    const asked = /^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1];
    const isSame = (request.headers['if-range'] ?? etag) === etag;
    const start = asked === undefined || !isSame || fault?.noRanges ? 0 : Number(asked);
    if (start > whole.length) return void response.writeHead(416).end();
    const rest = whole.subarray(start);
    const range = start > 0 ? { 'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, etag, ...range });
    const end = Math.min(rest.length, fault?.breakAfter ?? Infinity);
    for (let at = 0; at < end; at += 65_536) {
      const piece = rest.subarray(at, Math.min(end, at + 65_536));
      if (response.destroyed) return;
      // Called when the socket has taken it, or is gone.
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
      sent += piece.length;
      options.onSent?.(sent);
      if (options.slow !== undefined) await wait(options.slow);
    }
    // The bytes before the break have to leave before the connection is cut.
    if (end < rest.length) setTimeout(() => response.destroy(), 20);
    else response.end();
  }

  function refused(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): boolean {
    const { authorization } = request.headers;
    if (options.token !== undefined && authorization !== `Bearer ${options.token}`) {
      const isKnown = authorization !== undefined;
      response.writeHead(isKnown ? 403 : 401, { 'x-error-code': 'GatedRepo' }).end('no');
      return true;
    }
    if (fault?.status === undefined) return false;
    response.writeHead(fault.status, fault.headers).end('a page of HTML, perhaps');
    return true;
  }

  const cdn = createServer((request, response) => {
    const path = note(request, true);
    const fault = faultOf(path);
    const content = Object.values(files).find((each) => path === `/cdn/${sha256(each)}`);
    if (fault?.status !== undefined) return void response.writeHead(fault.status, fault.headers).end();
    if (!content) return void response.writeHead(404).end();
    void send(request, response, content, fault);
  });

  const hub = createServer((request, response) => {
    const path = note(request, false);
    const fault = faultOf(path);
    if (refused(request, response, fault)) return;
    const { pathname, searchParams } = new URL(path, address(hub));
    const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): unknown => {
      const text = fault?.content ?? JSON.stringify(value);
      return response.writeHead(200, { 'content-type': 'application/json', ...headers, ...fault?.headers }).end(text);
    };
    const missing = (code: string): unknown => response.writeHead(404, { 'x-error-code': code }).end('{}');
    if (pathname.startsWith('/api/models/') && !pathname.startsWith(`/api/models/${id}/`))
      return void missing('RepoNotFound');
    if (pathname === `/api/models/${id}/revision/main` || pathname === `/api/models/${id}/revision/${commit}`) {
      return void json({ _id: '1', id, sha: commit, private: false, gated: false, downloads: 1, likes: 1 });
    }
    if (pathname.startsWith(`/api/models/${id}/revision/`)) return void missing('RevisionNotFound');
    if (pathname === `/api/models/${id}/tree/${commit}`) {
      // In pages of three, as the hub has pages of a thousand.
      const from = Number(searchParams.get('cursor') ?? 0);
      const entries = Object.entries(files).map(([name, content]) => ({
        ...{ type: 'file', path: name, size: content.length, oid: gitId(content) },
        ...(content.length < large ? {} : { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } }),
      }));
      const next = `<${address(hub)}${pathname}?recursive=true&cursor=${from + 3}>; rel="next"`;
      return void json(
        [{ type: 'directory', path: 'onnx', size: 0, oid: gitId(Buffer.of()) }, ...entries.slice(from, from + 3)],
        from + 3 < entries.length ? { link: next } : {},
      );
    }
    const [, name = ''] = new RegExp(`^/${id}/resolve/${commit}/(.+)$`, 'u').exec(pathname) ?? [];
    const content = files[name];
    if (!content) return void missing('EntryNotFound');
    if (content.length < large) return void send(request, response, content, fault);
    response
      .writeHead(302, { location: `${address(cdn)}/cdn/${sha256(content)}`, 'x-linked-etag': `"${sha256(content)}"` })
      .end();
  });

  await Promise.all([listen(hub), listen(cdn)]);
  return {
    endpoint: address(hub),
    requests,
    sent: () => sent,
    set: (changed) => {
      options = changed;
      left = new Map();
    },
    close: async () => {
      await Promise.all([close(hub), close(cdn)]);
    },
  };
}

const listen = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const address = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
