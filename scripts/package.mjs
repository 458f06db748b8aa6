/** Packs the extension for one platform: npm run package [-- --target linux-x64] makes dist/pinch-linux-x64-<version>.vsix. */

import { createVSIX } from '@vscode/vsce';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { notices } from './notices/notices.mjs';

/** What each target needs of onnxruntime's binaries. macOS gets the library once, under the name by which it is loaded. */
const binaries = {
  'linux-x64': ['linux/x64/onnxruntime_binding.node', 'linux/x64/libonnxruntime.so.1'],
  'linux-arm64': ['linux/arm64/onnxruntime_binding.node', 'linux/arm64/libonnxruntime.so.1'],
  'darwin-arm64': ['darwin/arm64/onnxruntime_binding.node', 'darwin/arm64/libonnxruntime.1.dylib'],
  'win32-x64': ['win32/x64/*'],
  'win32-arm64': ['win32/arm64/*'],
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { target: { type: 'string' } } });
const target = values.target ?? `${process.platform}-${process.arch}`;
const native = binaries[target];
if (native === undefined) {
  console.error(`There is no package for ${target}. Choose one of ${Object.keys(binaries).join(', ')} with --target.`);
  process.exit(2);
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const file = join(root, 'dist', `pinch-${target}-${version}.vsix`);
const scratch = mkdtempSync(join(tmpdir(), 'pinch-package-'));
try {
  const metafile = join(scratch, 'meta.json');
  execFileSync(process.execPath, ['esbuild.mjs', '--metafile', metafile], { cwd: root, stdio: 'inherit' });
  const text = notices(JSON.parse(readFileSync(metafile, 'utf8')), root);
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), text);

  const ignore = join(scratch, 'vscodeignore');
  const wanted = native.map((name) => `!node_modules/onnxruntime-node/bin/napi-v6/${name}`);
  writeFileSync(ignore, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}\n${wanted.join('\n')}\n`);
  await createVSIX({
    cwd: root,
    target,
    packagePath: file,
    ignoreFile: ignore,
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${relative(process.cwd(), file)}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
