/** The state of the heatmap's page for a run or an ONNX file. */

import { dirname } from 'node:path';
import * as v from 'valibot';
import type { HeatmapLayer, HeatmapModel, HeatmapRun, HeatmapState } from '../../protocol/views/heatmap.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';
import { titleOf } from '../data/modelNames.ts';

/** The gated layers in the order of the series. */
export function heatmapLayers({ start }: RunSnapshot, names: readonly string[]): HeatmapLayer[] {
  const known = new Map(start?.layers.map(({ name, parameters }) => [name, parameters]));
  return names.map((name) => ({ name, parameters: known.get(name) ?? 0 }));
}

/** @param trusted in an untrusted workspace, no run can be started. */
export function heatmapRun({ run, state, liveness, start, evaluations }: RunSnapshot, trusted: boolean): HeatmapRun {
  const live = liveness === 'live';
  const status = liveness === 'lost' ? 'lost' : (state?.status ?? 'starting');
  const evaluation = evaluations.at(-1);
  return {
    status,
    message: state?.message ?? null,
    step: state?.step ?? 0,
    steps: state?.steps ?? start?.steps ?? 0,
    finalTarget: finalTarget(run.settings),
    gatedShare: start && start.parameters > 0 ? start.gatedParameters / start.parameters : null,
    device: start?.device ?? null,
    evaluation: evaluation ? { step: evaluation.step, unit: evaluation.unit, wer: evaluation.wer } : null,
    can: {
      stop: live && status !== 'stopping',
      checkpoint: live && status === 'running',
      resume: trusted && !live && state !== undefined && status !== 'done',
    },
  };
}

const gatedSettings = v.object({
  method: v.optional(v.string()),
  sparsity: v.object({ target: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) }),
});

/** The gates' final target; null for a run without gates. */
function finalTarget(settings: unknown): number | null {
  const result = v.safeParse(gatedSettings, settings);
  return result.success && result.output.method !== 'none' ? result.output.sparsity.target : null;
}

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const inspection = v.object({
  tensors: v.pipe(
    v.array(
      v.object({
        layer: v.string(),
        parameters: count,
        sparsity: fraction,
        gated: v.boolean(),
        threshold: v.optional(v.nullable(v.number()), null),
      }),
    ),
    v.maxLength(100_000),
  ),
  totals: v.object({
    parameters: count,
    nonZeroParameters: count,
    sparsity: fraction,
    gated: v.object({ sparsity: fraction }),
  }),
});

/** @param result the JSON of `pinch inspect MODEL --json`. @throws ValiError if it is something else. */
export function heatmapModel(path: string, result: unknown): HeatmapState {
  const { tensors, totals } = v.parse(inspection, result);
  const gated = tensors.filter((tensor) => tensor.gated);
  const model: HeatmapModel = {
    thresholds: Float32Array.from(gated, ({ threshold }) => threshold ?? NaN),
    sparsities: Float32Array.from(gated, ({ sparsity }) => sparsity),
    sparsity: totals.gated.sparsity,
    sparsityOfAll: totals.sparsity,
    parameters: totals.parameters,
    nonZeroParameters: totals.nonZeroParameters,
  };
  return {
    subject: { kind: 'model', id: path, name: titleOf(path), detail: dirname(path) },
    layers: gated.map(({ layer, parameters }) => ({ name: layer, parameters })),
    series: null,
    latest: null,
    run: null,
    model,
  };
}
