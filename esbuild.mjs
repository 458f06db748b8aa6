// Builds what runs: the command, the trainer and the audio worker, each one file in dist/.
import { build } from 'esbuild';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });

/** The trainer must run without the editor: its bundle fails if `vscode` gets in. */
const forbid = (name) => ({
  name: `forbid-${name}`,
  setup(b) {
    b.onResolve({ filter: new RegExp(`^${name}$`) }, (args) => ({
      errors: [{ text: `${name} must not be imported here (from ${args.importer})` }],
    }));
  },
});

await build({
  entryPoints: { cli: 'src/cli.ts', trainer: 'src/train/main.ts', 'audio-worker': 'src/speech/audioWorker.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  external: ['onnxruntime-node'],
  plugins: [forbid('vscode')],
  // CommonJS dependencies ask for require(); an ES module has none of its own.
  banner: {
    js: "import { createRequire as pinchRequire } from 'node:module'; const require = pinchRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
