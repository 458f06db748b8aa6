/** The notices of everything that ships and is not ours: what the bundler put into the programs, and what is inside that. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Packages that ship as they are, beside the bundles. */
const unbundled = ['onnxruntime-node', 'onnxruntime-common'];

/** Licences that Pinch, under MIT, may ship. The LGPL ones are libraries that anyone can replace: Pinch is built from source by one command. */
const acceptable = new Set([
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense', 'Zlib'],
  ...['LGPL-2.1', 'LGPL-3.0-or-later', '(Apache-2.0 AND BSD-3-Clause)'],
]);

const licenceFile = /^(licen[cs]e|notices?|copying)/iu;
const rule = '-'.repeat(80);

/**
 * @param {readonly import('esbuild').Metafile[]} metafiles of every bundle.
 * @param {string} root the project's folder.
 * @returns {string} the text of THIRD-PARTY-NOTICES.txt.
 * @throws Error if a package ships whose licence is missing or not acceptable.
 */
export function notices(metafiles, root) {
  const known = JSON.parse(readFileSync(join(here, 'known.json'), 'utf8'));
  const texts = new Set();
  const sections = [...shippedPackages(metafiles), ...unbundled.map((name) => join('node_modules', name))]
    .map((folder) => describe(folder, join(root, folder), known, texts))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ text }) => text);
  return [
    'Pinch contains the following software of others. Pinch itself is under the MIT licence (LICENSE).',
    'Libraries under the LGPL can be replaced: change them, then build Pinch from its source with "npm run package".',
    ...sections,
    ...Array.from(texts, (name) => `${rule}\n${name}\n${rule}\n\n${textOf(name)}`),
  ].join('\n\n');
}

/**
 * The folders, from the project's root, of the packages with code in a bundle.
 * @param {readonly import('esbuild').Metafile[]} metafiles
 * @returns {string[]}
 */
export function shippedPackages(metafiles) {
  const inputs = metafiles
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap((output) => Object.entries(output.inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(path)?.[1])
    .filter((folder) => folder !== undefined);
  return [...new Set(inputs)].sort();
}

function describe(folder, path, known, texts) {
  const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const { name, version, license } = manifest;
  const { copyright, texts: more = [], inside = [] } = known[name] ?? {};
  demand(name, license);
  const files = readdirSync(path).filter((file) => licenceFile.test(file));
  const named = files.length === 0 && more.length === 0 ? [license] : more;
  // Some packages name a licence and carry no file of it; their author holds the rights then.
  const holder = copyright ?? (files.length === 0 ? `Copyright (c) ${authorOf(manifest)}` : undefined);
  for (const other of inside) demand(`${other.name} in ${name}`, other.license);
  for (const text of [...named, ...inside.map((other) => other.license)]) texts.add(text);
  const text = [
    `${rule}\n${name} ${version} (${license})\n${manifest.homepage ?? urlOf(manifest.repository)}\n${rule}`,
    ...(holder === undefined ? [] : [holder]),
    ...(named.length > 0 ? [`Licence texts below: ${named.join(', ')}`] : []),
    ...files.map((file) => readFileSync(join(path, file), 'utf8').trim()),
    ...inside.map(
      (other) => `It contains ${other.name} (${other.license}, text below), ${other.source}\n${other.copyright}`,
    ),
  ].join('\n\n');
  return { name, text };
}

function demand(name, license) {
  if (acceptable.has(license)) return;
  throw new Error(`${name} must not ship: its licence is ${license ?? 'missing'}, which Pinch cannot include.`);
}

function authorOf({ name, author, contributors, maintainers }) {
  const first = author ?? contributors?.[0] ?? maintainers?.[0];
  const text = typeof first === 'string' ? first : first?.name;
  return text ?? `the authors of ${name}`;
}

const urlOf = (repository) =>
  (typeof repository === 'string' ? repository : (repository?.url ?? '')).replace(/^git\+/u, '');

function textOf(name) {
  const path = join(here, 'texts', `${name}.txt`);
  if (!existsSync(path))
    throw new Error(`The text of the licence ${name} is missing: add scripts/notices/texts/${name}.txt.`);
  return readFileSync(path, 'utf8').trimEnd();
}
