/** A tensor in pieces is the tensor, wherever its bytes stand, and reading it so keeps nothing. */

import { appendFileSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countNonZero } from '../../../src/onnx/file/count.ts';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { loadModel, type ModelFile } from '../../../src/onnx/file/load.ts';
import { constantOf } from '../../../src/onnx/model/operands.ts';
import { piecesOf } from '../../../src/onnx/file/pieces.ts';
import { rewriteFile } from '../../../src/onnx/file/rewriteFile.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { unreadBytes } from '../../../src/onnx/file/storedTensor.ts';
import { float32, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { temporaryFolder } from '../smallFile.ts';

const folder = temporaryFolder();
/** Longer than two pieces, with a rest. */
const length = 2 ** 19 + 1001;
const weights = Float32Array.from({ length }, (_, i) => (i % 3 === 0 ? 0 : i));

/** @param name shifts where the bytes stand in the file: some of four names leave them where no float may start. */
async function write(name: string, externalThreshold: number, data = weights): Promise<ModelFile> {
  const path = join(folder, `${name}.onnx`);
  const nodes = [{ opType: 'Add', domain: '', name: '', inputs: ['x', name], outputs: ['y'], attributes: {} }];
  const value = (of: string) => ({ name: of, type: 'float32' as const, dims: [length] });
  const graph = { name: 'sum', nodes, inputs: [value('x')], outputs: [value('y')], initializers: new Map() };
  const initializers = new Map([[name, float32(data)]]);
  writeFileSync(path, encodeModel({ graph: { ...graph, initializers }, opsets: new Map([['', 17]]) }));
  const target = join(folder, `${name}-saved.onnx`);
  await saveModel(await loadModel(path), target, { externalThreshold });
  return loadModel(target);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Tensor['data']): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const tensorIn = ({ model }: ModelFile): Tensor => [...model.graph.initializers.values()][0]!;

test.each([
  ['a', Infinity],
  ['ab', Infinity],
  ['abc', Infinity],
  ['abcd', Infinity],
  ['e', 1],
])('initializer %s, apart from %d bytes on', async (name, threshold) => {
  const file = await write(name, threshold);
  const tensor = tensorIn(file);
  let next = 0;
  for (const piece of piecesOf(tensor)) {
    expect(bytesOf(piece).equals(bytesOf(weights.subarray(next, next + piece.length)))).toBe(true);
    next += piece.length;
  }
  expect(next).toBe(length);
  expect(countNonZero(tensor)).toBe(weights.filter((weight) => weight !== 0).length);
  if (threshold === 1) expect(unreadBytes(tensor)).toBeDefined();
  expect(bytesOf(tensor.data).equals(bytesOf(weights))).toBe(true);
  // Once they are there, they are not read again.
  expect(unreadBytes(tensor)).toBeUndefined();
  expect(countNonZero(tensor)).toBe(weights.filter((weight) => weight !== 0).length);
});

test('two readers at once do not disturb each other', async () => {
  const [a, b] = [tensorIn(await write('f', 1)), tensorIn(await write('g', 1))];
  const [one, other] = [piecesOf(a), piecesOf(b)];
  const first = one.next().value as Float32Array;
  other.next();
  other.next();
  expect(first.subarray(0, 10)).toEqual(weights.subarray(0, 10));
});

describe('the number that all elements share', () => {
  test.each([
    ['in every piece', (data: Float32Array<ArrayBuffer>) => data.fill(0.5), 0.5],
    ['zeros of both signs', (data: Float32Array<ArrayBuffer>) => data.fill(0).fill(-0, 7000, 9000), 0],
    ['but for the last element', (data: Float32Array<ArrayBuffer>) => data.fill(0.5).fill(0.25, length - 1), undefined],
    [
      'but for one of the second piece',
      (data: Float32Array<ArrayBuffer>) => data.fill(1).fill(2, 1100, 1101),
      undefined,
    ],
    ['NaN', (data: Float32Array<ArrayBuffer>) => data.fill(NaN), undefined],
  ])('%s', async (name, fill, expected) => {
    const data = fill(new Float32Array(length));
    for (const threshold of [1, Infinity]) {
      expect(constantOf(tensorIn(await write(name.replaceAll(' ', '_'), threshold, data)))).toBe(expected);
    }
  });

  test('of a matrix nothing but the beginning is read', async () => {
    const tensor = tensorIn(await write('i', 1));
    let pieces = 0;
    for (const piece of piecesOf(tensor)) {
      expect(piece).toHaveLength(1024);
      pieces++;
      break;
    }
    expect(pieces).toBe(1);
    expect(constantOf(tensor)).toBeUndefined();
    expect(unreadBytes(tensor)).toBeDefined();
  });
});

describe('a file with weights that is not what it was', () => {
  const data = join(folder, 'h-saved.onnx.data');
  const refusal = /h-saved\.onnx\.data: the file has been changed or replaced since the model was opened.*start again/u;

  test.each([
    ['cut short', () => truncateSync(data, 1000)],
    ['longer', () => appendFileSync(data, 'x')],
    ['written in place', () => writeFileSync(data, Buffer.alloc(statSync(data).size, 1))],
    [
      'another file of the same size',
      () => {
        writeFileSync(`${data}.new`, Buffer.alloc(statSync(data).size, 1));
        renameSync(`${data}.new`, data);
      },
    ],
  ])('%s', async (_, change) => {
    const file = await write('h', 1);
    // So that a written file is newer on a file system with coarse times, too.
    utimesSync(data, 1, 1);
    const opened = await loadModel(file.path);
    expect(countNonZero(tensorIn(opened))).toBeGreaterThan(0);
    change();
    expect(() => countNonZero(tensorIn(opened))).toThrow(refusal);
    // However often the opened model was rewritten meanwhile.
    const rewritten = rewriteFile(opened, opened.model.graph.nodes, new Map());
    expect(() => tensorIn(rewritten).data).toThrow(refusal);
    await expect(saveModel(rewritten, join(folder, 'again.onnx'))).rejects.toThrow(refusal);
    expect(countNonZero(tensorIn(await write('h', 1)))).toBeGreaterThan(0);
  });

  test('while it is read', async () => {
    const pieces = piecesOf(tensorIn(await write('h', 1)));
    pieces.next();
    truncateSync(data, 1000);
    expect(() => pieces.next()).toThrow(/h-saved\.onnx\.data: the file has become shorter while it was read/u);
  });

  test('put back, it is read again', async () => {
    const file = await write('h', 1);
    renameSync(data, `${data}.old`);
    writeFileSync(data, 'another');
    expect(() => countNonZero(tensorIn(file))).toThrow(refusal);
    renameSync(`${data}.old`, data);
    expect(countNonZero(tensorIn(file))).toBeGreaterThan(0);
  });

  test('weights in the model itself', async () => {
    const data = new Float32Array(9 << 20).fill(1);
    const path = join(folder, 'whole.onnx');
    const graph = { name: 'none', nodes: [], inputs: [], outputs: [], initializers: new Map([['w', float32(data)]]) };
    writeFileSync(path, encodeModel({ graph, opsets: new Map([['', 17]]) }));
    utimesSync(path, 1, 1);
    const file = await loadModel(path);
    expect(tensorIn(file).data).toHaveLength(data.length);
    writeFileSync(path, encodeModel({ graph, opsets: new Map([['', 17]]) }));
    await expect(saveModel(file, join(folder, 'again.onnx'))).rejects.toThrow(
      /whole\.onnx: the file has been changed/u,
    );
  });
});
