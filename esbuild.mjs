// Builds what runs into dist/: the extension, the command, the trainer, its worker threads and the webviews, each one file.
import { build, context } from 'esbuild';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

// With --metafile, what went into each bundle is written there, for the licences. With --watch, each is built again when its files change.
const { values } = parseArgs({
  options: {
    outdir: { type: 'string', default: 'dist' },
    metafile: { type: 'string' },
    watch: { type: 'boolean', default: false },
  },
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
const programs = {
  ...node,
  entryPoints: {
    cli: 'src/cli.ts',
    trainer: 'src/train/main.ts',
    'audio-worker': 'src/speech/audio/audioWorker.ts',
    'heartbeat-worker': 'src/runfolder/heartbeatWorker.ts',
    'hash-worker': 'src/onnx/folder/hashWorker.ts',
  },
  outdir,
  format: 'esm',
  external: ['onnxruntime-node'],
  plugins: [forbid('vscode')],
  // CommonJS dependencies ask for require(); an ES module has none of its own.
  banner: {
    js: "import { createRequire as pinchRequire } from 'node:module'; const require = pinchRequire(import.meta.url);",
  },
};

/** The extension host loads CommonJS. */
const extension = {
  ...node,
  entryPoints: { extension: 'src/extension.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  minify: true,
  external: ['vscode'],
  plugins: [forbid('onnxruntime-node')],
};

const names = readdirSync('webview').filter((name) => existsSync(join('webview', name, 'main.ts')));
const webviews = {
  ...common,
  entryPoints: Object.fromEntries(names.map((name) => [name, `webview/${name}/main.ts`])),
  outdir: join(outdir, 'webview'),
  platform: 'browser',
  target: 'chrome120',
  format: 'esm',
  minify: true,
  plugins: [forbid('vscode'), forbid('onnxruntime-node')],
};

const bundles = [programs, extension, webviews];
if (values.watch) {
  // .vscode/tasks.json waits for these two lines, so they are printed once for all bundles: before the first starts and after the last ends.
  let building = bundles.length;
  console.log('[watch] build started');
  const report = () => {
    let first = true;
    return {
      name: 'report',
      setup(b) {
        b.onStart(() => {
          if (!first && building++ === 0) console.log('[watch] build started');
          first = false;
        });
        b.onEnd(() => {
          if (--building === 0) console.log('[watch] build finished');
        });
      },
    };
  };
  for (const options of bundles) {
    const watched = await context({ ...options, plugins: [...options.plugins, report()] });
    await watched.watch();
  }
} else {
  const results = await Promise.all(bundles.map((options) => build(options)));
  if (values.metafile) writeFileSync(values.metafile, JSON.stringify(results.map(({ metafile }) => metafile)));
}
