import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type TensorProto,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { OnnxFileError } from '../../../src/base/errors.ts';
import { attribute } from '../../../src/onnx/graph/graph.ts';
import { findModel } from '../../../src/onnx/folder/findModel.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';
import { node, openModel, smallModel, temporaryFolder, values, writeModel } from '../smallFile.ts';

const folder = temporaryFolder();

const relu = () => smallModel({ nodes: [node('Relu', ['x'], ['y'])] });

async function errorOf(path: string): Promise<string> {
  const error: unknown = await loadModel(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OnnxFileError);
  const { message } = error as OnnxFileError;
  expect(message.startsWith(path)).toBe(true);
  expect(message).not.toContain('\n');
  return message;
}

test('a view of the graph: nodes, attributes, inputs and outputs with their dimensions, operator sets', async () => {
  const proto = smallModel({
    nodes: [node('Softmax', ['x'], ['y'], { name: 'last', attributes: { axis: { type: 'int', value: -1 } } })],
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 3, undefined] }],
    outputs: [{ name: 'y', type: 'float32', dims: undefined }],
  });
  proto.opsetImport[0]!.domain = 'ai.onnx';
  const { model } = await openModel(folder, proto);
  expect(model.graph.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 3, undefined] }]);
  expect(model.graph.outputs).toEqual([{ name: 'y', type: 'float32', dims: undefined }]);
  expect(model.graph.nodes[0]).toMatchObject({ opType: 'Softmax', name: 'last', attributes: { axis: { value: -1 } } });
  expect([...model.opsets]).toEqual([['', 18]]);
});

const stored = (name: string, dataType: number, elements: Partial<TensorProto>, length: number): TensorProto =>
  create(TensorProtoSchema, { name, dataType, dims: [BigInt(length)], ...elements } as TensorProto);

test('tensors in the older form, in a field for each kind of number', async () => {
  const proto = relu();
  proto.graph!.initializer.push(
    stored('f', 1, { floatData: [1.5, -2] }, 2),
    stored('d', 11, { doubleData: [0.1] }, 1),
    stored('i64', 7, { int64Data: [-(2n ** 60n)] }, 1),
    stored('u64', 13, { uint64Data: [2n ** 63n] }, 1),
    stored('u32', 12, { uint64Data: [2n ** 31n] }, 1),
    stored('i32', 6, { int32Data: [-7] }, 1),
    stored('i8', 3, { int32Data: [-8] }, 1),
    stored('bool', 9, { int32Data: [1, 0] }, 2),
    stored('half', 10, { int32Data: [0x3c00] }, 1),
    stored('none', 1, {}, 0),
  );
  const { initializers } = (await openModel(folder, proto)).model.graph;
  const data = Object.fromEntries(Array.from(initializers, ([name, tensor]) => [name, [tensor.type, ...tensor.data]]));
  expect(data).toEqual({
    f: ['float32', 1.5, -2],
    d: ['float64', 0.1],
    i64: ['int64', -(2n ** 60n)],
    u64: ['uint64', 2n ** 63n],
    u32: ['uint32', 2 ** 31],
    i32: ['int32', -7],
    i8: ['int8', -8],
    bool: ['bool', 1, 0],
    half: ['float16', 0x3c00],
    none: ['float32'],
  });
});

test('raw data at an odd place in the file', async () => {
  const weights = values(6, 1);
  for (const name of ['w', 'ww', 'www', 'wwww']) {
    const proto = smallModel({
      nodes: [node('MatMul', ['x', name], ['y'])],
      initializers: { [name]: float32(weights, [2, 3]) },
    });
    const tensor = (await openModel(folder, proto)).model.graph.initializers.get(name)!;
    expect(tensor.data).toEqual(weights);
    // Spreading a tensor, as when it is given another shape, keeps its elements.
    expect({ ...tensor, dims: [6] }).toEqual(float32(weights));
  }
});

test('every spelling of a Constant node carries its numbers as a tensor', async () => {
  const proto = relu();
  const spellings = [
    { name: 'value_int', type: Kind.INT, i: 3n },
    { name: 'value_ints', type: Kind.INTS, ints: [3n, 4n] },
    { name: 'value_float', type: Kind.FLOAT, f: 0.5 },
    { name: 'value_floats', type: Kind.FLOATS, floats: [0.5, 1] },
    { name: 'value', type: Kind.TENSOR, t: stored('', 7, { int64Data: [9n] }, 1) },
  ];
  for (const spelling of spellings) {
    const attributes = [create(AttributeProtoSchema, spelling)];
    proto.graph!.node.push(
      create(NodeProtoSchema, { opType: 'Constant', output: [spelling.name], attribute: attributes }),
    );
  }
  const { nodes } = (await openModel(folder, proto)).model.graph;
  const found = nodes.slice(1).map((constant) => {
    const { dims, data, type } = attribute(constant, 'value', 'tensor')!;
    return [type, dims, [...data]];
  });
  expect(found).toEqual([
    ['int64', [], [3n]],
    ['int64', [2], [3n, 4n]],
    ['float32', [], [0.5]],
    ['float32', [2], [0.5, 1]],
    ['int64', [1], [9n]],
  ]);
});

test('initializers that are graph inputs too, as older exporters wrote them, are no inputs', async () => {
  const proto = smallModel({ nodes: [node('Add', ['x', 'w'], ['y'])], initializers: { w: float32([1]) } });
  const input = proto.graph!.input[0]!;
  proto.graph!.input.push(create(ValueInfoProtoSchema, { name: 'w', type: input.type! }));
  const { graph } = (await openModel(folder, proto)).model;
  expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
  expect(graph.initializers.has('w')).toBe(true);
});

test('a folder means its model.onnx, or its only model', async () => {
  const both = join(folder, 'both');
  const one = join(folder, 'one');
  const several = join(folder, 'several');
  const none = join(folder, 'none');
  for (const path of [both, one, several, none]) mkdirSync(path);
  for (const path of [join(both, 'model.onnx'), join(both, 'model.legacy.onnx'), join(one, 'm.onnx')])
    writeModel(path, relu());
  for (const name of ['b.onnx', 'a.onnx']) writeModel(join(several, name), relu());
  expect(await findModel(both)).toBe(join(both, 'model.onnx'));
  expect(await findModel(one)).toBe(join(one, 'm.onnx'));
  expect(await errorOf(several)).toContain('choose one of the models here: a.onnx, b.onnx');
  expect(await errorOf(none)).toContain('no .onnx file in this folder');
});

test('a repository of the hub means its onnx/model.onnx, or its only model there', async () => {
  const repository = (name: string, ...models: readonly string[]): string => {
    const path = join(folder, name);
    mkdirSync(join(path, 'onnx'), { recursive: true });
    for (const model of models) writeModel(join(path, model), relu());
    return path;
  };
  const forms = repository('forms', 'onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx');
  expect(await findModel(forms)).toBe(join(forms, 'onnx/model.onnx'));
  expect(await findModel(join(forms, 'onnx'))).toBe(join(forms, 'onnx/model.onnx'));
  expect(await findModel(join(forms, 'onnx/model_fp16.onnx'))).toBe(join(forms, 'onnx/model_fp16.onnx'));
  const only = repository('only', 'onnx/ctc.onnx');
  expect(await findModel(only)).toBe(join(only, 'onnx/ctc.onnx'));
  const own = repository('own', 'a.onnx', 'onnx/model.onnx');
  expect(await findModel(own)).toBe(join(own, 'a.onnx'));
  const small = repository('small', 'onnx/model_fp16.onnx', 'onnx/model_int8.onnx');
  expect(await errorOf(small)).toContain(
    `choose one of the models here: ${join('onnx', 'model_fp16.onnx')}, ${join('onnx', 'model_int8.onnx')}`,
  );
  expect(await errorOf(repository('empty'))).toContain('no .onnx file in this folder');
});

test('a file that cannot be a model says so in one sentence', async () => {
  const path = (name: string, content: Uint8Array | string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const whole = toBinary(
    ModelProtoSchema,
    smallModel({ nodes: [node('Relu', ['x'], ['y'])], initializers: { w: float32(values(100, 1)) } }),
  );
  expect(await errorOf(join(folder, 'missing.onnx'))).toContain('does not exist');
  expect(await errorOf(path('empty.onnx', ''))).toContain('the file is empty');
  expect(await errorOf(path('text.onnx', 'these are no bytes of a model'))).toContain('not an ONNX file');
  expect(await errorOf(path('pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0'))).toContain(
    'git lfs pull',
  );
  expect(
    await errorOf(path('other.onnx', toBinary(TensorProtoSchema, stored('t', 1, { floatData: [1] }, 1)))),
  ).toContain('not an ONNX');
  // A file without content on the disk: none of its 3 GB is read.
  truncateSync(path('large.onnx', ''), 3 * 2 ** 30);
  expect(await errorOf(join(folder, 'large.onnx'))).toContain('larger than 2 GB');
  for (const share of [0.3, 0.6, 0.9, 0.99]) {
    expect(await errorOf(path('short.onnx', whole.subarray(0, Math.floor(share * whole.length))))).toContain(
      'cut short',
    );
  }
});

test('a tensor that does not have the elements of its shape is named', async () => {
  const broken: [TensorProto, string][] = [
    [
      stored('raw', 1, { rawData: new Uint8Array(12) }, 2),
      'tensor "raw" of shape [2] needs 2 elements, but the file has 3',
    ],
    [stored('list', 1, { floatData: [1] }, 2), 'tensor "list" of shape [2] needs 2 elements, but the file has 1'],
    [stored('less', 1, {}, -1), 'tensor "less" has the impossible shape [-1]'],
    [stored('huge', 1, {}, 2 ** 60), 'tensor "huge" has the impossible shape'],
  ];
  for (const [tensor, problem] of broken) {
    const proto = relu();
    proto.graph!.initializer.push(tensor);
    expect(await errorOf(writeModel(join(folder, 'broken.onnx'), proto))).toContain(problem);
  }
});

test('an input that is not a tensor is named', async () => {
  const proto = relu();
  const elements = { value: { case: 'sequenceType' as const, value: {} } };
  proto.graph!.input.push(create(ValueInfoProtoSchema, { name: 'list', type: elements }));
  expect(await errorOf(writeModel(join(folder, 'sequence.onnx'), proto))).toContain('"list" of the graph');
});
