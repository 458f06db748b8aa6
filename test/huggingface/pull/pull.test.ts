/**
 * Models from a hub: what is fetched and what is not, broken off and continued, in the cache, in the folder already; refusals and hostile
 * servers, in one sentence each. Tokens go to the hub alone.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdtempSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { pullModel, type PullOptions } from '../../../src/huggingface/pull/pull.ts';
import { commit, gitId, hubServer, sha256, type HubOptions, type HubServer } from './hubServer.ts';

const random = Random.seeded(3);
const noise = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => random.below(256)));
const files = {
  'README.md': Buffer.from('# A model'),
  'config.json': Buffer.from('{"model_type":"wav2vec2"}'),
  'vocab.json': Buffer.from('{"<pad>":0,"a":1}'),
  'model.safetensors': noise(300_000),
  'pytorch_model.bin': noise(310_000),
  'onnx/model.onnx': noise(50_000),
  'onnx/model.onnx_data': noise(200_000),
  'onnx/model_fp16.onnx': noise(40_000),
};
const wanted = ['config.json', 'model.safetensors', 'vocab.json'] as const;
const token = 'hf_secret';

let folder: string;
let server: HubServer;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-test-'));
  for (const name of ['HF_ENDPOINT', 'HF_HOME', 'HF_HUB_OFFLINE', 'HUGGINGFACE_HUB_CACHE']) vi.stubEnv(name, undefined);
  vi.stubEnv('HF_HUB_CACHE', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

const out = (): string => join(folder, 'models/model');

async function serve(options: HubOptions = {}): Promise<void> {
  server = await hubServer(files, options);
}

async function pull(changes: Partial<PullOptions> = {}): Promise<Awaited<ReturnType<typeof pullModel>>> {
  return await pullModel({
    ...{ id: 'org/model', revision: 'main', folder: out(), endpoint: server.endpoint, tokenName: 'HF_TOKEN', pause: 1 },
    ...changes,
  });
}

function hasAll(names: readonly (keyof typeof files)[] = wanted): void {
  for (const name of names) expect(readFileSync(join(out(), name)).equals(files[name])).toBe(true);
  // Nothing else, and nothing beside it.
  const found = readdirSync(out(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(found).toHaveLength(names.length);
  expect(readdirSync(dirname(out()))).toEqual(['model']);
}

const asked = (name: keyof typeof files): (string | undefined)[] =>
  server.requests.filter(({ path }) => path.endsWith(`/${name}`)).map(({ range }) => range);

describe('fetches', () => {
  test('the weights once and what stands beside them, all at once', async () => {
    await serve();
    const lines: [string, number, number][] = [];
    const done = await pull({
      onProgress: (...line) => {
        lines.push(line);
        expect(existsSync(out())).toBe(false);
      },
    });
    hasAll();
    const total = wanted.reduce((sum, name) => sum + files[name].length, 0);
    expect(server.sent()).toBe(total);
    expect(done).toMatchObject({ id: 'org/model', revision: 'main', commit, folder: out() });
    expect(done.files.map(({ path, bytes, from }) => [path, bytes, from]).sort()).toEqual(
      wanted.map((name) => [name, files[name].length, 'hub']),
    );
    expect(lines.at(-1)).toEqual(['model.safetensors', total, total]);
    const counts = lines.map(([, count]) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });

  test('ONNX with its data, when it is named; the layout is the hub’s', async () => {
    await serve();
    await pull({ files: ['onnx/model.onnx'] });
    hasAll(['config.json', 'vocab.json', 'onnx/model.onnx', 'onnx/model.onnx_data']);
  });

  test('a commit, by itself', async () => {
    await serve();
    expect((await pull({ revision: commit })).commit).toBe(commit);
  });

  test('with a token, which the CDN never sees', async () => {
    await serve({ token });
    await pull({ token });
    hasAll();
    const [own, others] = [false, true].map((onCdn) => server.requests.filter((request) => request.onCdn === onCdn));
    expect(new Set(own!.map((request) => request.token))).toEqual(new Set([`Bearer ${token}`]));
    expect(others!.length).toBeGreaterThan(0);
    expect(others!.filter((request) => request.token !== undefined)).toEqual([]);
  });
});

describe('goes on', () => {
  test('where connections broke off, in one call', async () => {
    const breaks = [1, 70_000, 1000, 100_000].map((breakAfter) => ({ path: /^\/cdn/u, times: 1, breakAfter }));
    await serve({ faults: breaks });
    await pull();
    hasAll();
    expect(asked('model.safetensors')).toHaveLength(5);
    expect(server.sent()).toBe(wanted.reduce((sum, name) => sum + files[name].length, 0));
  });

  test('in the next call, where the one before was ended; what was whole is not asked for again', async () => {
    await serve();
    const abort = new AbortController();
    const ending = pull({
      signal: abort.signal,
      onProgress: (label, done) => {
        if (label === 'model.safetensors' && done > 100_000) abort.abort();
      },
    });
    await expect(ending).rejects.toThrow(/abort/u);
    expect(existsSync(out())).toBe(false);
    server.requests.length = 0;
    const done = await pull();
    hasAll();
    expect(asked('config.json')).toEqual([]);
    const [range] = asked('model.safetensors');
    expect(Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1])).toBeGreaterThan(100_000);
    expect(server.requests.find(({ onCdn }) => onCdn)?.ifRange).toMatch(/^"[0-9a-f]{32}"$/u);
    expect(done.files.map(({ path, from }) => [path, from]).sort()).toEqual([
      ...[
        ['config.json', 'there'],
        ['model.safetensors', 'hub'],
        ['vocab.json', 'there'],
      ],
    ]);
  });

  test('from the start, where the file on the server has changed since', async () => {
    // The first answer is of other content, with another ETag.
    await serve({ faults: [{ path: /^\/cdn/u, times: 1, content: noise(300_000), breakAfter: 200_000 }] });
    await pull();
    hasAll();
    expect(asked('model.safetensors')).toEqual([undefined, 'bytes=200000-']);
  });

  test('from the start, where a server knows no ranges', async () => {
    await serve({
      faults: [
        { path: /^\/cdn/u, times: 1, breakAfter: 5000 },
        { path: /^\/cdn/u, noRanges: true },
      ],
    });
    await pull();
    hasAll();
  });

  test('where an earlier call ended while it put the folder together', async () => {
    await serve();
    const work = join(dirname(out()), '.model.pull/files');
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'model.safetensors'), files['model.safetensors']);
    writeFileSync(join(work, 'left-over'), 'of another revision');
    await pull();
    hasAll();
    expect(asked('model.safetensors')).toEqual([]);
  });

  test('after 429 with a Retry-After, and after 503', async () => {
    await serve({
      faults: [
        { path: /tree/u, times: 1, status: 429, headers: { 'retry-after': '1' } },
        { path: /revision/u, times: 2, status: 503 },
        { path: /^\/cdn/u, times: 2, status: 503 },
      ],
    });
    const started = performance.now();
    await pull();
    hasAll();
    expect(performance.now() - started).toBeGreaterThan(990);
  });
});

describe('uses the local cache', () => {
  const cached = (): string => join(folder, 'cache/models--org--model');
  function cache(name: keyof typeof files, content = files[name]): void {
    const blob = content.length < 1000 ? gitId(files[name]) : sha256(files[name]);
    const snapshot = join(cached(), 'snapshots', commit, name);
    for (const path of [join(cached(), 'blobs/x'), join(cached(), 'refs/x'), snapshot])
      mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(cached(), 'blobs', blob), content);
    writeFileSync(join(cached(), 'refs/main'), commit);
    symlinkSync(join(cached(), 'blobs', blob), snapshot);
  }

  test('for the files that lie there, as copies', async () => {
    await serve();
    cache('model.safetensors');
    const done = await pull();
    hasAll();
    expect(asked('model.safetensors')).toEqual([]);
    expect(done.files.find(({ path }) => path === 'model.safetensors')?.from).toBe('cache');
    writeFileSync(join(out(), 'model.safetensors'), 'changed');
    expect(readFileSync(join(cached(), 'blobs', sha256(files['model.safetensors']))).length).toBe(300_000);
  });

  test('but not for one whose content is another than its name says', async () => {
    await serve();
    cache('model.safetensors', noise(300_000));
    await pull();
    hasAll();
    expect(asked('model.safetensors')).toEqual([undefined]);
  });

  test.each([
    ['without network', () => server.close()],
    ['with HF_HUB_OFFLINE', () => Promise.resolve(vi.stubEnv('HF_HUB_OFFLINE', '1'))],
  ])('%s, for all of it', async (_, cut) => {
    await serve();
    for (const name of ['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data'] as const) cache(name);
    await cut();
    const lines: string[] = [];
    const done = await pull({ say: (line) => lines.push(line) });
    hasAll(['config.json', 'onnx/model.onnx', 'onnx/model.onnx_data']);
    expect(done.commit).toBe(commit);
    expect(server.requests).toEqual([]);
    if (process.env['HF_HUB_OFFLINE'] === undefined) {
      expect(lines).toEqual([expect.stringMatching(/cannot be reached; what the local cache has is taken/u)]);
    }
  });

  test('and says so where it has nothing and may not ask', async () => {
    await serve();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(pull()).rejects.toThrow(/HF_HUB_OFFLINE is set, and the local cache has nothing of "org\/model"/u);
  });
});

describe('a folder that is there', () => {
  test('with the same files needs nothing', async () => {
    await serve();
    await pull();
    const sent = server.sent();
    const done = await pull();
    expect(server.sent()).toBe(sent);
    expect(new Set(done.files.map(({ from }) => from))).toEqual(new Set(['there']));
    hasAll();
  });

  test('keeps what else is in it, and gets what is missing', async () => {
    await serve();
    mkdirSync(out(), { recursive: true });
    writeFileSync(join(out(), 'notes.txt'), 'mine');
    writeFileSync(join(out(), 'vocab.json'), files['vocab.json']);
    await pull();
    expect(readFileSync(join(out(), 'notes.txt'), 'utf8')).toBe('mine');
    rmSync(join(out(), 'notes.txt'));
    hasAll();
    expect(asked('vocab.json')).toEqual([]);
  });

  test('with a file of other content stays as it is, and nothing is fetched', async () => {
    await serve();
    mkdirSync(out(), { recursive: true });
    writeFileSync(join(out(), 'vocab.json'), '{"mine":0}');
    await expect(pull()).rejects.toThrow(
      /vocab\.json is there, and differs from the hub's; delete it, or .* --out\.$/u,
    );
    expect(readdirSync(out())).toEqual(['vocab.json']);
    expect(server.sent()).toBe(0);
  });

  test('of another process that fetches into it is left to that', async () => {
    await serve();
    const work = join(dirname(out()), '.model.pull');
    mkdirSync(work, { recursive: true });
    writeFileSync(join(work, 'pull.lock'), String(process.ppid));
    await expect(pull()).rejects.toThrow(
      /^Process \d+ is fetching into .* already; wait for it, or name another folder/u,
    );
    writeFileSync(join(work, 'pull.lock'), '999999999');
    await pull();
    hasAll();
  });
});

describe('one sentence for', () => {
  const always = (path: RegExp, status: number, headers: Record<string, string> = {}): HubOptions => ({
    faults: [{ path, status, headers }],
  });
  test.each<[string, HubOptions, Partial<PullOptions>, RegExp]>([
    ['a model that is not there', {}, { id: 'org/none' }, /there is no model "org\/none"\.$/u],
    [
      'the same with a token',
      {},
      { id: 'org/none', token },
      /no model "org\/none", or the token in HF_TOKEN may not see it\.$/u,
    ],
    [
      'a revision that is not there',
      {},
      { revision: 'v9' },
      /"org\/model" has no revision "v9"; its branches and tags are at/u,
    ],
    ['401 without a token', { token }, {}, /no model "org\/model", or it is gated or private; .* into HF_TOKEN\.$/u],
    [
      '401 with a token',
      always(/revision/u, 401),
      { token, tokenName: 'MINE' },
      /token in MINE is not valid; make a new one at/u,
    ],
    [
      '403 of the weights, without a token',
      always(/resolve/u, 403),
      {},
      /"org\/model" is gated; accept its conditions at/u,
    ],
    ['403 with a token', { token }, { token: 'hf_other' }, /token in HF_TOKEN may not read "org\/model"; accept/u],
    ['401 of the weights', always(/resolve/u, 401), {}, /no model "org\/model", or it is gated or private/u],
    [
      '404 of a file that is listed',
      always(/resolve/u, 404, { 'x-error-code': 'EntryNotFound' }),
      {},
      /a file of "org\/model" is in its list, but not there; run the command again later\.$/u,
    ],
    [
      '403 of the CDN, which is not about the model',
      always(/^\/cdn/u, 403),
      {},
      /127\.0\.0\.1:\d+, where it keeps large files, answers 403; run the command again later/u,
    ],
    [
      '429 with minutes to wait',
      always(/resolve/u, 429, { 'retry-after': '300' }),
      {},
      /run the command again in 5 min, it goes on/u,
    ],
    ['429 again and again', always(/tree/u, 429), {}, /too many requests; run the command again later/u],
    [
      '500 again and again',
      always(/^\/cdn/u, 500),
      {},
      /where it keeps large files, answers 500; run the command again later, it goes on/u,
    ],
    ['502 of the list', always(/tree/u, 502), {}, /the server answers 502; run the command again later/u],
    ['418', always(/tree/u, 418), {}, /the server answers 418\.$/u],
    [
      'a list that is no JSON',
      { faults: [{ path: /tree/u, content: Buffer.from('<html>') }] },
      {},
      /a form that Pinch does not/u,
    ],
    [
      'a list of something else',
      { faults: [{ path: /tree/u, content: Buffer.from('[1]') }] },
      {},
      /a form that Pinch does not/u,
    ],
    [
      'a model without a commit',
      { faults: [{ path: /revision/u, content: Buffer.from('{}') }] },
      {},
      /a form that Pinch does not/u,
    ],
    [
      'other content',
      { faults: [{ path: /^\/cdn/u, content: noise(300_000) }] },
      {},
      /has not the checksum .*; run the command again\.$/u,
    ],
    [
      'more content',
      { faults: [{ path: /^\/cdn/u, content: noise(300_001) }] },
      {},
      /sends more than the 300000 bytes/u,
    ],
    ['a name that is none', {}, { id: '../etc' }, /"\.\.\/etc" is no model of the hub; name it as there/u],
    ['a name with a question', {}, { id: 'org/model?x=1' }, /is no model of the hub/u],
    ['a revision that leads elsewhere', {}, { revision: '../../x' }, /"\.\.\/\.\.\/x" is no revision/u],
    ['a file that is not there', {}, { files: ['x.bin'] }, /no file "x\.bin"; it has README\.md, /u],
    ['an address that is none', {}, { endpoint: 'ftp://x' }, /HF_ENDPOINT must be the address of a hub/u],
    [
      'a token over an open line',
      {},
      { endpoint: 'http://example.org', token },
      /not encrypted, so the token in HF_TOKEN is not sent/u,
    ],
    ['a token that is none', {}, { token: 'hf_a\nb' }, /^HF_TOKEN holds no token/u],
  ])('%s', async (_, options, changes, sentence) => {
    await serve(options);
    const error: unknown = await pull(changes).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toMatch(sentence);
    expect(message).not.toMatch(/\n|undefined|hf_/u);
    expect(existsSync(out())).toBe(false);
  });

  test('no network', async () => {
    await serve();
    await server.close();
    await expect(pull()).rejects.toThrow(
      /^Pinch cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\); check the network\.$/u,
    );
  });
});

describe('a hostile server', () => {
  test('that names the next page elsewhere does not get the token there', async () => {
    await serve();
    const other = await hubServer(files);
    const next = `<${other.endpoint}/api/models/org/model/tree/${commit}?recursive=true>; rel="next"`;
    server.set({ faults: [{ path: /tree/u, times: 1, headers: { link: next } }] });
    await pull({ token });
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.filter((request) => request.token !== undefined)).toEqual([]);
    await other.close();
  });

  test.each(['onnx/..', '..\\..\\x.onnx', 'C:x.onnx', 'onnx/\0.onnx'])('cannot write to %s', async (path) => {
    await serve();
    const content = JSON.stringify([{ type: 'file', path, size: 1, oid: '0'.repeat(40) }]);
    server.set({ faults: [{ path: /tree/u, content: Buffer.from(content), headers: { link: '' } }] });
    await expect(pull({ files: [path] })).rejects.toThrow(
      /which is no name for a file here|no weights that Pinch reads/u,
    );
    expect(existsSync(dirname(out()))).toBe(false);
  });
});

test('what failed before anything was fetched leaves nothing behind', async () => {
  await serve({ faults: [{ path: /resolve/u, status: 403 }] });
  await expect(pull()).rejects.toThrow(/gated/u);
  expect(readdirSync(dirname(out()))).toEqual([]);
});
