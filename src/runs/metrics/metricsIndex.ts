/** What a metrics file says that counts: the numbers of each step and where its layers are, and all other records. Rewinds are applied as they come. */

import type {
  AlertRecord,
  CheckpointRecord,
  EndRecord,
  EvaluationRecord,
  IndexedStepRecord,
  MetricsRecord,
  RewindRecord,
  ShrinkRecord,
  StartRecord,
} from '../../protocol/records.ts';
import type { LayerNumbers, StepPoint } from '../../protocol/series.ts';

/** Steps kept in the index, 200 bytes each. Far more than any run has; a file that says otherwise must not use up the memory. */
const mostSteps = 2_000_000;

/** Records kept of each other kind: the newest. */
const mostRecords = 10_000;

/** A step without its layers, and where those are. */
export interface IndexedStep extends Omit<StepPoint, keyof LayerNumbers> {
  /** A row of layers.f32; where `length` is not 0, bytes from the beginning of metrics.jsonl. */
  readonly place: number;
  /** Of a line that holds its layers itself: bytes. */
  readonly length: number;
}

export class MetricsIndex {
  attempt = 0;
  start: StartRecord | undefined;
  evaluations: readonly EvaluationRecord[] = [];
  checkpoints: readonly CheckpointRecord[] = [];
  /** Includes those before a rewind, since an alert is often the reason for it. */
  alerts: readonly AlertRecord[] = [];
  /** Removals of dead groups that count. */
  shrinks: readonly ShrinkRecord[] = [];
  /** All of them: they tell what happened. */
  rewinds: readonly RewindRecord[] = [];
  end: EndRecord | undefined;
  /** Number of invalid steps that no rewind took back: out of order, or too many. */
  skipped = 0;
  /** Those that count, rising. */
  readonly steps: IndexedStep[] = [];

  /** Undefined if there is no such step. */
  find(step: number): IndexedStep | undefined {
    const found = this.steps[this.countUpTo(step) - 1];
    return found?.step === step ? found : undefined;
  }

  /** Takes a step in if it counts: between rewinds steps only rise. */
  addStep(step: IndexedStep, attempt: number): void {
    if (this.steps.length >= mostSteps || step.step <= (this.steps.at(-1)?.step ?? -1)) {
      this.skipped += 1;
      return;
    }
    this.steps.push(step);
    this.attempt = attempt;
  }

  addRecord(record: Exclude<MetricsRecord, { kind: 'step' }>): void {
    this.attempt = record.attempt;
    switch (record.kind) {
      case 'start':
        this.start = record;
        return;
      case 'evaluation':
        this.evaluations = withNewest(this.evaluations, record);
        return;
      case 'checkpoint':
        this.checkpoints = withNewest(
          this.checkpoints.filter(({ path }) => path !== record.path),
          record,
        );
        return;
      case 'alert':
        this.alerts = withNewest(this.alerts, record);
        return;
      case 'rewind':
        this.steps.length = this.countUpTo(record.step);
        this.evaluations = this.evaluations.filter(({ step }) => step <= record.step);
        this.checkpoints = this.checkpoints.filter(({ step }) => step <= record.step);
        this.shrinks = this.shrinks.filter(({ step }) => step <= record.step);
        this.rewinds = withNewest(this.rewinds, record);
        this.end = undefined;
        return;
      case 'shrink':
        this.shrinks = withNewest(this.shrinks, record);
        return;
      case 'end':
        this.end = record;
    }
  }

  /** The number of steps up to and including this one. */
  private countUpTo(step: number): number {
    let low = 0;
    let high = this.steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.steps[middle]?.step ?? NaN) <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @param row of layers.f32, for a line that does not hold its layers itself. */
export function indexedStep(
  record: IndexedStepRecord,
  { row, offset, length }: { readonly row: number; readonly offset: number; readonly length: number },
): IndexedStep {
  const { step, loss, ctcLoss, sparsity, sparsityTarget, gradientNorm, learningRate, layers } = record;
  const { secondsPerStep, audioSecondsPerSecond } = record;
  return {
    step,
    time: Date.parse(record.time),
    loss,
    ctcLoss,
    sparsity,
    sparsityTarget,
    gradientNorm,
    learningRate,
    secondsPerStep,
    audioSecondsPerSecond,
    place: layers ? offset : row,
    length: layers ? length : 0,
  };
}

function withNewest<T>(records: readonly T[], record: T): readonly T[] {
  return [...records.slice(1 - mostRecords), record];
}
