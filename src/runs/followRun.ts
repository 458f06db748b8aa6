/** Follows a run: what is in its folder now, and what is added to it, whoever writes there and wherever from. */

import type {
  AlertRecord,
  CheckpointRecord,
  EndRecord,
  EvaluationRecord,
  RunFile,
  RunState,
  StartRecord,
  StepRecord,
} from '../protocol/records.ts';
import type { Series } from '../protocol/series.ts';
import type { Liveness } from './state.ts';

/** How a run stands. Records that a rewind took back are not in it, except alerts: they happened all the same. */
export interface RunSnapshot {
  readonly run: RunFile;
  /** Undefined before a trainer first wrote it. */
  readonly state: RunState | undefined;
  readonly liveness: Liveness;
  readonly attempt: number;
  readonly start: StartRecord | undefined;
  readonly lastStep: StepRecord | undefined;
  readonly evaluations: readonly EvaluationRecord[];
  /** Those that are still on the disk. */
  readonly checkpoints: readonly CheckpointRecord[];
  readonly alerts: readonly AlertRecord[];
  readonly end: EndRecord | undefined;
  /** Lines of metrics.jsonl that are no records. */
  readonly skippedLines: number;
}

export type RunChange =
  /** Steps were added to the series, in this order. */
  | { readonly kind: 'points'; readonly points: readonly StepRecord[] }
  /** The series is another one: a rewind, another file, or more steps at once than are worth telling one by one. */
  | { readonly kind: 'reset' }
  /** Something in the snapshot besides `lastStep` changed. */
  | { readonly kind: 'snapshot' };

export interface FollowOptions {
  readonly onChange: (change: RunChange) => void;
  /** Milliseconds between two looks at the files. */
  readonly pollMs?: number;
}

export interface RunFollower {
  readonly folder: string;
  readonly snapshot: RunSnapshot;
  readonly series: Series;
  /** The record of exactly this step, from the file. */
  readonly recordAt: (step: number) => Promise<StepRecord | undefined>;
  readonly setPolling: (ms: number) => void;
  readonly close: () => void;
}
