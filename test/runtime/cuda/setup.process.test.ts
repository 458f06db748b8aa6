/**
 * Setting up CUDA from a server on this machine with a made-up package: whole, broken off at random bytes, with another checksum, without
 * space, without network, from a file, removed.
 */

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { cudaPlatform, installedCuda } from '../../../src/runtime/cuda/place.ts';
import { removeCuda, setUpCuda } from '../../../src/runtime/cuda/setup.ts';
import { ownPackage } from '../../../src/runtime/onnxruntime.ts';
import { nugetServer, type Faults, type NugetServer } from './nugetServer.ts';

const { version } = ownPackage;
const random = Random.seeded(7);
const provider = Buffer.from(Uint8Array.from({ length: 600_000 }, () => random.below(256)));
const native = 'runtimes/linux-x64/native/';
const nupkg = Buffer.from(
  zipSync({
    [`${native}libonnxruntime_providers_cuda.so`]: provider,
    [`${native}libonnxruntime_providers_shared.so`]: Buffer.from('shared'),
    [`${native}libonnxruntime_providers_tensorrt.so`]: Buffer.from('not wanted'),
    'LICENSE.txt': Buffer.from('a licence'),
  }),
);

let data = '';
let server: NugetServer | undefined;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'pinch-test-cuda-'));
  process.env['PINCH_DATA'] = data;
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  delete process.env['PINCH_DATA'];
  rmSync(data, { recursive: true, force: true });
});

async function setUp(faults: Faults = {}, content: Buffer = nupkg) {
  server = await nugetServer(content, version, faults);
  return setUpCuda({ source: server.index, pause: 1 });
}

const copied = (name: string): string =>
  join(data, 'cuda', version, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6', 'linux', 'x64', name);

describe.skipIf(!cudaPlatform)('pinch setup cuda', () => {
  test('a package is fetched, unpacked beside a copy of onnxruntime, and tried', async () => {
    const done = await setUp();
    expect(done.state).toBe('installed');
    expect(readFileSync(copied('libonnxruntime_providers_cuda.so')).equals(provider)).toBe(true);
    expect(existsSync(copied('libonnxruntime_providers_tensorrt.so'))).toBe(false);
    expect(readdirSync(join(data, 'cuda'))).toEqual([version]);
    // The provider is noise, so the step does not run; the reason is not that nothing was set up.
    expect(done.works).toBe(false);
    expect(done.message).toMatch(/^One small step did not run on the card: (?!it is not set up)/u);
    expect((await setUpCuda({ source: 'http://127.0.0.1:9/' })).state).toBe('already installed');
  });

  test('every process loads the copy of onnxruntime that has the provider beside it', async () => {
    await setUp();
    const file = pathToFileURL(join(import.meta.dirname, '../../../src/runtime/onnxruntime.ts')).href;
    const script = `await import(${JSON.stringify(file)}); console.log(require('fs').readFileSync('/proc/self/maps', 'utf8'))`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script.replace('require(', 'process.getBuiltinModule(')],
      { maxBuffer: 1e8 },
    );
    expect(stdout).toContain(copied('libonnxruntime.so.1'));
  });

  test('a download that breaks off at random bytes goes on where it was, in one call or in the next', async () => {
    const breakAfter = Array.from({ length: 12 }, () => 1 + random.below(40_000));
    const done = await setUp({ breakAfter });
    expect(done.state).toBe('installed');
    expect(server?.asked.length).toBe(13);
    expect(server?.sent()).toBe(nupkg.length);
  });

  test('a killed process loses nothing: the next one asks for the rest only', async () => {
    mkdirSync(join(data, 'cuda'));
    writeFileSync(
      join(data, 'cuda', `microsoft.ml.onnxruntime.gpu.linux.${version}.nupkg.part`),
      nupkg.subarray(0, 123_456),
    );
    await setUp();
    expect(server?.asked).toEqual([123_456]);
  });

  test('a server without ranges sends all of it again', async () => {
    const done = await setUp({ noRanges: true, breakAfter: [5000] });
    expect(done.state).toBe('installed');
    expect(server?.asked).toEqual([0, 0]);
  });

  test('another checksum is refused, and nothing of it stays', async () => {
    const checksum = `${'A'.repeat(86)}==`;
    await expect(setUp({ checksum })).rejects.toThrow(/has not the checksum .*; run the command again\.$/u);
    expect(readdirSync(join(data, 'cuda'))).toEqual([]);
    expect(installedCuda(version)).toBeUndefined();
  });

  test('a part that is damaged is found out and fetched anew by the next call', async () => {
    mkdirSync(join(data, 'cuda'));
    writeFileSync(
      join(data, 'cuda', `microsoft.ml.onnxruntime.gpu.linux.${version}.nupkg.part`),
      Buffer.alloc(1000, 1),
    );
    await expect(setUp()).rejects.toThrow(/checksum/u);
    await server?.close();
    expect((await setUp()).state).toBe('installed');
  });

  test('a refusal is one sentence: 404, 403; 503 twice is tried again', async () => {
    await expect(setUp({ statuses: [404] })).rejects.toThrow(/the server answers 404, it has no such file\.$/u);
    await server?.close();
    await expect(setUp({ statuses: [403] })).rejects.toThrow(/answers 403, it does not give this file to you\.$/u);
    await server?.close();
    expect((await setUp({ statuses: [503, 503] })).state).toBe('installed');
  });

  test('a package without the provider is refused', async () => {
    const empty = Buffer.from(zipSync({ 'LICENSE.txt': Buffer.from('a licence') }));
    await expect(setUp({}, empty)).rejects.toThrow(/this package has no file "runtimes/u);
  });

  test('without network the message says so, and names the way without', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(setUpCuda({ source: `http://127.0.0.1:${port}/v3/index.json` })).rejects.toThrow(
      /^Pinch cannot reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\); check the network, .* --from\.$/u,
    );
  });

  test('a package from a file needs no server', async () => {
    const file = join(data, 'fetched.nupkg');
    writeFileSync(file, nupkg);
    expect((await setUpCuda({ from: file })).state).toBe('installed');
    expect(existsSync(file)).toBe(true);
  });

  test('a dry run fetches nothing', async () => {
    server = await nugetServer(nupkg, version);
    const planned = await setUpCuda({ source: server.index, plan: true });
    expect(planned).toMatchObject({ state: 'planned', size: nupkg.length });
    expect(server.sent()).toBe(0);
    expect(existsSync(join(data, 'cuda'))).toBe(false);
  });

  test('an installation that lost a file is none', async () => {
    await setUp();
    rmSync(copied('libonnxruntime_providers_shared.so'));
    expect(installedCuda(version)).toBeUndefined();
  });

  test('--remove takes everything away', async () => {
    await setUp();
    expect(await removeCuda()).toBe(true);
    expect(readdirSync(data)).toEqual([]);
    expect(await removeCuda()).toBe(false);
  });

  test.skipIf(!canMount())('a full disk is said before anything is fetched', async () => {
    await onSmallDisk('1m', async () => {
      await expect(setUp()).rejects.toThrow(fullDisk);
      expect(server?.sent()).toBe(0);
    });
  });

  test.skipIf(!canMount())('a disk that fills up while unpacking is said, and the download is kept', async () => {
    await onSmallDisk('80m', async (small) => {
      server = await nugetServer(nupkg, version);
      const fill = (label: string): void => {
        if (label === 'Unpacking') writeFileSync(join(small, 'filler'), Buffer.alloc(60_000_000));
      };
      await expect(setUpCuda({ source: server.index, onProgress: fill })).rejects.toThrow(fullDisk);
      rmSync(join(small, 'filler'));
      expect((await setUpCuda({ source: server.index })).state).toBe('installed');
      expect(server.sent()).toBe(nupkg.length);
    });
  });
});

const fullDisk = /not enough space on this disk; the CUDA provider needs about .*PINCH_DATA\.$/u;

async function onSmallDisk(size: string, work: (folder: string) => Promise<void>): Promise<void> {
  const small = join(data, 'small');
  mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', small]);
  process.env['PINCH_DATA'] = small;
  try {
    await work(small);
  } finally {
    execFileSync('umount', [small]);
  }
}

/** Whether this user may mount a small disk to fill. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-test-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
