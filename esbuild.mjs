// Builds what runs into dist/: the extension, the command, the trainer, its worker threads and the webviews, each one file.
import { build } from 'esbuild';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

// With --metafile, what went into each bundle is written there, for the licences.
const { values } = parseArgs({
  options: { outdir: { type: 'string', default: 'dist' }, metafile: { type: 'string' } },
});
const outdir = values.outdir;
rmSync(outdir, { recursive: true, force: true });

/** Boundaries that a bundle proves: it fails if the module gets in. */
const forbid = (name) => ({
  name: `forbid-${name}`,
  setup(b) {
    b.onResolve({ filter: new RegExp(`^${name}$`) }, (args) => ({
      errors: [{ text: `${name} must not be imported here (from ${args.importer})` }],
    }));
  },
});

const common = { bundle: true, logLevel: 'warning', metafile: true };
const node = { ...common, platform: 'node', target: 'node20', sourcemap: true };

/** What runs without the editor. */
const programs = build({
  ...node,
  entryPoints: {
    cli: 'src/cli.ts',
    trainer: 'src/train/main.ts',
    'audio-worker': 'src/speech/audio/audioWorker.ts',
    'heartbeat-worker': 'src/runfolder/heartbeatWorker.ts',
  },
  outdir,
  format: 'esm',
  external: ['onnxruntime-node'],
  plugins: [forbid('vscode')],
  // CommonJS dependencies ask for require(); an ES module has none of its own.
  banner: {
    js: "import { createRequire as pinchRequire } from 'node:module'; const require = pinchRequire(import.meta.url);",
  },
});

/** The extension host loads CommonJS. */
const extension = build({
  ...node,
  entryPoints: { extension: 'src/extension.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  minify: true,
  external: ['vscode'],
  plugins: [forbid('onnxruntime-node')],
});

const names = readdirSync('webview').filter((name) => existsSync(join('webview', name, 'main.ts')));
const webviews = build({
  ...common,
  entryPoints: Object.fromEntries(names.map((name) => [name, `webview/${name}/main.ts`])),
  outdir: join(outdir, 'webview'),
  platform: 'browser',
  target: 'chrome120',
  format: 'esm',
  minify: true,
  plugins: [forbid('vscode'), forbid('onnxruntime-node')],
});

const results = await Promise.all([programs, extension, webviews]);
if (values.metafile) writeFileSync(values.metafile, JSON.stringify(results.map(({ metafile }) => metafile)));
