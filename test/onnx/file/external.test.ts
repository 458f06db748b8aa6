import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  type TensorProto,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { OnnxFileError } from '../../../src/base/errors.ts';
import { attribute } from '../../../src/onnx/graph/graph.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { ownTensor } from '../../../src/onnx/file/storedTensor.ts';
import { node, smallModel, temporaryFolder, values, writeModel } from '../smallFile.ts';

const root = temporaryFolder();
const weights = values(4, 1);
const bytes = Buffer.from(weights.buffer);

let count = 0;
function newFolder(): string {
  const folder = join(root, `case-${++count}`);
  mkdirSync(folder);
  return folder;
}

function externalTensor(entries: Readonly<Record<string, string>>): TensorProto {
  return create(TensorProtoSchema, {
    name: 'w',
    dataType: 1,
    dims: [4n],
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

function writeExternal(folder: string, entries: Readonly<Record<string, string>>): string {
  const proto = smallModel({ nodes: [node('Add', ['x', 'w'], ['y'])] });
  proto.graph!.initializer.push(externalTensor(entries));
  return writeModel(join(folder, 'model.onnx'), proto);
}

async function elements(path: string): Promise<unknown> {
  return (await loadModel(path)).model.graph.initializers.get('w')?.data;
}

async function errorOf(path: string): Promise<string> {
  const error: unknown = await loadModel(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OnnxFileError);
  expect((error as Error).message).toContain(path);
  return (error as Error).message;
}

test('by offset and length, to the end, in a folder of its own, and by a link that stays inside', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'w'), bytes);
  writeFileSync(join(folder, 'data', 'w'), Buffer.concat([Buffer.alloc(7), bytes, Buffer.alloc(5)]));
  symlinkSync(join('data', 'w'), join(folder, 'link'));
  for (const entries of [
    { location: 'w' },
    { location: 'data/w', offset: '7', length: '16' },
    { location: 'link', offset: '7' },
  ]) {
    expect(await elements(writeExternal(folder, entries))).toEqual(weights);
  }
});

test('beside the real file, where a download cache links to both', async () => {
  const cache = newFolder();
  const [snapshot, blobs] = [join(cache, 'snapshot'), join(cache, 'blobs')];
  mkdirSync(snapshot);
  mkdirSync(blobs);
  writeFileSync(join(blobs, 'b2'), bytes);
  symlinkSync(join('..', 'blobs', 'model.onnx'), join(snapshot, 'model.onnx'));
  symlinkSync(join('..', 'blobs', 'b2'), join(snapshot, 'model.onnx_data'));
  writeExternal(blobs, { location: 'model.onnx_data' });
  expect(await elements(join(snapshot, 'model.onnx'))).toEqual(weights);
});

test('beyond 4 GB into the file', async () => {
  const folder = newFolder();
  const offset = 4.5 * 2 ** 30;
  const file = openSync(join(folder, 'w'), 'w');
  ftruncateSync(file, 5 * 2 ** 30);
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
  expect(await elements(writeExternal(folder, { location: 'w', offset: String(offset), length: '16' }))).toEqual(
    weights,
  );
});

test('a tensor of a node attribute becomes part of the model', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'w'), bytes);
  const proto = smallModel({ nodes: [] });
  const value = create(AttributeProtoSchema, {
    name: 'value',
    type: Kind.TENSOR,
    t: externalTensor({ location: 'w' }),
  });
  proto.graph!.node.push(create(NodeProtoSchema, { opType: 'Constant', output: ['y'], attribute: [value] }));
  const file = await loadModel(writeModel(join(folder, 'model.onnx'), proto));
  expect(attribute(file.model.graph.nodes[0]!, 'value', 'tensor')?.data).toEqual(weights);
  expect(file.proto.graph!.node[0]!.attribute[0]!.t).toMatchObject({ externalData: [], dataLocation: 0 });
});

test('a file outside the model’s folder is refused, however it is named', async () => {
  const outside = newFolder();
  writeFileSync(join(outside, 'w'), bytes);
  const folder = newFolder();
  mkdirSync(join(folder, 'sub'));
  symlinkSync(outside, join(folder, 'sub', 'linked'));
  symlinkSync(join(outside, 'w'), join(folder, 'w'));
  const locations = [
    '../case-1/w',
    'sub/../../case-1/w',
    join(outside, 'w'),
    'C:\\w',
    '..\\w',
    '',
    'w',
    'sub/linked/w',
  ];
  for (const location of locations) {
    expect(await errorOf(writeExternal(folder, { location }))).toMatch(/outside the model's folder|not a path inside/);
  }
});

test('missing, too short, and wrong places are one sentence each', async () => {
  const folder = newFolder();
  writeFileSync(join(folder, 'w'), bytes);
  mkdirSync(join(folder, 'folder'));
  const cases: [Readonly<Record<string, string>>, string][] = [
    [{ location: 'gone' }, "the file gone with the model's weights is missing; put it beside the model"],
    [{ location: 'folder' }, 'not an ordinary file'],
    [{ location: 'w', offset: '8' }, 'tensor "w" ends at byte 24 of w, which has only 16'],
    [{ location: 'w', length: '12' }, 'has 12 bytes in w, but its shape and type need 16'],
    [{ location: 'w', offset: '-1' }, 'has "-1" as its offset'],
    [{ location: 'w', offset: '99999999999999999999' }, 'as its offset'],
    [{ location: 'w', length: 'x' }, 'has "x" as its length'],
  ];
  for (const [entries, problem] of cases) expect(await errorOf(writeExternal(folder, entries))).toContain(problem);
});

test('a file that is changed after the model was opened is named when it is needed', async () => {
  const folder = newFolder();
  const data = join(folder, 'w');
  writeFileSync(data, bytes);
  const file = await loadModel(writeExternal(folder, { location: 'w' }));
  writeFileSync(data, bytes.subarray(0, 8));
  expect(() => file.model.graph.initializers.get('w')?.data).toThrow(/w: the file has been changed or replaced/);
});

test('elements for writing are read for the caller alone, and the stored tensor keeps none of them', async () => {
  const folder = newFolder();
  const file = join(folder, 'w.bin');
  writeFileSync(file, bytes);
  utimesSync(file, 1, 1);
  const model = await loadModel(writeExternal(folder, { location: 'w.bin' }));
  const stored = model.model.graph.initializers.get('w')!;
  const own = ownTensor(stored);
  expect(own).toEqual({ type: 'float32', dims: [4], data: weights });
  (own.data as Float32Array).fill(0);
  // Had the tensor been read for `own`, it would not see that its file changes.
  const other = values(4, 2);
  writeFileSync(file, Buffer.from(other.buffer));
  // By which Pinch would refuse it.
  utimesSync(file, 1, 1);
  expect(stored.data).toEqual(other);
  const second = ownTensor({ ...stored });
  (second.data as Float32Array).fill(0);
  expect(stored.data).toEqual(other);
});
