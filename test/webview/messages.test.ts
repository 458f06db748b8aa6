/** The host takes from the heatmap's and the layer's pages only what those pages say. */

import { describe, expect, test } from 'vitest';
import { parseComparisonSubject, parseFromComparison } from '../../src/protocol/views/comparison.ts';
import { parseFromHeatmap } from '../../src/protocol/views/heatmap.ts';
import { parseFromLayer, parseLayerSubject } from '../../src/protocol/views/layer.ts';
import { parseFromRun, parseRunSubject } from '../../src/protocol/views/run.ts';

describe('from the heatmap', () => {
  test.each([
    { kind: 'ready' },
    { kind: 'command', command: 'stop' },
    { kind: 'openLayer', layer: 'encoder.layers.0.attention.q_proj' },
    { kind: 'recordAt', step: 120 },
    { kind: 'hold', step: 120 },
    { kind: 'hold', step: null },
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

describe('from a run', () => {
  test.each([
    { kind: 'command', command: 'pruneFurther', checkpoint: 120 },
    { kind: 'command', command: 'pruneFurther', checkpoint: 120, sparsity: 0.8 },
    { kind: 'hold', step: null },
    { kind: 'save', name: 'digits-1 loss.svg', content: '<svg/>' },
    { kind: 'save', name: 'digits-1 loss.png', content: Uint8Array.of(1, 2) },
  ])('takes %j', (message) => expect(parseFromRun(message)).toEqual(message));

  test.each([
    { kind: 'command', command: 'deleteRun' },
    { kind: 'command', command: 'pruneFurther', sparsity: 1.1 },
    { kind: 'hold', step: -1 },
    { kind: 'hold' },
    { kind: 'save', name: '../loss.svg', content: '' },
    { kind: 'save', name: '.bashrc', content: '' },
    { kind: 'save', name: 'loss.sh', content: '' },
    { kind: 'save', name: 'loss.svg', content: 7 },
  ])('refuses %j', (message) => expect(parseFromRun(message)).toBeUndefined());

  test('a saved page comes back', () =>
    expect(parseRunSubject({ subject: { folder: '/r' }, axis: 'step' })).toEqual({ folder: '/r' }));
  test('another does not', () => expect(parseRunSubject({ subject: { folder: 7 } })).toBeUndefined());
});

describe('from a comparison', () => {
  test.each([
    { kind: 'openRun', index: 1 },
    { kind: 'diff', index: 9 },
  ])('takes %j', (message) => expect(parseFromComparison(message)).toEqual(message));
  test.each([{ kind: 'openRun', index: 10 }, { kind: 'openRun', index: -1 }, { kind: 'diff' }])(
    'refuses %j',
    (message) => expect(parseFromComparison(message)).toBeUndefined(),
  );
  test.each([[['/a']], [Array.from({ length: 11 }, (_, at) => `/${at}`)]])(
    'a page of %j does not come back',
    (folders) => expect(parseComparisonSubject({ subject: { folders } })).toBeUndefined(),
  );
});
