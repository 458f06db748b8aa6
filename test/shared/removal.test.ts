/**
 * Units, heads and the feature encoder's channels that leave w2v2-digits, of both exporters, with dropout: the step after is the step that would
 * have been.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stepAfterRemoval } from '../train/stepAfterRemoval.ts';

const shared = process.env['PINCH_SHARED'] ?? join(import.meta.dirname, '../../../shared');

const encoderToo = { gates: { encoderChannels: true }, freeze: [] };

describe.skipIf(!existsSync(shared)).each(['model.onnx', 'model.legacy.onnx'])('%s', (file) => {
  test.each([
    ['learning', {}],
    ['fixed', {}],
    ['learning', encoderToo],
    ['fixed', encoderToo],
  ] as const)('gates that are %s, %o', async (gates, also) => {
    const model = join(shared, 'models/w2v2-digits', file);
    const train = join(shared, 'data/digits/train.jsonl');
    const { expected, found, leaving } = await stepAfterRemoval({ model, train, dropout: 0.2, ...also }, gates);
    expect(leaving).toBeGreaterThan(500);
    expect(Math.abs(found.ctcLoss / expected.ctcLoss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(found.loss - expected.loss)).toBeLessThan(1e-4 * expected.ctcLoss);
    // While gates learn, the norm of the whole model's gradient also has what dead groups get through their scores.
    if (gates === 'fixed') expect(Math.abs(found.gradientNorm / expected.gradientNorm - 1)).toBeLessThan(1e-4);
  });
});
