/** Real models in 8 bits: the size of the file, the words, and what is read back. */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { diffModels } from '../../src/measure/diff/diff.ts';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';
import { exportModel } from '../../src/measure/export/exportModel.ts';
import type { ExportedModel } from '../../src/protocol/results/export.ts';
import { inspect } from '../../src/measure/inspect/inspect.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const dev = join(shared, 'data/digits/dev.jsonl');
const folder = mkdtempSync(join(tmpdir(), 'pinch-int8-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['model.onnx', 'model.legacy.onnx'])('w2v2-digits, %s', (name) => {
  const model = join(shared, 'models/w2v2-digits', name);
  const int8 = join(folder, name, 'model.onnx');

  let exported: ExportedModel;
  beforeAll(async () => {
    exported = await exportModel(model, { shrink: false, int8: true, out: join(folder, name) });
  }, 600_000);

  test('is at most 0.3 of the file, with the same layers under the same names', async () => {
    expect(exported.to.bytes).toBe(statSync(int8).size);
    expect(exported.to.bytes / exported.from.bytes).toBeLessThan(0.3);
    expect(checkModel((await loadModel(int8)).model)).toEqual([]);
    const [before, after] = [await inspect(model), await inspect(int8)];
    expect(after.tensors.map(({ name }) => name)).toEqual(before.tensors.map(({ name }) => name));
    expect(after.totals.parameters).toBe(before.totals.parameters);
    const share = after.tensors.reduce((sum, { type, parameters }) => sum + (type === 'int8' ? parameters : 0), 0);
    expect(share / after.totals.parameters).toBeGreaterThan(0.98);
  });

  test('differs from the float32 model in nearly every weight, and in no shape', async () => {
    const { layers } = await diffModels(model, int8, {});
    const gated = layers.filter((layer) => layer.gated);
    expect(gated).toHaveLength(36);
    for (const { a, b, changed, overlap } of gated) {
      expect([a?.type, b?.type]).toEqual(['float32', 'int8']);
      expect(a?.shape).toEqual(b?.shape);
      expect(changed).toBeGreaterThan(0.9);
      // Small weights become zero: half a step of 63 on each side of the largest.
      expect(overlap).toBeGreaterThan(0.9);
    }
  });

  test('has the same word error rate within 0.3 points', async () => {
    const { wer, comparison } = await evaluate(int8, dev, { against: model });
    expect(Math.abs(wer - (comparison?.against.wer ?? 0))).toBeLessThanOrEqual(0.003);
  });
});
