/** What the heatmap's page is told: the state of a run, an ONNX file. */

import { describe, expect, test } from 'vitest';
import { heatmapLayers, heatmapModel, heatmapRun } from '../../../src/host/heatmap/heatmapState.ts';
import type { RunState } from '../../../src/protocol/records.ts';
import type { RunSnapshot } from '../../../src/runs/followRun.ts';

const state: RunState = {
  status: 'running',
  pid: 1,
  processStart: null,
  host: 'here',
  nonce: 'n',
  attempt: 1,
  step: 7,
  steps: 100,
  heartbeat: '2026-01-01T00:00:00.000Z',
  control: null,
  message: null,
};

const snapshot = (over: Partial<RunSnapshot>): RunSnapshot => ({
  run: {
    version: 2,
    pinch: '0',
    onnxruntime: '0',
    node: '0',
    created: '2026-01-01T00:00:00.000Z',
    settings: { method: 'self-pinching', sparsity: { target: 0.65 } },
    checksums: { model: '', train: '', dev: null },
  },
  state,
  liveness: 'live',
  attempt: 1,
  start: undefined,
  lastStep: undefined,
  evaluations: [],
  checkpoints: [],
  alerts: [],
  shrinks: [],
  rewinds: [],
  end: undefined,
  skippedLines: 0,
  ...over,
});

describe('a run', () => {
  const can = (over: Partial<RunSnapshot>, trusted = true) => heatmapRun(snapshot(over), trusted).can;
  const ended = (status: RunState['status']): Partial<RunSnapshot> => ({
    liveness: 'ended',
    state: { ...state, status },
  });

  test('that lives can be stopped and checkpointed', () =>
    expect(can({})).toEqual({ stop: true, checkpoint: true, resume: false }));
  test('that is stopping can do nothing more', () =>
    expect(can({ state: { ...state, status: 'stopping' } })).toEqual({
      stop: false,
      checkpoint: false,
      resume: false,
    }));
  test.each(['stopped', 'failed'] as const)('that %s can be resumed', (status) =>
    expect(can(ended(status))).toEqual({ stop: false, checkpoint: false, resume: true }),
  );
  test('that is done cannot be resumed', () => expect(can(ended('done')).resume).toBe(false));
  test('that is lost says so and can be resumed', () => {
    expect(heatmapRun(snapshot({ liveness: 'lost' }), true).status).toBe('lost');
    expect(can({ liveness: 'lost' }).resume).toBe(true);
  });
  test('cannot be resumed in an untrusted workspace', () => expect(can(ended('stopped'), false).resume).toBe(false));
  test('tells the target it is to end with', () => expect(heatmapRun(snapshot({}), true).finalTarget).toBe(0.65));
  test('without gates has no target', () => {
    const run = { ...snapshot({}).run, settings: { method: 'none', sparsity: { target: 0.65 } } };
    expect(heatmapRun(snapshot({ run }), true).finalTarget).toBeNull();
  });
  test('without a start record does not know how many weights a layer has', () =>
    expect(heatmapLayers(snapshot({}), ['a'])).toEqual([{ name: 'a', parameters: 0 }]));
});

describe('an ONNX file', () => {
  const totals = { parameters: 30, nonZeroParameters: 20, sparsity: 1 / 3, gated: { sparsity: 0.5 } };
  const tensor = { layer: 'a', parameters: 10, sparsity: 0.5, gated: true, threshold: 0.25 };

  test('shows its gated layers', () => {
    const tensors = [tensor, { ...tensor, layer: 'norm', gated: false }, { ...tensor, layer: 'b', threshold: null }];
    const { layers, model, subject } = heatmapModel('/m/model.onnx', { tensors, totals });
    expect(layers?.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(Array.from(model?.thresholds ?? [])).toEqual([0.25, NaN]);
    expect(model).toMatchObject({ sparsity: 0.5, parameters: 30, nonZeroParameters: 20 });
    expect(subject).toMatchObject({ kind: 'model', id: '/m/model.onnx', name: 'm' });
  });

  test('whose sparsity is no fraction is refused', () =>
    expect(() => heatmapModel('/m', { tensors: [{ ...tensor, sparsity: 2 }], totals })).toThrow());
});
