import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, createRegistry, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as ort from 'onnxruntime-node';
import {
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { OnnxFileError } from '../../../src/base/errors.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32, int64 } from '../../../src/onnx/graph/tensor.ts';
import { node, openModel, smallModel, temporaryFolder, values, writeModel } from '../smallFile.ts';

const folder = temporaryFolder();

let count = 0;
function newFolder(): string {
  const path = join(folder, `case-${++count}`);
  mkdirSync(path);
  return path;
}

/** y = x w + b, with a large w and a small b. */
const linear = () =>
  smallModel({
    nodes: [node('MatMul', ['x', 'w'], ['z']), node('Add', ['z', 'b'], ['y'])],
    initializers: { w: float32(values(200 * 300, 1), [200, 300]), b: float32(values(300, 2)) },
  });

const large = 50_000;

const dimension = (value: bigint) => ({ value: { case: 'dimValue' as const, value } });

async function run(path: string, width: number): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path);
  const { y } = await session.run({ x: new ort.Tensor(values(width, 9), [1, width]) });
  return y!.data as Float32Array;
}

test('what Pinch does not know is written as it was read, at every level', async () => {
  const proto = linear();
  proto.functions.push(create(FunctionProtoSchema, { name: 'f', domain: 'local', input: ['a'], output: ['a'] }));
  proto.trainingInfo.push(create(TrainingInfoProtoSchema, { algorithm: create(GraphProtoSchema, { name: 'step' }) }));
  proto.graph!.sparseInitializer.push(create(SparseTensorProtoSchema, { dims: [9n] }));
  proto.graph!.initializer.push(
    create(TensorProtoSchema, { name: 's', dataType: 8, dims: [1n], stringData: [new Uint8Array([255])] }),
  );
  // Fields of a format yet to come, put in as bytes: into the model, its graph, and its first tensor.
  const future = (number: number) =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).string(`field ${number}`).finish();
  const within = (number: number, content: Uint8Array) =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
  const [first, ...others] = proto.graph!.initializer;
  const tensor = Buffer.concat([toBinary(TensorProtoSchema, first!), future(900)]);
  proto.graph!.initializer = others;
  const graph = Buffer.concat([within(5, tensor), toBinary(GraphProtoSchema, proto.graph!), future(901)]);
  delete proto.graph;
  const bytes = Buffer.concat([toBinary(ModelProtoSchema, proto), within(7, graph), future(902)]);

  const path = join(newFolder(), 'model.onnx');
  writeFileSync(path, bytes);
  const copy = join(newFolder(), 'copy.onnx');
  await saveModel(await loadModel(path), copy);
  const saved = readFileSync(copy);
  expect(saved.length).toBe(bytes.length);
  expect(
    equals(ModelProtoSchema, fromBinary(ModelProtoSchema, bytes), fromBinary(ModelProtoSchema, saved), {
      registry: createRegistry(),
      unknown: true,
    }),
  ).toBe(true);
  for (const number of [900, 901, 902]) expect(saved.includes(`field ${number}`)).toBe(true);
});

test('a file of one piece stays one, with some contents replaced and nothing else changed', async () => {
  const file = await openModel(folder, linear());
  const path = join(newFolder(), 'model.onnx');
  const w = float32(values(200 * 300, 5), [200, 300]);
  await saveModel(file, path, { replacements: new Map([['w', w]]) });
  expect(readdirSync(join(path, '..'))).toEqual(['model.onnx']);
  const expected = linear();
  expected.graph!.initializer[0]!.rawData = new Uint8Array(w.data.buffer);
  expect(readFileSync(path).equals(toBinary(ModelProtoSchema, expected))).toBe(true);
  // The model that was loaded did not change.
  expect(file.model.graph.initializers.get('w')?.data).toEqual(values(200 * 300, 1));
});

test('a smaller matrix takes its shape along, and shapes noted for the values after it are dropped', async () => {
  const proto = linear();
  const { type } = proto.graph!.output[0]!;
  proto.graph!.valueInfo.push(create(ValueInfoProtoSchema, { name: 'z', type: type! }));
  const path = join(newFolder(), 'model.onnx');
  const w = float32(values(100 * 300, 5), [100, 300]);
  await saveModel(await openModel(folder, proto), path, { replacements: new Map([['w', w]]) });
  const { proto: saved, model } = await loadModel(path);
  expect(model.graph.initializers.get('w')?.dims).toEqual([100, 300]);
  expect(saved.graph!.valueInfo).toEqual([]);
  expect(await run(path, 100)).toHaveLength(300);
});

test('a smaller matrix that is a graph input too, as in older files, loses the shape noted there', async () => {
  const proto = linear();
  const { type } = create(ValueInfoProtoSchema, {
    type: { value: { case: 'tensorType', value: { elemType: 1, shape: { dim: [200n, 300n].map(dimension) } } } },
  });
  proto.graph!.input.push(create(ValueInfoProtoSchema, { name: 'w', type: type! }));
  const path = join(newFolder(), 'model.onnx');
  const w = float32(values(100 * 300, 5), [100, 300]);
  await saveModel(await openModel(folder, proto), path, { replacements: new Map([['w', w]]) });
  expect(await run(path, 100)).toHaveLength(300);
});

test('large tensors apart: one file beside the model, read by onnxruntime, and brought back byte for byte', async () => {
  const original = await openModel(folder, linear());
  const apart = newFolder();
  const path = join(apart, 'model.onnx');
  await saveModel(original, path, { externalThreshold: large });
  expect(readdirSync(apart).sort()).toEqual(['model.onnx', 'model.onnx.data']);
  const file = await loadModel(path);
  expect([...file.external]).toEqual(['w']);
  expect(file.model.graph.initializers.get('w')).toEqual(original.model.graph.initializers.get('w'));
  expect(await run(path, 200)).toEqual(await run(original.path, 200));
  const whole = join(newFolder(), 'model.onnx');
  await saveModel(file, whole, { externalThreshold: Infinity });
  expect(readFileSync(whole).equals(readFileSync(original.path))).toBe(true);
});

test('a model with its tensors apart stays so, one of them replaced; each starts on a page', async () => {
  const proto = linear();
  proto.graph!.initializer.push({ ...proto.graph!.initializer[0]!, name: 'v' });
  const first = join(newFolder(), 'a.onnx');
  await saveModel(await openModel(folder, proto), first, { externalThreshold: large });
  const second = join(newFolder(), 'b.onnx');
  const v = float32(values(200 * 300, 7), [200, 300]);
  await saveModel(await loadModel(first), second, { replacements: new Map([['v', v]]) });
  const { model, proto: saved, external } = await loadModel(second);
  expect([...external].sort()).toEqual(['v', 'w']);
  expect(model.graph.initializers.get('v')).toEqual(v);
  expect(model.graph.initializers.get('w')?.data).toEqual(values(200 * 300, 1));
  const places = saved.graph!.initializer.flatMap(({ externalData }) => externalData);
  expect(places.filter(({ key }) => key === 'location').map(({ value }) => value)).toEqual([
    'b.onnx.data',
    'b.onnx.data',
  ]);
  for (const { value } of places.filter(({ key }) => key === 'offset')) expect(Number(value) % 65536).toBe(0);
});

test('a tensor stored number by number is kept, also where all that can stands apart, and may be replaced', async () => {
  const proto = linear();
  const b = proto.graph!.initializer[1]!;
  b.floatData = Array.from(values(300, 2));
  b.rawData = new Uint8Array();
  const source = await openModel(folder, proto);
  const apart = join(newFolder(), 'model.onnx');
  await saveModel(source, apart, { externalThreshold: 0 });
  expect((await loadModel(apart)).model.graph.initializers.get('b')?.data).toEqual(values(300, 2));
  const replaced = join(newFolder(), 'model.onnx');
  await saveModel(source, replaced, { replacements: new Map([['b', float32(values(300, 3))]]) });
  expect((await loadModel(replaced)).model.graph.initializers.get('b')?.data).toEqual(values(300, 3));
});

test('a replacement has to fit', async () => {
  const file = await openModel(folder, linear());
  const path = join(newFolder(), 'model.onnx');
  await expect(saveModel(file, path, { replacements: new Map([['nobody', float32([1])]]) })).rejects.toThrow(
    'no initializer "nobody"',
  );
  await expect(saveModel(file, path, { replacements: new Map([['b', int64([1])]]) })).rejects.toThrow('of type int64');
});

test('when a file cannot be put in its place, nothing half-done is left', async () => {
  const file = await openModel(folder, linear());
  const place = newFolder();
  mkdirSync(join(place, 'model.onnx'));
  for (const externalThreshold of [large, Infinity]) {
    await expect(saveModel(file, join(place, 'model.onnx'), { externalThreshold })).rejects.toBeInstanceOf(
      OnnxFileError,
    );
    expect(readdirSync(place)).toEqual(['model.onnx']);
  }
  await expect(saveModel(file, join(place, 'gone', 'model.onnx'))).rejects.toThrow('does not exist');
});

test('a model is not saved over the data it is still read from, but over its own single file it is', async () => {
  const path = join(newFolder(), 'model.onnx');
  await saveModel(await openModel(folder, linear()), path, { externalThreshold: large });
  const before = readFileSync(`${path}.data`);
  const file = await loadModel(path);
  await expect(saveModel(file, path)).rejects.toThrow('still being read from this file');
  expect(readFileSync(`${path}.data`).equals(before)).toBe(true);

  const single = writeModel(join(newFolder(), 'model.onnx'), linear());
  const replacements = new Map([['b', float32(values(300, 3))]]);
  await saveModel(await loadModel(single), single, { replacements });
  expect((await loadModel(single)).model.graph.initializers.get('b')?.data).toEqual(values(300, 3));
});
