/** Frames of a model: by its configuration, and the same without one, found by asking the model. */

import { expect, test } from 'vitest';
import type { Processor } from '../../src/speech/processor.ts';
import { frameCounter } from '../../src/train/frames.ts';
import { findPorts } from '../../src/train/ports.ts';
import { toyModel } from './toy.ts';

test('a model without listed convolutions is measured, to within a frame', () => {
  const model = toyModel();
  const ports = findPorts(model.graph, 'toy');
  const processor = { sampleRate: 16_000 } as Processor;
  const listed = frameCounter(model, ports, { ...processor, convolutions: [{ kernel: 320, stride: 160 }] });
  const measured = frameCounter(model, ports, { ...processor, convolutions: undefined });
  expect(listed(16_000)).toBe(99);
  for (const samples of [400, 4000, 16_000, 31_999, 32_000, 40_001, 320_000]) {
    expect(Math.abs(measured(samples) - listed(samples))).toBeLessThanOrEqual(1);
  }
  expect(measured(10)).toBe(0);
});
