/** Short texts about runs and checkpoints for lists, the status bar and notifications. */

import { byteSize, percent } from '../base/format.ts';
import type { Liveness } from './state.ts';
import { errorRateName, errorRateShort } from '../protocol/errorRate.ts';
import type { CheckpointRecord, EndRecord, EvaluationRecord, RunState } from '../protocol/records.ts';

/** The status in state.json, or `lost`: state.json says `running`, but its process is gone. */
export type RunStatus = RunState['status'] | 'lost';

interface Described {
  readonly state: RunState | undefined;
  readonly life: Liveness;
}

export function statusOf({ state, life }: Described): RunStatus {
  if (life === 'lost') return 'lost';
  return state?.status ?? 'starting';
}

/** `step 120 of 500`, `done, 500 steps`, … */
export function describeRun(run: Described): string {
  const { state } = run;
  const status = statusOf(run);
  if (state === undefined) return 'starting';
  switch (status) {
    case 'starting':
      return state.message ?? 'starting';
    case 'running':
    case 'stopping':
      return [
        ...(status === 'running' ? [] : [status]),
        `step ${state.step} of ${state.steps}`,
        ...(state.message === null ? [] : [state.message]),
      ].join(', ');
    case 'done':
      return `done, ${state.steps} ${state.steps === 1 ? 'step' : 'steps'}`;
    case 'stopped':
      return `stopped at step ${state.step} of ${state.steps}`;
    case 'failed':
      return state.message === null ? 'failed' : `failed: ${state.message}`;
    case 'lost':
      return `ended unexpectedly at step ${state.step} of ${state.steps}`;
  }
}

type Rate = Pick<EvaluationRecord, 'wer'> & Partial<Pick<EvaluationRecord, 'unit'>>;

/** @param evaluation of this step, if there is one. @param best whether it is the run's best. */
export function describeCheckpoint(record: CheckpointRecord, evaluation: Rate | undefined, best: boolean): string {
  return [
    ...(best ? ['best'] : []),
    ...(evaluation ? [`${errorRateShort(evaluation.unit)} ${percent(evaluation.wer)}`] : []),
    `${percent(record.sparsity)} sparse`,
    byteSize(record.bytes),
  ].join(' · ');
}

/** The text of the notification at a run's end. @param evaluation the last. */
export function describeEnd(name: string, end: EndRecord, evaluation: Rate | undefined): string {
  switch (end.status) {
    case 'done': {
      const rate = end.best?.wer ?? evaluation?.wer;
      const measured =
        rate === undefined ? '' : `, ${errorRateName(evaluation?.unit)} ${percent(rate)} on the development data`;
      return `${name} is done: ${percent(end.sparsity)} of the gated weights are zero${measured}.`;
    }
    case 'stopped':
      return `${name} was stopped at step ${end.step}. It can be resumed.`;
    case 'failed':
      return `${name} failed: ${end.message ?? 'see its log.'}`;
  }
}
