/**
 * Weight files made to do harm: pickles that name or do anything else than tensors, lengths that overflow, offsets and strides that reach
 * outside, zip files that are bombs, indexes that name other folders, and mutated files of each form. Each is refused in one sentence.
 */

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WeightFileError } from '../../../src/base/errors.ts';
import { openCheckpoint, openWeightFile } from '../../../src/huggingface/checkpoint/openCheckpoint.ts';
import { global, pickle, stateDict, tensor, text, torchFile, zip, type View } from '../torchFiles.ts';
import { forms, mutate } from './mutations.ts';
import { elementsIn } from './elementsIn.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function refused(opening: Promise<unknown>, sentence: RegExp): Promise<void> {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightFileError);
  const { message } = error as Error;
  expect(message).toMatch(sentence);
  expect(message).not.toMatch(/\n|undefined|NaN/u);
  expect(message.startsWith(folder)).toBe(true);
}

const data = new Uint8Array(24);

async function openTorch(bytes: Uint8Array): Promise<unknown> {
  const path = join(folder, 'pytorch_model.bin');
  await writeFile(path, bytes);
  return await openWeightFile(path);
}

describe('a pickle', () => {
  const top = (...operations: readonly (string | Uint8Array)[]): Buffer =>
    torchFile(pickle('\x80\x02', ...operations), { 0: data });
  test.each<[string, Buffer, RegExp]>([
    [
      'that calls os.system',
      top(global('os', 'system'), '(', text('echo'), 'tR.'),
      /names "os\.system".*nothing of it was run/u,
    ],
    [
      'that calls eval, protocol 4',
      top(text('builtins'), text('eval'), '\x93', text('1'), '\x85R.'),
      /names "builtins\.eval"/u,
    ],
    ['that makes an object (INST)', top('(ios\nsystem\n.'), /the operation 0x69 at byte 3/u],
    ['that makes an object (OBJ)', top('(', global('collections', 'OrderedDict'), 'o.'), /the operation 0x6f/u],
    ['that makes an object (NEWOBJ)', top(global('collections', 'OrderedDict'), ')\x81.'), /the operation 0x81/u],
    ['that uses a registered extension', top('\x82\x01.'), /the operation 0x82/u],
    [
      'that names a known function of an unknown module',
      top(global('x', '_rebuild_tensor_v2'), '.'),
      /names "x\._rebuild/u,
    ],
    ['that names a storage of objects', top(global('torch', 'UntypedStorage'), '.'), /names "torch\.UntypedStorage"/u],
    [
      'whose name would write to the terminal',
      top(global('os', '\x1b[2Jsystem'), '.'),
      /names "os\.\ufffd\[2Jsystem"/u,
    ],
    ['whose name is long', top(global('os', 'a'.repeat(1000)), '.'), /names "os\.a{117}…"/u],
    ['that calls a number', top('K\x01)R.'), /calls what is no function/u],
    ['that calls a dict with arguments', top(global('collections', 'OrderedDict'), 'K\x01\x85R.'), /makes no sense/u],
    ['that calls a storage', top(global('torch', 'FloatStorage'), ')R.'), /makes no sense/u],
    ['that gives a number attributes', top('K\x01}b.'), /gives attributes to something else/u],
    ['that puts an item into a number', top('K\x01K\x02K\x03s.'), /puts items into something else/u],
    ['that puts in a key without a value', top('}(K\x02u.'), /puts items into something else/u],
    ['that takes more than there is', top('\x86.'), /takes more than there is/u],
    ['that takes what a mark protects', top('K\x01(\x85.'), /takes more than there is/u],
    ['that ends a tuple that it did not begin', top('t.'), /ends a list that it has not begun/u],
    ['that recalls what it did not keep', top('h\x07.'), /refers to something/u],
    ['without an end', top('}'), /ends too early/u],
    ['with text longer than itself', top('X\xff\xff\xff\xff.'), /ends too early/u],
    ['of an unknown version', top('\x80\x09.'), /unknown version/u],
    ['of a number', top('K\x01.'), /holds no tensors by name/u],
    ['of a dict with a number', top('}', text('a'), 'K\x01s.'), /as "a" is no tensor/u],
    ['of a dict of dicts', top('}', text('a'), '}s.'), /as "a" is no tensor/u],
    ['of a tensor under a number', top('}K\x01', tensor({ dims: [2], strides: [1] }), 's.'), /name is no text/u],
    ['that is one endless loop of operations', top('0'.repeat(4)), /operation 0x30/u],
    ['with more operations than any model', top('N'.repeat(2_000_000)), /longer than that of any model/u],
    ['larger than any model', top(text('a'.repeat(17_000_000)), '.'), /longer than that of any model/u],
  ])('%s', (_, bytes, sentence) => refused(openTorch(bytes), sentence));
});

describe('a tensor', () => {
  const one = (view: Partial<View>): Buffer =>
    torchFile(stateDict({ a: tensor({ dims: [2, 3], strides: [3, 1], ...view }) }), { 0: data });
  const large = 2n ** 53n;
  test.each<[string, Buffer, RegExp]>([
    ['whose storage says that it is longer', one({ length: 7 }), /needs more bytes than its data has/u],
    ['of a type that is wider', one({ type: 'DoubleStorage' }), /needs more bytes than its data has/u],
    ['whose storage has a length that overflows', one({ length: 2n ** 62n + 6n }), /a number in it is too large/u],
    ['whose storage has a negative length', one({ length: -6 }), /no type, name and length/u],
    ['that starts outside', one({ offset: 1 }), /reaches outside its data/u],
    ['that starts before', one({ offset: -1 }), /makes no sense/u],
    ['with strides that reach outside', one({ strides: [4, 1] }), /reaches outside its data/u],
    ['with strides that overflow', one({ strides: [Number.MAX_SAFE_INTEGER, 1] }), /reaches outside its data/u],
    ['with negative strides', one({ offset: 5, strides: [-3, -1] }), /makes no sense/u],
    ['with a stride of 0 and a shape beyond all memory', one({ dims: [2 ** 40], strides: [0] }), /more elements than/u],
    ['with a shape that overflows', one({ dims: [2 ** 32, 2 ** 32], strides: [0, 0] }), /more elements than/u],
    ['with a shape that is no number', one({ dims: [large, 2], strides: [0, 0] }), /a number in it is too large/u],
    ['with fewer strides than axes', one({ strides: [1] }), /makes no sense/u],
    ['with more axes than there are', one({ dims: Array(65).fill(1), strides: Array(65).fill(1) }), /makes no sense/u],
    ['without data', one({ key: '1' }), /has no data in the zip file \("1"\)/u],
    ['whose data is a file outside', one({ key: '../../../../etc/passwd' }), /has no data in the zip file/u],
  ])('%s', (_, bytes, sentence) => refused(openTorch(bytes), sentence));

  test('empty, with axes whose product overflows, is empty', async () => {
    const dims = [...Array<number>(30).fill(2 ** 52), 0];
    const bytes = torchFile(stateDict({ a: tensor({ dims, strides: dims.map(() => 1) }) }), { 0: data });
    const path = join(folder, 'empty.bin');
    await writeFile(path, bytes);
    const checkpoint = await openWeightFile(path);
    expect(await elementsIn(checkpoint.tensors.get('a')!)).toHaveLength(0);
    await checkpoint.close();
  });

  test('many, of one storage, are not read as a model larger than the file', async () => {
    const size = 4_000_000;
    const view = tensor({ dims: [size], strides: [1], length: size });
    const names = Array.from({ length: 20 }, (_, i) => [`a${i}`, view] as const);
    const bytes = torchFile(stateDict(Object.fromEntries(names)), { 0: new Uint8Array(4 * size) });
    await refused(openTorch(bytes), /together larger than the file/u);
  });
});

describe('a zip file', () => {
  const good = stateDict({ a: tensor({ dims: [6], strides: [1] }) });
  const parts = [
    { name: 'm/data.pkl', data: good },
    { name: 'm/data/0', data },
  ];
  const [first, second] = parts as [(typeof parts)[0], (typeof parts)[0]];
  test.each<[string, Buffer, RegExp]>([
    ['without a pickle', zip([second]), /there must be one data\.pkl/u],
    ['with two pickles', zip([first, { ...first, name: 'n/data.pkl' }, second]), /there must be one data\.pkl/u],
    ['with two entries of one name', zip([first, second, second]), /have the same name/u],
    ['with a compressed pickle', zip([{ ...first, method: 8 }, second]), /compressed, which torch\.save never does/u],
    ['with compressed data', zip([first, { ...second, method: 8 }]), /compressed, which torch\.save never does/u],
    ['whose data ends behind the file', zip([first, { ...second, size: 10_000 }]), /zip directory cannot be read/u],
    [
      'whose data starts behind the file',
      zip([first, { ...second, offset: 10_000 }]),
      /cannot be read \(it points behind/u,
    ],
    [
      'whose data starts beyond all files, zip64',
      zip([first, { ...second, offset: Number.MAX_SAFE_INTEGER - 1 }], true),
      /cannot be read \(it points behind/u,
    ],
    [
      'whose data overflows, zip64',
      zip([first, { ...second, size: Number.MAX_SAFE_INTEGER }], true),
      /overflows file bounds/u,
    ],
    ['cut short', zip(parts).subarray(0, -30), /zip directory cannot be read/u],
    ['with names that lead outside', zip([first, { ...second, name: '../m/data/0' }]), /zip directory cannot be read/u],
    [
      'of a big-endian processor',
      zip([...parts, { name: 'm/byteorder', data: Buffer.from('big') }]),
      /byte order of another processor/u,
    ],
    ['that is no zip file', Buffer.from('PK\x03\x04 and nothing else'), /zip directory cannot be read/u],
    ['that is empty', zip([]), /no file that torch\.save wrote/u],
  ])('%s', (_, bytes, sentence) => refused(openTorch(bytes), sentence));
});

describe('an index', () => {
  let inside: string;
  beforeAll(async () => {
    inside = join(folder, 'inside');
    await mkdir(inside);
    const bytes = torchFile(stateDict({ a: tensor({ dims: [6], strides: [1] }) }), { 0: data });
    await writeFile(join(folder, 'x.bin'), bytes);
    await writeFile(join(inside, 'ours.bin'), bytes);
    await symlink('../x.bin', join(inside, 'link.bin'));
  });
  const named = (...files: readonly string[]): unknown => ({
    weight_map: Object.fromEntries(files.map((file, i) => [i === 0 ? 'a' : `a${i}`, file])),
  });
  test.each<[string, unknown, RegExp]>([
    ['of a file above', named('../x.bin'), /names "\.\.\/x\.bin" as a file, which is not one in its own folder/u],
    ['of a file above, as Windows writes it', named('..\\x.bin'), /not one in its own folder/u],
    ['of a file anywhere', named('/etc/passwd'), /not one in its own folder/u],
    ['of a file on a drive', named('C:x.bin'), /not one in its own folder/u],
    ['of the folder', named('.'), /not one in its own folder/u],
    ['of the folder above', named('..'), /not one in its own folder/u],
    ['of nothing', named(''), /not one in its own folder/u],
    ['of a name with a zero byte', named('ours.bin\0'), /not one in its own folder/u],
    ['of a link that leads outside', named('link.bin'), /not one in its own folder/u],
    ['of a file that is not there', named('none.bin'), /its file "none\.bin" is missing; download the model again/u],
    ['of a tensor that is not in its file', { weight_map: { b: 'ours.bin' } }, /tensor "b" is not in "ours\.bin"/u],
    ['of a tensor called __proto__', '{"weight_map":{"__proto__":"ours.bin"}}', /tensor "__proto__" is not in/u],
    ['of hundreds of files', named(...Array.from({ length: 501 }, (_, i) => `${i}`)), /names 501 files/u],
    ['without a map', {}, /no "weight_map"/u],
    ['with a list for a map', { weight_map: ['ours.bin'] }, /no "weight_map"/u],
    ['with numbers for files', { weight_map: { a: 3 } }, /no "weight_map"/u],
    ['that is not JSON', '{', /not JSON/u],
    ['that is too large', ' '.repeat(4_000_001), /larger than 4000000 bytes/u],
  ])('%s', async (_, json, sentence) => {
    const text = typeof json === 'string' ? json : JSON.stringify(json);
    await writeFile(join(inside, 'pytorch_model.bin.index.json'), text);
    await refused(openCheckpoint(inside), sentence);
  });
});

test.each(forms)('300 mutated files, %s: read, or refused in one sentence', async (form) => {
  const { opened, refused: count } = await mutate(form, 300, 1);
  expect(opened + count).toBe(300);
  // Otherwise nothing was mutated where it matters.
  expect(count).toBeGreaterThan(30);
});
