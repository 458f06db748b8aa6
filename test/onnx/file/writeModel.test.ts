/** A model whose weights come one by one: where they stand, and what is left when one cannot be read. */

import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { writeModel, type StreamedWeight } from '../../../src/onnx/file/writeModel.ts';
import { checkModel } from '../../../src/onnx/graph/check.ts';
import { ModelBuilder } from '../../../src/onnx/graph/modelBuilder.ts';

const sizes: Readonly<Record<string, number>> = { small: 3, 'layer.large': 20_000, 'layer.larger': 40_000 };

/** The sum of its weights' sums and an input. */
function model() {
  const b = new ModelBuilder();
  let sum = b.input('x', 'float32', ['length']);
  for (const name of Object.keys(sizes)) sum = b.op('part', 'Add', [sum, b.op('part', 'ReduceSum', [name])]);
  b.output('y', b.op('', 'Mul', [sum, b.scalar(2)]), 'float32', ['length']);
  return { graph: b.graph('sums'), opsets: new Map([['', 20]]) };
}

const weights = (read = (i: number, size: number) => new Float32Array(size).fill(i)): StreamedWeight[] =>
  Object.entries(sizes).map(([name, size], i) => ({
    name,
    dims: [size],
    async *pieces() {
      const data = await new Promise<Float32Array>((resolve) => resolve(read(i, size)));
      // In two pieces.
      yield data.subarray(0, 2);
      yield data.subarray(2);
    },
  }));

const target = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'pinch-')), 'model.onnx');

describe('a written model', () => {
  test('has small weights in its own file, and large ones at whole pages of another', async () => {
    const path = await target();
    const progress: number[] = [];
    await writeModel(path, model(), weights(), (done) => progress.push(done));
    const file = await loadModel(path);
    expect(checkModel(file.model)).toEqual([]);
    expect([...file.external]).toEqual(['layer.large', 'layer.larger']);
    const { initializers } = file.model.graph;
    for (const [i, [name, size]] of Object.entries(sizes).entries())
      expect(initializers.get(name)?.data).toEqual(new Float32Array(size).fill(i));
    expect((await readFile(`${path}.data`)).length).toBe(2 * 65536 + 160_000);
    expect(progress).toEqual([1, 2, 3]);
  });

  test('names nodes by their modules, each once', () => {
    const names = model().graph.nodes.map(({ name }) => name);
    expect(names.slice(0, 3)).toEqual(['/part/ReduceSum', '/part/Add', '/part/ReduceSum_1']);
    expect(new Set(names).size).toBe(names.length);
  });

  test('is not there when a weight cannot be read; one that was there stays', async () => {
    const path = await target();
    await writeFile(path, 'old');
    const failing = weights((i, size) => {
      if (i === 2) throw new Error('the disk is gone');
      return new Float32Array(size);
    });
    await expect(writeModel(path, model(), failing)).rejects.toThrow(/^the disk is gone$/u);
    await expect(
      writeModel(
        path,
        model(),
        weights(() => new Float32Array(1)),
      ),
    ).rejects.toThrow('weight "small" has 4 bytes, not 12');
    expect(await readdir(join(path, '..'))).toEqual(['model.onnx']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});
