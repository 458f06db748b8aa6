/** The audio worker as one file, for tests that read audio on real threads. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/** Bundles it into a folder that is removed after the file's tests. */
export async function bundleAudioWorker(): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-worker-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'audio-worker.mjs');
  // As esbuild.mjs does it: a dependency asks for require(), which an ES module has not.
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/speech/audio/audioWorker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner,
  });
  return pathToFileURL(outfile);
}
