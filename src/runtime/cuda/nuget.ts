/** Finds a package on a NuGet server: its address, size and checksum (NuGet Server API, version 3). */

import * as v from 'valibot';
import { patience, request } from '../../base/network/request.ts';

export interface RemotePackage {
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  /** base64. */
  readonly sha512: string;
}

/** The server on which onnxruntime's makers publish the provider. */
export const nugetIndex = 'https://api.nuget.org/v3/index.json';

/** What to do without network. */
export const withoutNetwork = 'fetch the package on another machine and name it with --from';

const indexSchema = v.object({ resources: v.array(v.object({ '@id': v.string(), '@type': v.string() })) });
const leafSchema = v.object({
  packageContent: v.string(),
  catalogEntry: v.union([v.string(), v.object({ '@id': v.string() })]),
});
const entrySchema = v.object({
  packageHash: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{86}==$/u)),
  packageHashAlgorithm: v.literal('SHA512'),
  packageSize: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8 * 2 ** 30)),
});

/**
 * @param index address of the server's service index.
 * @throws Error in one sentence if the server cannot be reached, lacks the package, or gives no checksum for it.
 */
export async function findPackage(
  index: string,
  name: string,
  version: string,
  signal?: AbortSignal,
): Promise<RemotePackage> {
  const { resources } = await fetchJson(index, indexSchema, signal);
  const registrations = resources.find(({ '@type': type }) => /^RegistrationsBaseUrl(\/|$)/u.test(type));
  if (!registrations) throw new Error(`${index}: this is not a NuGet server that Pinch understands.`);
  const base = registrations['@id'].replace(/\/?$/u, '/');
  const leaf = await fetchJson(sameSafety(index, `${base}${name.toLowerCase()}/${version}.json`), leafSchema, signal);
  const entryUrl = typeof leaf.catalogEntry === 'string' ? leaf.catalogEntry : leaf.catalogEntry['@id'];
  const entry = await fetchJson(sameSafety(index, entryUrl), entrySchema, signal);
  return { url: sameSafety(index, leaf.packageContent), size: entry.packageSize, sha512: entry.packageHash };
}

/** Addresses from an encrypted server must be encrypted too. @throws Error if they are not. */
function sameSafety(index: string, url: string): string {
  const { protocol } = new URL(url);
  if (protocol === 'https:' || protocol === new URL(index).protocol) return url;
  throw new Error(`${index} names an address that is not encrypted: ${url}.`);
}

/** @throws HttpError; Error in one sentence if the answer has another form. */
async function fetchJson<Schema extends v.GenericSchema>(
  url: string,
  schema: Schema,
  signal?: AbortSignal,
): Promise<v.InferOutput<Schema>> {
  const limit = AbortSignal.timeout(patience);
  const response = await request(url, {
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    advice: withoutNetwork,
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const result = v.safeParse(schema, answer);
  if (!result.success) throw new Error(`${url}: the server's answer has a form that Pinch does not understand.`);
  return result.output;
}
