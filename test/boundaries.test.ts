/** Holds every import under src and webview against the layout's table: who may import whom. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, test } from 'vitest';

/** What each room may import besides itself. The rooms are the folders of src, src/extension.ts, src/cli.ts and webview. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  metrics: ['protocol', 'base'],
  speech: ['protocol', 'base'],
  onnx: ['base'],
  autodiff: ['onnx', 'base'],
  prune: ['onnx', 'base'],
  runtime: ['onnx', 'speech', 'protocol', 'base'],
  state: ['prune', 'onnx', 'protocol', 'base'],
  runs: ['protocol', 'base'],
  runfolder: ['runs', 'state', 'runtime', 'onnx', 'speech', 'protocol', 'base'],
  step: ['state', 'runtime', 'prune', 'autodiff', 'onnx', 'protocol', 'base'],
  measure: ['runfolder', 'runs', 'state', 'runtime', 'prune', 'onnx', 'speech', 'metrics', 'protocol', 'base'],
  train: ['step', 'runfolder', 'runs', 'state', 'runtime', 'prune', 'onnx', 'speech', 'metrics', 'protocol', 'base'],
  study: ['train', 'measure', 'runfolder', 'runs', 'onnx', 'speech', 'metrics', 'protocol', 'base'],
  huggingface: ['onnx', 'speech', 'protocol', 'base'],
  cli: ['study', 'train', 'measure', 'huggingface', 'runfolder', 'runs', 'runtime', 'protocol', 'base'],
  host: ['runs', 'onnx', 'metrics', 'protocol', 'base'],
  extension: ['host', 'protocol'],
  webview: ['protocol', 'base'],
};

/** Packages that only some files may import. */
const guarded: Readonly<Record<string, (file: string) => boolean>> = {
  'onnxruntime-node': (file) => ['src/runtime/onnxruntime.ts', 'src/runtime/session.ts'].includes(file),
  vscode: (file) => file === 'src/extension.ts' || file.startsWith('src/host/'),
};

/** These run in a browser too, where Node's modules do not exist. */
const inBrowser = new Set(['webview', 'protocol']);

/** The command's version comes from here; nothing else outside src and webview may be imported. */
const outside = new Set(['package.json']);

/** One sentence for each import that the table forbids. `files` are paths from the project's root, with `/`, and their text. */
function violations(files: ReadonlyMap<string, string>): string[] {
  return Array.from(files).flatMap(([file, text]) => {
    const part = partOf(file);
    if (part === undefined || !(part in mayImport)) return [`${file} belongs to no part of the layout.`];
    return importsOf(file, text)
      .map((imported) => complaint(file, part, imported))
      .filter((sentence) => sentence !== undefined);
  });
}

/** What a file imports in any form, types and `require` included. @throws Error if the file cannot be parsed. */
function importsOf(file: string, text: string): string[] {
  const { program, errors } = parseSync(file, text);
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  const found: string[] = [];
  const take = (source: { readonly type: string; readonly value?: unknown } | null | undefined): void => {
    if (typeof source?.value === 'string') found.push(source.value);
  };
  new Visitor({
    ImportDeclaration: ({ source }) => take(source),
    ExportAllDeclaration: ({ source }) => take(source),
    ExportNamedDeclaration: ({ source }) => take(source),
    ImportExpression: ({ source }) => take(source),
    TSImportType: ({ source }) => take(source),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (callee.type === 'Identifier' && callee.name === 'require') take(first);
    },
  }).visit(program);
  return found;
}

function complaint(file: string, part: string, imported: string): string | undefined {
  if (!imported.startsWith('.')) {
    const name = imported.startsWith('@') ? imported.split('/', 2).join('/') : (imported.split('/')[0] ?? '');
    if (guarded[name]?.(file) === false) return `${file} must not import ${imported}.`;
    const ofNode = imported.startsWith('node:') || builtinModules.includes(name);
    return ofNode && inBrowser.has(part) ? `${file} runs in the browser and must not import ${imported}.` : undefined;
  }
  const target = posix.join(posix.dirname(file), imported);
  if (outside.has(target)) return undefined;
  const other = partOf(target);
  if (other === undefined) return `${file} must not import ${target}, outside src and webview.`;
  return other === part || mayImport[part]?.includes(other)
    ? undefined
    : `${file} (${part}) must not import ${target}.`;
}

/** Sets of files that import each other, directly or by way of others: the strongly connected components of more than one file (Tarjan, 1972). */
function circles(files: ReadonlyMap<string, string>): string[][] {
  const imports = (file: string): string[] =>
    importsOf(file, files.get(file) ?? '')
      .map((imported) => posix.join(posix.dirname(file), imported))
      .filter((target) => files.has(target));
  const found: string[][] = [];
  const stack: string[] = [];
  const lowest = new Map<string, number>();
  const visit = (file: string): number => {
    const index = lowest.size;
    lowest.set(file, index);
    stack.push(file);
    let least = index;
    for (const target of imports(file)) {
      if (!lowest.has(target)) least = Math.min(least, visit(target));
      else if (stack.includes(target)) least = Math.min(least, lowest.get(target) ?? index);
    }
    lowest.set(file, least);
    if (least === index) {
      const component = stack.splice(stack.indexOf(file));
      if (component.length > 1) found.push(component.sort());
    }
    return least;
  };
  for (const file of files.keys()) if (!lowest.has(file)) visit(file);
  return found;
}

/** The part of the layout a file belongs to: its folder in src, or webview; a file straight in src is a part of its own. */
function partOf(file: string): string | undefined {
  const [top, next] = file.split('/');
  if (top === 'webview') return 'webview';
  return top === 'src' ? next?.replace(/\.ts$/u, '') : undefined;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function sources(folder: string): Map<string, string> {
  if (!existsSync(join(root, folder))) return new Map();
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const code = names.filter((name) => /\.[cm]?[jt]sx?$/u.test(name)).map((name) => join(root, folder, name));
  return new Map(code.map((path) => [relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')]));
}

test('no import in src crosses a boundary', () => {
  const files = sources('src');
  expect(files.size).toBeGreaterThan(10);
  expect(violations(files)).toEqual([]);
});

test('no import in webview crosses a boundary', () => expect(violations(sources('webview'))).toEqual([]));

test('no files import each other in a circle, types included', () =>
  expect(circles(new Map([...sources('src'), ...sources('webview')]))).toEqual([]));

describe('the check itself', () => {
  test('finds a circle of types over three files', () => {
    const files = new Map([
      ['src/onnx/a.ts', `import type { B } from './b.ts';`],
      ['src/onnx/b.ts', `import type { C } from './c.ts';`],
      ['src/onnx/c.ts', `import type { A } from './a.ts'; import './d.ts';`],
      ['src/onnx/d.ts', ''],
    ]);
    expect(circles(files)).toEqual([['src/onnx/a.ts', 'src/onnx/b.ts', 'src/onnx/c.ts']]);
  });

  const check = (file: string, text: string): string[] => violations(new Map([[file, text]]));

  test.each([
    ['a forbidden part', 'src/onnx/load.ts', `import { align } from '../metrics/alignment.ts';`],
    ['a type only', 'src/speech/audio.ts', `import type { Tensor } from '../onnx/graph/tensor.ts';`],
    ['a type inside an expression', 'src/speech/audio.ts', `let t: import('../onnx/tensor.ts').Tensor;`],
    ['an export from', 'src/prune/gates.ts', `export * from '../train/loop.ts';`],
    ['an import at run time', 'src/autodiff/backward.ts', `const m = await import('../prune/gates.ts');`],
    ['a require', 'src/metrics/wer.ts', `const m = require('../onnx/load.ts');`],
    ['the extension from the command', 'src/cli.ts', `import './host/commands.ts';`],
    ['the command from the trainer', 'src/train/main.ts', `import { run } from '../cli/prune.ts';`],
    ['the trainer from the host', 'src/host/runs.ts', `import { run } from '../train/loop.ts';`],
    [
      'more than the protocol from the webview',
      'webview/main.ts',
      `import { align } from '../src/metrics/alignment.ts';`,
    ],
    ['a module of Node in the webview', 'webview/main.ts', `import { readFile } from 'node:fs/promises';`],
    ['a module of Node in the protocol', 'src/protocol/records.ts', `import path from 'path';`],
    ['onnxruntime-node elsewhere', 'src/train/loop.ts', `import * as ort from 'onnxruntime-node';`],
    ['vscode in the trainer', 'src/train/loop.ts', `import * as vscode from 'vscode';`],
    ['a test from the source', 'src/onnx/load.ts', `import { x } from '../../test/onnx/models.ts';`],
    ['a folder that the layout does not have', 'src/utils/misc.ts', ''],
  ])('fails for %s', (_, file, text) => expect(check(file, text)).toHaveLength(1));

  test.each([
    ['its own folder', 'src/onnx/load.ts', `import { sizeOf } from './tensor.ts';`],
    ['what the table allows', 'src/prune/gates.ts', `import { Builder } from '../onnx/builder.ts';`],
    ['the trainer from the command', 'src/cli/prune.ts', `import { startTrainer } from '../train/start/process.ts';`],
    ['the command from its entry', 'src/cli.ts', `import './cli/prune.ts'; import { version } from '../package.json';`],
    ['the protocol from the webview', 'webview/main.ts', `import type { Message } from '../src/protocol/messages.ts';`],
    [
      'packages and Node elsewhere',
      'src/speech/manifest.ts',
      `import { parse } from 'csv-parse/sync'; import 'node:fs';`,
    ],
    ['onnxruntime-node in its one place', 'src/runtime/session.ts', `import * as ort from 'onnxruntime-node';`],
    ['vscode in the host', 'src/host/commands.ts', `import * as vscode from 'vscode';`],
    [
      'words that look like an import',
      'src/onnx/load.ts',
      `// import '../train/loop.ts'\nconst s = "from '../train/loop.ts'";`,
    ],
  ])('passes %s', (_, file, text) => expect(check(file, text)).toEqual([]));
});
