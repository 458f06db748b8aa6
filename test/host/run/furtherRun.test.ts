/** What Prune Model is called with to prune a checkpoint further: the checkpoint's run with another target. */

import { describe, expect, test } from 'vitest';
import { pruneConfig } from '../../../src/host/prune/config.ts';
import { parsePruneArguments } from '../../../src/host/prune/arguments.ts';
import { furtherRun } from '../../../src/host/run/furtherRun.ts';
import { completeSettings, type SettingsInput } from '../../../src/protocol/settings.ts';
import type { MetricsRecord, ShrinkRecord, StartRecord } from '../../../src/protocol/records.ts';
import { runFile, start } from '../../runs/records.ts';

const model = '/runs/a/checkpoints/step-000004/model.onnx';
const checkpoint = { step: 4, sparsity: 0.5 };

const snapshot = (settings: SettingsInput, shrinks: readonly ShrinkRecord[] = []) => ({
  run: { ...runFile, version: 3, settings: completeSettings({ model: '/m', train: '/t', ...settings }) },
  start: start() as StartRecord,
  shrinks,
});

const shrink = (step: number, gatedParameters: number): ShrinkRecord =>
  ({
    ...{ kind: 'shrink', attempt: 1, step, time: '2026-11-21T10:00:00.000Z', groups: 1 },
    ...{ gatedParameters, parameters: 300 },
  }) satisfies MetricsRecord;

describe('a run from a checkpoint', () => {
  test('has the settings of the checkpoint’s run, and the new target', () => {
    const own: SettingsInput = {
      ...{ dev: '/d', seed: 7, steps: 90, device: 'cpu' },
      optimizer: { learningRate: 0.001 },
      sparsity: { target: 0.5, warmup: 0.3 },
    };
    const given = parsePruneArguments(furtherRun(snapshot(own), checkpoint, model, 0.8));
    const { target = 0, method = 'none', granularity = 'weight', device = 'auto', train = '', dev = null } = given;
    const choices = { model, train, dev, method, granularity, device, target };
    const settings = pruneConfig([{ from: 'the call', settings: given.settings }], choices);
    const before = snapshot(own).run.settings;
    expect(settings).toEqual({ ...before, model, sparsity: { ...before.sparsity, target: 0.8 } });
    expect(given.confirm).toBe(true);
  });

  test('prunes where its run only trained', () => {
    const given = furtherRun(snapshot({ method: 'none' }), { step: 4, sparsity: 0 }, model, 0.3);
    expect(given).toMatchObject({ method: 'self-pinching', target: 0.3 });
  });

  test('counts only the weights that the checkpoint still has', () => {
    // Of 200 gated weights 100 are left. To 80 % of all, 40 must stay: 40 % of them.
    const shrinks = [shrink(2, 150), shrink(4, 100), shrink(6, 50)];
    const given = furtherRun(snapshot({ granularity: 'neuron' }, shrinks), checkpoint, model, 0.8);
    expect(given.target).toBeCloseTo(0.6, 6);
    expect(given.granularity).toBe('neuron');
  });

  test('of a newer version takes model, data and target alone', () => {
    const newer = {
      ...snapshot({}),
      run: { ...runFile, version: 99, settings: { model: '/m', train: '/t', magic: 1 } },
    };
    expect(furtherRun(newer, checkpoint, model, 0.8)).toEqual({ model, train: '/t', target: 0.8, confirm: true });
  });

  test('must be sparser than the checkpoint', () => {
    for (const sparsity of [0.4, 0.5])
      expect(() => furtherRun(snapshot({}), checkpoint, model, sparsity)).toThrow(/as sparse already/u);
  });
});
