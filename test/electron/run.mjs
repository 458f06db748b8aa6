/**
 * Runs suite.ts inside desktop VS Code, with the packed extension: npm run test:electron.
 *
 * It downloads VS Code unless PINCH_VSCODE names its program. Exit code 77 says that neither was possible and nothing was tested.
 */

import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const notPossible = 77;
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

async function findVSCode() {
  if (process.env.PINCH_VSCODE !== undefined) return process.env.PINCH_VSCODE;
  try {
    return await downloadAndUnzipVSCode({ version: 'stable', timeout: 20_000 });
  } catch (error) {
    console.log(`Not tested on desktop VS Code: it cannot be downloaded here (${error.message}).`);
    console.log('Set PINCH_VSCODE to the program of an installed one. npm run test:e2e tests the same in a browser.');
    process.exit(notPossible);
  }
}

const vscodeExecutablePath = await findVSCode();
const scratch = mkdtempSync(join(tmpdir(), 'pinch-electron-'));
try {
  execFileSync(process.execPath, ['scripts/package.mjs'], { cwd: root, stdio: 'inherit' });
  const vsix = join(root, `dist/pinch-${process.platform}-${process.arch}-${version}.vsix`);
  for (const [path, bytes] of Object.entries(unzipSync(readFileSync(vsix)))) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), bytes);
  }
  const suite = join(scratch, 'suite.cjs');
  await build({
    entryPoints: [join(here, 'suite.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
  });
  const workspace = join(scratch, 'work');
  cpSync(join(root, 'media/sample'), join(workspace, 'pinch-sample'), { recursive: true });
  process.exitCode = await runTests({
    vscodeExecutablePath,
    extensionDevelopmentPath: join(scratch, 'extension'),
    extensionTestsPath: suite,
    launchArgs: [
      workspace,
      '--disable-extensions',
      '--disable-workspace-trust',
      '--user-data-dir',
      join(scratch, 'user'),
    ],
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}
