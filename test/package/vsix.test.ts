/** The packed extension, unpacked in an empty place: what is in it, what is not, and that its command runs there. */

import { unzipSync } from 'fflate';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const target = `${process.platform}-${process.arch}`;
const vsix = fileURLToPath(new URL(`../../dist/pinch-${target}-${manifest.version}.vsix`, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'pinch-vsix-'));
/** Paths within the extension's folder. */
let files: string[] = [];

beforeAll(() => {
  const entries = Object.entries(unzipSync(readFileSync(vsix)));
  for (const [path, bytes] of entries) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), bytes);
  }
  files = entries.map(([path]) => path.replace(/^extension\//u, ''));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const inside = (path: string): string => join(scratch, 'extension', path);
const pinch = (...args: string[]) =>
  promisify(execFile)(process.execPath, [inside('dist/cli.js'), ...args, '--json'], { cwd: scratch });

// DirectX makes those for Windows larger.
const most = process.platform === 'win32' ? 40e6 : 35e6;

test(`it is under ${most / 1e6} MB`, () => expect(statSync(vsix).size).toBeLessThan(most));

test('it holds the native binaries of its own platform and no others', () => {
  const native = files.filter((path) => /\.(?:node|so|dylib|dll)(?:\.|$)/u.test(path));
  expect(native.length).toBeGreaterThanOrEqual(2);
  for (const path of native) {
    expect(path).toMatch(
      new RegExp(`^node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/`, 'u'),
    );
  }
  expect(native.filter((path) => /cuda|tensorrt/iu.test(path))).toEqual([]);
});

test.each([
  ...[
    'dist/extension.cjs',
    'dist/cli.js',
    'dist/trainer.js',
    'dist/audio-worker.js',
    'dist/heartbeat-worker.js',
    'dist/hash-worker.js',
    'dist/THIRD-PARTY-NOTICES.txt',
  ],
  ...['heatmap', 'layer', 'evaluation', 'diff'].flatMap((name) => [
    `dist/webview/${name}.js`,
    `dist/webview/${name}.css`,
  ]),
  ...[
    'package.json',
    'readme.md',
    'changelog.md',
    'LICENSE.txt',
    'media/sample/model/model.onnx',
    'media/sample/NOTICE',
  ],
])('it holds %s', (path) => expect(files).toContain(path));

test('every file that package.json names is there', () => {
  const named = Array.from(JSON.stringify(manifest).matchAll(/"((?:\.\/)?(?:media|dist)\/[^"]+\.\w+)"/gu), ([, path]) =>
    path!.replace(/^\.\//u, ''),
  );
  expect(named.length).toBeGreaterThan(6);
  expect(named.filter((path) => !files.includes(path))).toEqual([]);
});

test('it holds no source, test, map or other package', () => {
  const allowed =
    /^(?:\[Content_Types\]\.xml|extension\.vsixmanifest|package\.json|readme\.md|changelog\.md|LICENSE\.txt|dist\/(?:webview\/)?[\w-]+\.(?:c?js|css|txt)|media\/(?:icons|walkthrough|sample)\/.+|node_modules\/onnxruntime-(?:node|common)\/.+)$/u;
  expect(files.filter((path) => !allowed.test(path) || path.endsWith('.map') || path.endsWith('.ts'))).toEqual([]);
});

test('its command reads the bundled model', async () => {
  const { stdout } = await pinch('inspect', inside('media/sample/model'));
  expect(JSON.parse(stdout)).toMatchObject({ totals: { gated: { parameters: expect.any(Number) as number } } });
});

test('its command recognises the bundled clips with the binaries in it', { timeout: 120_000 }, async () => {
  const { stdout } = await pinch('evaluate', inside('media/sample/model'), '--data', inside('media/sample/dev.jsonl'));
  expect(JSON.parse(stdout)).toMatchObject({ wer: expect.any(Number) as number });
});

describe('its notices', () => {
  const text = (): string => readFileSync(inside('dist/THIRD-PARTY-NOTICES.txt'), 'utf8');

  test.each(Object.keys(manifest.dependencies))('name %s, which every run needs', (name) => {
    expect(text()).toMatch(new RegExp(`^${name} \\d+\\.\\d+`, 'mu'));
  });

  test.each(['mpg123', 'libFLAC', 'libvorbis', 'libogg', 'puff'])('name %s, compiled into a package', (name) => {
    expect(text()).toContain(`It contains ${name} (`);
  });

  test('carry the text of every licence they refer to', () => {
    for (const title of [
      'GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 2.1',
      'GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 3',
      'GNU GENERAL PUBLIC LICENSE\n                       Version 3',
      'Apache License\n                           Version 2.0',
      'Permission is hereby granted, free of charge',
    ]) {
      expect(text()).toContain(title);
    }
  });

  test('never name what must not ship', () => expect(text()).not.toMatch(/^espeak-ng \d/mu));
});
