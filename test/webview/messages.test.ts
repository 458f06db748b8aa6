/** The host takes from the heatmap's and the layer's pages only what those pages say. */

import { describe, expect, test } from 'vitest';
import { parseFromHeatmap } from '../../src/protocol/views/heatmap.ts';
import { parseFromLayer, parseLayerSubject } from '../../src/protocol/views/layer.ts';

describe('from the heatmap', () => {
  test.each([
    { kind: 'ready' },
    { kind: 'command', command: 'stop' },
    { kind: 'openLayer', layer: 'encoder.layers.0.attention.q_proj' },
    { kind: 'recordAt', step: 120 },
  ])('takes %j', (message) => expect(parseFromHeatmap(message)).toEqual(message));

  test.each([
    null,
    'ready',
    { kind: 'other' },
    { kind: 'command', command: 'deleteRun' },
    { kind: 'command', command: 'stop', folder: '/' },
    { kind: 'openLayer', layer: 'x'.repeat(10_001) },
    { kind: 'openLayer', layer: 7 },
    { kind: 'recordAt', step: -1 },
    { kind: 'recordAt', step: 1.5 },
  ])('refuses %j', (message) => expect(parseFromHeatmap(message)).toBeUndefined());
});

describe('from the layer', () => {
  test('takes what it says', () => expect(parseFromLayer({ kind: 'readWeights' })).toEqual({ kind: 'readWeights' }));
  test('refuses anything else', () => expect(parseFromLayer({ kind: 'readWeights', path: '/etc' })).toBeUndefined());

  test('a saved page comes back', () => {
    const subject = { kind: 'run', id: '/work/.pinch/runs/1', layer: 'layers.0.q' };
    expect(parseLayerSubject({ subject })).toEqual(subject);
  });
  test.each([undefined, {}, { subject: null }, { subject: { kind: 'page', id: 'x', layer: 'y' } }])(
    'a page saved as %j does not come back',
    (saved) => expect(parseLayerSubject(saved)).toBeUndefined(),
  );
});
