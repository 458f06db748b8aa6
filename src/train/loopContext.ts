/** What the training loop has around it: what it is told, whom it tells, and where it begins. */

import type { EndRecord } from '../protocol/records.ts';
import type { RunSettings } from '../protocol/settings.ts';
import type { MetricsFile } from '../runfolder/metricsFile.ts';
import type { DevSet } from './data/devSet.ts';
import type { ProgressReport } from './progress.ts';
import type { Setup } from './setup.ts';
import type { KnownStep } from './startingPoint.ts';
import type { TimeLeft } from './plan/timeLeft.ts';

/** What the loop asks and tells the rest of the trainer. */
export interface LoopHost {
  /** After every update: time for a heartbeat. */
  readonly beat: (step: number) => Promise<void>;
  /** Says what takes long now, besides steps, and what share of it is done, where that is known; null when it is over. */
  readonly phase: (label: string | null, share?: number) => Promise<void>;
  readonly stopRequested: () => boolean;
  /** Whether somebody asked for a checkpoint since this was last called. */
  readonly takeCheckpointRequest: () => boolean;
}

export interface LoopContext extends KnownStep {
  readonly settings: RunSettings;
  readonly setup: Setup;
  /** The folder of the checkpoints. */
  readonly checkpoints: string;
  readonly dev: DevSet | undefined;
  readonly host: LoopHost;
  readonly metrics: MetricsFile;
  readonly report: ProgressReport;
  /** How long the run takes, from what its steps took. */
  readonly time: TimeLeft;
}

export type LoopEnd = Pick<EndRecord, 'status' | 'message' | 'checkpoint' | 'sparsity' | 'best'>;
