/** Files made to take much memory when they are opened take at most their own size and 200 MB. */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { global, pickle, stateDict, tensor, text, torchFile, zip } from '../torchFiles.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
  await mkdir(join(folder, 'good'));
  await cp(join(import.meta.dirname, '../files/state-dict.bin'), join(folder, 'good/pytorch_model.bin'));
});
afterAll(() => rm(folder, { recursive: true }));

const header = (json: string): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json)]);
};
const repeated = (operations: string, bytes: number): Buffer =>
  torchFile(pickle('\x80\x02', operations.repeat(Math.floor(bytes / operations.length))), {});
const size = 10_000_000;
/** Rows and columns. */
const large = 12_000;

const cases: readonly (readonly [string, string, () => Buffer, RegExp])[] = [
  ['a header of lists', 'model.safetensors', () => header(`{"a":[${'[],'.repeat(1_300_000)}[]]}`), /no valid type/u],
  ['a header of objects', 'model.safetensors', () => header(`[${'{"a":1},'.repeat(440_000)}0]`), /not an object/u],
  ['a header of depth', 'model.safetensors', () => header('['.repeat(3_900_000)), /not JSON/u],
  [
    'a header of tensors',
    'model.safetensors',
    () =>
      header(
        `{${Array.from({ length: 65_000 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`).join(',')}}`,
      ),
    /read/u,
  ],
  ['a header of 100 MB', 'model.safetensors', () => header('['.repeat(100_000_000)), /longer than that of any model/u],
  [
    'an index of lists',
    'model.safetensors.index.json',
    () => Buffer.from(`[${'[],'.repeat(1_300_000)}0]`),
    /no "weight_map"/u,
  ],
  [
    'an index of names',
    'model.safetensors.index.json',
    () => Buffer.from(`{"weight_map":{${Array.from({ length: 300_000 }, (_, i) => `"${i}":"a"`).join(',')}}}`),
    /"a" is missing/u,
  ],
  ['a pickle of marks', 'pytorch_model.bin', () => repeated('(', 15_000_000), /longer than that of any model/u],
  ['a pickle of dicts', 'pytorch_model.bin', () => repeated('}', 15_000_000), /longer than that of any model/u],
  [
    'a pickle of tuples',
    'pytorch_model.bin',
    () => repeated('}\x85\x85\x85', 15_000_000),
    /longer than that of any model/u,
  ],
  ['a pickle of memories', 'pytorch_model.bin', () => repeated('}\x94', 15_000_000), /longer than that of any model/u],
  ['a pickle of texts', 'pytorch_model.bin', () => repeated('X\x01\x00\x00\x00\xe9', 9_000_000), /longer than that/u],
  [
    'a pickle of ordered dicts',
    'pytorch_model.bin',
    () => torchFile(pickle('\x80\x02', global('collections', 'OrderedDict'), 'q\x00', 'h\x00)R'.repeat(3_000_000)), {}),
    /longer than that of any model/u,
  ],
  [
    'a pickle of a long text',
    'pytorch_model.bin',
    () => torchFile(pickle(text('é'.repeat(7_900_000)), '.'), {}),
    /by name/u,
  ],
  [
    'many tensors of one storage',
    'pytorch_model.bin',
    () => {
      const view = tensor({ dims: [size], strides: [1], length: size });
      const values = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a${i}`, view]));
      return torchFile(stateDict(values), { 0: new Uint8Array(4 * size) });
    },
    /together larger/u,
  ],
  [
    'a large transposed tensor',
    'pytorch_model.bin',
    () => {
      const [rows, columns] = [30_000, 4000];
      const values = { a: tensor({ dims: [rows, columns], strides: [1, rows], length: rows * columns }) };
      return torchFile(stateDict(values), { 0: new Uint8Array(4 * rows * columns) });
    },
    /^read$/u,
  ],
  ...(['F16', 'BF16'] as const).map((dtype): (typeof cases)[number] => [
    `a large tensor of ${dtype}`,
    'model.safetensors',
    () => {
      const bytes = 2 * large * large;
      const json = JSON.stringify({ a: { dtype, shape: [large, large], data_offsets: [0, bytes] } });
      return Buffer.concat([header(json), Buffer.alloc(bytes)]);
    },
    /^read$/u,
  ]),
  ...(
    [
      [large, 1],
      [1, large],
    ] as const
  ).map((strides): (typeof cases)[number] => [
    `a large HalfStorage by [${strides.join(', ')}]`,
    'pytorch_model.bin',
    () => {
      const values = { a: tensor({ dims: [large, large], strides, length: large ** 2, type: 'HalfStorage' }) };
      return torchFile(stateDict(values), { 0: new Uint8Array(2 * large ** 2) });
    },
    /^read$/u,
  ]),
  [
    'a tensor of many repeated elements',
    'pytorch_model.bin',
    () => torchFile(stateDict({ a: tensor({ dims: [2 ** 30], strides: [0], length: 1 }) }), { 0: new Uint8Array(4) }),
    /more elements than its data/u,
  ],
  [
    'a zip directory of many entries',
    'pytorch_model.bin',
    () => zip(Array.from({ length: 60_000 }, (_, i) => ({ name: `m/data/${i}`, data: new Uint8Array() }))),
    /has 60000 entries/u,
  ],
  [
    'a zip directory of almost as many',
    'pytorch_model.bin',
    () =>
      zip(Array.from({ length: 49_000 }, (_, i) => ({ name: `m/data/${i}`.padEnd(240, 'x'), data: new Uint8Array() }))),
    /no file that torch\.save|one data\.pkl/u,
  ],
];

test.each(cases)('%s', async (_, name, make, sentence) => {
  const place = await mkdtemp(join(folder, 'case-'));
  const path = join(place, name);
  await writeFile(path, make());
  const { size } = await stat(path);
  const script = join(import.meta.dirname, 'openInProcess.ts');
  // An import reads each tensor once, in the one form or the other.
  for (const form of sentence.test('read') ? ['plain', 'transposed'] : ['plain']) {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', script, join(folder, 'good'), place, form],
      { maxBuffer: 1 << 20 },
    );
    const { answer, megabytes } = JSON.parse(stdout) as { answer: string; megabytes: number };
    const said = answer.slice(place.length + 1, 160);
    console.log(`${(size / 1e6).toFixed(1)} MB, ${form}: ${megabytes.toFixed(0)} MB; ${said}`);
    expect(answer).toMatch(sentence);
    expect(megabytes).toBeLessThan(size / 1e6 + 200);
  }
  await rm(place, { recursive: true });
});
