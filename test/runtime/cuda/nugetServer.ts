/** A server on this machine that speaks as much of NuGet's interface as Pinch asks for, and fails in the ways that servers do. */

import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NugetServer {
  readonly index: string;
  /** Bytes of the package that were sent so far, all requests together. */
  readonly sent: () => number;
  /** The first bytes of each range that was asked for; 0 for the whole. */
  readonly asked: readonly number[];
  readonly close: () => Promise<void>;
}

export interface Faults {
  /** Connections break off after so many bytes of their own, one after the other; the later ones do not. */
  readonly breakAfter?: readonly number[];
  /** base64; another than the package's. */
  readonly checksum?: string;
  /** Answers to the first requests for the package. */
  readonly statuses?: readonly number[];
  /** Sends everything whatever range is asked for. */
  readonly noRanges?: boolean;
}

export async function nugetServer(content: Buffer, version: string, faults: Faults = {}): Promise<NugetServer> {
  const id = 'microsoft.ml.onnxruntime.gpu.linux';
  const breaks = [...(faults.breakAfter ?? [])];
  const statuses = [...(faults.statuses ?? [])];
  const asked: number[] = [];
  let sent = 0;
  const server = createServer((request, response) => {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answers: Record<string, () => unknown> = {
      '/v3/index.json': () => ({
        resources: [
          { '@id': `${base}/flat/`, '@type': 'PackageBaseAddress/3.0.0' },
          { '@id': `${base}/registration/`, '@type': 'RegistrationsBaseUrl/3.6.0' },
        ],
      }),
      [`/registration/${id}/${version}.json`]: () => ({
        packageContent: `${base}/moved/${id}.nupkg`,
        catalogEntry: `${base}/catalog/${id}.json`,
      }),
      [`/catalog/${id}.json`]: () => ({
        packageHash: faults.checksum ?? createHash('sha512').update(content).digest('base64'),
        packageHashAlgorithm: 'SHA512',
        packageSize: content.length,
      }),
    };
    const answer = answers[request.url ?? ''];
    if (answer) return void response.end(JSON.stringify(answer()));
    if (request.url?.startsWith('/moved/')) {
      response.writeHead(302, { location: `/flat/${id}.nupkg` });
      return void response.end();
    }
    if (request.url !== `/flat/${id}.nupkg`) return void response.writeHead(404).end();
    const status = statuses.shift();
    if (status !== undefined) return void response.writeHead(status).end();
    const start = faults.noRanges ? 0 : Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0);
    asked.push(start);
    send(response, content, start, breaks.shift());
  });
  function send(response: ServerResponse, all: Buffer, start: number, after: number | undefined): void {
    const rest = all.subarray(start);
    const range = start > 0 ? { 'content-range': `bytes ${start}-${all.length - 1}/${all.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...range });
    if (after === undefined || after >= rest.length) {
      sent += rest.length;
      return void response.end(rest);
    }
    sent += after;
    // The bytes before the break have to leave before the connection is cut.
    response.write(rest.subarray(0, after), () => setTimeout(() => response.destroy(), 20));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v3/index.json`,
    sent: () => sent,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
