/** Inspection finds in both exports what PyTorch has. */

import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeInspection, inspect } from '../../src/measure/inspect/inspect.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');

describe.each([
  ['model.onnx', 18],
  ['model.legacy.onnx', 17],
])('w2v2-digits, %s', (name, opset) => {
  test('layers, gates and totals', async () => {
    const inspection = await inspect(join(shared, 'models/w2v2-digits', name));
    expect(inspection.opsets['ai.onnx']).toBe(opset);
    expect(inspection.producer).toMatch(/^pytorch 2\.13/u);
    // measured.json; its count of all parameters holds the 144 of the masking vector, which an export does not need.
    expect(inspection.totals).toMatchObject({
      parameters: 1668176 - 144,
      gated: { by: 'default', parameters: 1492992 },
    });
    expect(inspection.totals.sparsity).toBeLessThan(1e-3);
    const gated = inspection.tensors.filter((tensor) => tensor.gated).map(({ layer }) => layer);
    expect(gated).toHaveLength(36);
    expect(gated.slice(0, 3).sort()).toEqual(
      ['k_proj', 'q_proj', 'v_proj'].map((part) => `encoder.layers.0.attention.${part}`),
    );
    const text = describeInspection(inspection);
    expect(text).toMatch(
      /^encoder\.layers\.5\.feed_forward\.output_dense +MatMul +float32 +576 x 144 +82,944 +0\.00 % +- +yes/mu,
    );
    expect(text).toMatch(/^lm_head .* no +ignored/mu);
  });
});
