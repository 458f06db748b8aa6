import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { countNonZero } from '../../src/onnx/file/count.ts';
import { loadModel, type ModelFile } from '../../src/onnx/file/load.ts';
import { exposeParameters, type Parameter } from '../../src/onnx/model/parameters.ts';
import { saveModel } from '../../src/onnx/file/save.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const folder = mkdtempSync(join(tmpdir(), 'pinch-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const models = [
  { name: 'w2v2-tiny', path: join(shared, 'reference', 'w2v2-tiny') },
  { name: 'w2v2-digits', path: join(shared, 'models', 'w2v2-digits') },
];
const exports = ['model.onnx', 'model.legacy.onnx'];

interface TorchTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A safetensors file: the length of a JSON header, the header, the elements. */
function readSafetensors(path: string): Map<string, TorchTensor> {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  type Header = Record<string, { shape: number[]; data_offsets: [number, number] }>;
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Header;
  return new Map(
    Object.entries(header).flatMap(([name, entry]) => {
      if (name === '__metadata__') return [];
      const [from, to] = entry.data_offsets;
      const copy = new Uint8Array(bytes.subarray(start + from, start + to));
      return [[name, { shape: entry.shape, data: new Float32Array(copy.buffer) }]];
    }),
  );
}

/** PyTorch's names as they are once the positional convolution's weight norm is folded, and without what no export uses. */
function parameterNames(stored: ReadonlyMap<string, TorchTensor>): string[] {
  const folded = [...stored.keys()].map((name) => name.replace(/\.parametrizations\.weight\.original\d$/, '.weight'));
  return [...new Set(folded)].filter((name) => !name.endsWith('masked_spec_embed')).sort();
}

/** The parameter's elements in PyTorch's order. */
function asInTorch(file: ModelFile, { initializer, dims, transposed }: Parameter): Float32Array {
  const data = file.model.graph.initializers.get(initializer)!.data as Float32Array;
  if (!transposed) return data;
  const [rows = 0, columns = 0] = dims;
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Whether two arrays are equal; a thousand times faster than expect on long ones. */
function sameElements(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

async function logits(path: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  const samples = Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i / 7) * Math.sin(i / 900));
  const { logits: result } = await session.run({ input_values: new ort.Tensor(samples, [1, samples.length]) });
  return result!.data as Float32Array;
}

describe.each(models)('$name', ({ path }) => {
  test.each(exports)('%s is written back byte for byte', async (name) => {
    const copy = join(folder, name);
    await saveModel(await loadModel(join(path, name)), copy);
    expect(readFileSync(copy).equals(readFileSync(join(path, name)))).toBe(true);
  });

  test.each(exports)('%s with its large tensors apart gives the same logits', async (name) => {
    const apart = join(folder, `apart-${name}`);
    await saveModel(await loadModel(join(path, name)), apart, { externalThreshold: 4096 });
    expect((await loadModel(apart)).external.size).toBeGreaterThan(10);
    expect(await logits(apart)).toEqual(await logits(join(path, name)));
  });

  test.each(exports)('%s has exactly PyTorch’s parameters, by name, shape and elements', async (name) => {
    const stored = readSafetensors(join(path, 'model.safetensors'));
    const { file, parameters } = exposeParameters(await loadModel(join(path, name)));
    expect(parameters.map((parameter) => parameter.name).sort()).toEqual(parameterNames(stored));
    for (const parameter of parameters) {
      const torch = stored.get(parameter.name);
      if (torch)
        expect([parameter.name, sameElements(asInTorch(file, parameter), torch.data)]).toEqual([parameter.name, true]);
    }
  });

  test.each(exports)('%s computes the same with its parameters separated', async (name) => {
    const { file } = exposeParameters(await loadModel(join(path, name)));
    const separated = join(folder, `separated-${name}`);
    expect(checkModel(file.model)).toEqual([]);
    await saveModel(file, separated);
    expect(await logits(separated)).toEqual(await logits(join(path, name)));
  });

  test('both exports have the same parameters, as many of them zero', async () => {
    const [dynamo, legacy] = await Promise.all(
      exports.map(async (name) => {
        const { file, parameters } = exposeParameters(await loadModel(join(path, name)));
        const known = parameters.map(({ name: own, layer, role, transposed, dims }) => ({
          own,
          layer,
          role,
          transposed,
          dims,
        }));
        return {
          known: known.sort((a, b) => a.own.localeCompare(b.own)),
          nonZero: parameters
            .map(({ initializer }) => countNonZero(file.model.graph.initializers.get(initializer)!))
            .reduce((sum, count) => sum + count),
        };
      }),
    );
    expect(legacy).toEqual(dynamo);
  });
});

test('the gradients that PyTorch lists for w2v2-tiny are its parameters', async () => {
  const path = models[0]!.path;
  const { parameters } = exposeParameters(await loadModel(path));
  const gradients = readSafetensors(join(path, 'gradients.safetensors'));
  expect(parameters.map(({ name }) => name).sort()).toEqual([...gradients.keys()].sort());
});
