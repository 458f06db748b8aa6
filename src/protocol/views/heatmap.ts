/**
 * Messages between the heatmap's page and its host.
 *
 * The page speaks first (`ready`) and is answered with the whole state. Later pushes carry only what changed: an absent key is unchanged, null is cleared.
 * Numbers of many layers travel as typed arrays over buffers of their own: VS Code sends the whole buffer behind a view. They may hold NaN, plain numbers
 * may not, because those travel as JSON.
 */

import * as v from 'valibot';
import type { ScoringUnit } from '../errorRate.ts';
import type { RunState } from '../records.ts';
import type { Series, StepPoint } from '../series.ts';

/** A run is `lost` if its state says that it goes on, but its process is gone. */
export type HeatmapStatus = RunState['status'] | 'lost';

export interface HeatmapSubject {
  readonly kind: 'run' | 'model';
  /** The run's folder, or the path of the ONNX file. Another id is another subject: the page forgets its state. */
  readonly id: string;
  /** The name for people. */
  readonly name: string;
  /** A second line: the model that is pruned, or the folder of the file. */
  readonly detail: string;
}

export interface HeatmapLayer {
  readonly name: string;
  /** Weights in the layer. */
  readonly parameters: number;
}

/** How the run is doing. */
export interface HeatmapRun {
  readonly status: HeatmapStatus;
  /** The work before its first step, or the reason for its failure. */
  readonly message: string | null;
  /** Updates so far, and in all. */
  readonly step: number;
  readonly steps: number;
  readonly device: string | null;
  /** The run's final sparsity; null where nothing is pruned. */
  readonly finalTarget: number | null;
  /** Gated weights divided by all parameters; null before the run has counted them. */
  readonly gatedShare: number | null;
  /** The last evaluation on the development data; error rates are fractions. */
  readonly evaluation: {
    readonly step: number;
    readonly unit: ScoringUnit | undefined;
    readonly wer: number;
  } | null;
  /** The actions that the run allows now. */
  readonly can: { readonly stop: boolean; readonly checkpoint: boolean; readonly resume: boolean };
}

/** The content of an ONNX file. */
export interface HeatmapModel {
  /** In the order of the layers. An unknown threshold is NaN. */
  readonly thresholds: Float32Array;
  readonly sparsities: Float32Array;
  /** Over the gated weights, and over all parameters. */
  readonly sparsity: number;
  readonly sparsityOfAll: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
}

export interface HeatmapState {
  /** Null if there is nothing to show; the page then offers ways to begin. */
  readonly subject?: HeatmapSubject | null;
  /** Reason why there is nothing to see yet: still reading, or an error. */
  readonly notice?: { readonly kind: 'busy' | 'error'; readonly text: string } | null;
  /** The gated layers, in the order of the series' layers. */
  readonly layers?: readonly HeatmapLayer[];
  /** The whole thinned history of a run; `points` messages continue it. */
  readonly series?: Series | null;
  /** The newest step, exactly. */
  readonly latest?: StepPoint | null;
  readonly run?: HeatmapRun | null;
  readonly model?: HeatmapModel | null;
  /** In an untrusted workspace the page offers nothing that runs a program. */
  readonly trusted?: boolean;
}

export type ToHeatmap =
  | { readonly kind: 'state'; readonly state: HeatmapState }
  /** New steps in order, each after the last one in the series. */
  | { readonly kind: 'points'; readonly points: readonly StepPoint[] }
  /** The run's own page moved to a step; null for the newest. */
  | { readonly kind: 'hold'; readonly step: number | null }
  /** The answer to `recordAt`; null if the run has no such step. */
  | { readonly kind: 'record'; readonly step: number; readonly point: StepPoint | null };

const text = v.pipe(v.string(), v.maxLength(10_000));

export const heatmapCommands = ['prune', 'getModel', 'openSample', 'stop', 'resume', 'checkpoint', 'openLog'] as const;

const fromHeatmap = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('command'), command: v.picklist(heatmapCommands) }),
  v.strictObject({ kind: v.literal('openLayer'), layer: text }),
  /** The slider moved to a step, null for the newest: the run's own page follows. */
  v.strictObject({ kind: v.literal('hold'), step: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))) }),
  /** Requests the exact record of a step, when the slider rests. */
  v.strictObject({ kind: v.literal('recordAt'), step: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
]);
export type FromHeatmap = v.InferOutput<typeof fromHeatmap>;
export type HeatmapCommand = (typeof heatmapCommands)[number];

/** A valid message of the page; otherwise undefined. */
export function parseFromHeatmap(message: unknown): FromHeatmap | undefined {
  const result = v.safeParse(fromHeatmap, message);
  return result.success ? result.output : undefined;
}
