/**
 * Packs the extension and drives it in a real workbench: npm run test:e2e [-- FILTER… --update-screenshots --vsix FILE].
 *
 * The workbench (code-server, with the Node it needs) and playwright-core are installed into test/e2e/node_modules the first time, which takes
 * some minutes; PINCH_E2E_TOOLS names a folder that has them already. A Chromium comes from the machine: PINCH_CHROMIUM, or the PATH.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const modules = join(here, 'node_modules');
const ownOptions = { 'update-screenshots': { type: 'boolean' }, vsix: { type: 'string' } };
const { values, tokens } = parseArgs({ strict: false, allowPositionals: true, tokens: true, options: ownOptions });
// All else, such as a filter or --reporter=json, is meant for Vitest.
const ours = new Set(
  tokens
    .filter(({ kind, name }) => kind === 'option' && name in ownOptions)
    .flatMap(({ index, value, inlineValue }) => (value === undefined || inlineValue ? [index] : [index, index + 1])),
);
const forVitest = process.argv.slice(2).filter((_, index) => !ours.has(index));

/** Ends with what is missing and how to get it. */
function lack(sentence) {
  console.error(`The tests in a workbench cannot run: ${sentence}`);
  process.exit(1);
}

function run(command, args, environment = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  return status ?? 1;
}

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  return process.env.PINCH_CHROMIUM ?? found ?? lack('there is no Chromium. On Debian: apt-get install chromium');
}

function installTools() {
  if (existsSync(join(modules, 'code-server/out/node/entry.js'))) return;
  // Half an installation, or a link to one that is gone.
  rmSync(modules, { recursive: true, force: true });
  const shared = process.env.PINCH_E2E_TOOLS;
  if (shared !== undefined) {
    if (!existsSync(join(shared, 'node_modules/code-server'))) lack(`${shared} (PINCH_E2E_TOOLS) has no code-server.`);
    symlinkSync(resolve(shared, 'node_modules'), modules);
    return;
  }
  console.log('Installing the workbench into test/e2e/node_modules. This takes some minutes, once.');
  // What the npm that started this script tells its children (its prefix, its Node) would send the tools elsewhere.
  const outer = Object.keys(process.env).filter((name) => name.startsWith('npm_'));
  const none = Object.fromEntries(outer.map((name) => [name, undefined]));
  const npm = (args, environment) => {
    if (run('npm', ['--prefix', here, ...args], { ...none, ...environment }) === 0) return;
    rmSync(modules, { recursive: true, force: true });
    lack(
      'installing code-server failed, see above. It compiles a module that needs Kerberos: on Debian apt-get install libkrb5-dev',
    );
  };
  // code-server's own installation wants the Node that it runs on to be the first on the PATH. Until that Node is there npm would warn that
  // the one in use is too old.
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  npm(['rebuild', 'node']);
  npm(['rebuild'], { PATH: `${join(modules, 'node/bin')}${delimiter}${process.env.PATH ?? ''}` });
}

const chromium = findChromium();
installTools();
const node = join(modules, 'node/bin/node');
const codeServer = join(modules, 'code-server/out/node/entry.js');

// These files are typed by packages that a fresh clone lacks, so they are checked here rather than by `npm run check`.
if (run('npx', ['tsc', '--noEmit', '-p', here]) !== 0) process.exit(1);
if (run('npx', ['oxlint', '--type-aware', '--deny-warnings', here]) !== 0) process.exit(1);

const scratch = mkdtempSync(join(tmpdir(), 'pinch-e2e-'));
let status = 1;
try {
  if (values.vsix === undefined && run('npm', ['run', '-s', 'package']) !== 0) process.exit(1);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const vsix = values.vsix ?? join(root, `dist/pinch-${process.platform}-${process.arch}-${version}.vsix`);
  const extensions = join(scratch, 'extensions');
  mkdirSync(extensions);
  execFileSync(node, [
    ...[codeServer, '--install-extension', resolve(vsix)],
    ...['--extensions-dir', extensions, '--user-data-dir', join(scratch, 'user')],
  ]);
  status = run('npx', ['vitest', 'run', '--project', 'e2e', ...forVitest], {
    PINCH_E2E_NODE: node,
    PINCH_E2E_CODE_SERVER: codeServer,
    PINCH_E2E_EXTENSIONS: extensions,
    PINCH_E2E_CHROMIUM: chromium,
    PINCH_UPDATE_SCREENSHOTS: values['update-screenshots'] === true ? '1' : '',
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exit(status);
