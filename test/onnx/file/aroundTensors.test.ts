import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { readAroundTensors, type ReadAround } from '../../../src/onnx/file/aroundTensors.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { temporaryFolder } from '../smallFile.ts';

const folder = temporaryFolder();
const floats = (count: number, seed: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(4 * count);
  bytes.set([1, 2, 3, seed + 4]);
  return bytes;
};
const tensor = (name: string, count: number, seed: number) => ({
  name,
  dims: [BigInt(count)],
  dataType: 1,
  rawData: floats(count, seed),
});

function model(sizes: readonly number[]): Uint8Array {
  const graph: MessageInitShape<typeof ModelProtoSchema>['graph'] = {
    name: 'g',
    node: [{ opType: 'Identity', input: ['w0'], output: ['y'] }],
    initializer: sizes.map((size, i) => tensor(`w${i}`, size, i)),
    input: [],
    output: [{ name: 'y', type: { value: { case: 'tensorType', value: { elemType: 1 } } } }],
  };
  const init = { irVersion: 8n, producerName: 'é', opsetImport: [{ domain: '', version: 17n }], graph };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
}

function written(bytes: Uint8Array, name = 'model.onnx'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The model with the tensors' bytes back in their places. */
function restored(path: string, { bytes, places }: ReadAround): ModelProto {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const file = readFileSync(path);
  for (const [index, { offset, length }] of places) {
    const stored = proto.graph?.initializer[index];
    if (!stored) throw new Error(`there is no initializer ${index}`);
    expect(stored.rawData).toHaveLength(0);
    stored.rawData = new Uint8Array(file.subarray(offset, offset + length));
  }
  return proto;
}

describe('a file read around its large tensors', () => {
  it('is the same model once their bytes are back, whatever stands between them', () => {
    const path = written(model([20_000, 3, 16_384, 100, 70_000]));
    const around = readAroundTensors(path);
    expect([...(around?.places.keys() ?? [])]).toEqual([0, 2, 4]);
    expect(around?.bytes.byteLength).toBeLessThan(1000);
    expect(around && same(restored(path, around), fromBinary(ModelProtoSchema, readFileSync(path)))).toBe(true);
  });

  it('may have its graph in two parts, which protobuf joins', () => {
    const [first, second] = [model([20_000, 5]), model([30_000])];
    const path = written(new Uint8Array([...first, ...second]));
    const around = readAroundTensors(path);
    expect([...(around?.places.keys() ?? [])]).toEqual([0, 2]);
    expect(around && same(restored(path, around), fromBinary(ModelProtoSchema, readFileSync(path)))).toBe(true);
  });

  it('is read as protobuf reads it wherever it is cut or changed, or not at all', () => {
    const whole = model([16_384, 7, 16_500]);
    const random = Random.seeded(1);
    let read = 0;
    for (let i = 0; i < 200; i++) {
      const bytes = whole.slice(0, i % 3 === 0 ? random.below(whole.length) : whole.length);
      // Where the structure is: in front, or just before a tensor's bytes.
      const at = [random.below(60), 65_600 + random.below(200)][i % 2] ?? 0;
      if (at < bytes.length) bytes[at] = random.below(256);
      const path = written(bytes, 'changed.onnx');
      const around = readAroundTensors(path);
      if (!around) continue;
      read++;
      const decoded = attempt(() => fromBinary(ModelProtoSchema, bytes));
      if (decoded) expect(same(restored(path, around), decoded), `change ${i}`).toBe(true);
    }
    expect(read).toBeGreaterThan(30);
  });
});

describe('a model larger than what is read whole', () => {
  it('holds its tensors in its own file, and is saved as it was', async () => {
    const bytes = model([9_000_000, 10]);
    const path = written(bytes, 'large.onnx');
    const file = await loadModel(path);
    expect(file.external.size).toBe(0);
    expect(file.model.graph.initializers.get('w0')?.data.slice(0, 3)).toEqual(new Float32Array(floats(3, 0).buffer));
    const copy = join(folder, 'copy.onnx');
    await saveModel(file, copy);
    expect(readFileSync(copy).equals(bytes)).toBe(true);
  });
});

/** By their bytes: comparing numbers one by one would take seconds. */
function same(a: ModelProto, b: ModelProto): boolean {
  return Buffer.from(toBinary(ModelProtoSchema, a)).equals(toBinary(ModelProtoSchema, b));
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
