/** The valid content of a metrics file: the position of each step's line, and all other records. Rewinds are applied as they are read. */

import type {
  AlertRecord,
  CheckpointRecord,
  EndRecord,
  EvaluationRecord,
  MetricsRecord,
  StartRecord,
} from '../../protocol/records.ts';

/** Steps in the index, 20 bytes each. Far more than any run has; a malicious file must not exhaust the memory. */
const mostSteps = 4_000_000;

/** Records kept of each other kind: the newest. */
const mostRecords = 10_000;

/** Position of a step's line in the file, in bytes. */
export interface LinePlace {
  readonly step: number;
  readonly offset: number;
  readonly length: number;
}

export class MetricsIndex {
  attempt = 0;
  start: StartRecord | undefined;
  evaluations: readonly EvaluationRecord[] = [];
  checkpoints: readonly CheckpointRecord[] = [];
  /** Includes those before a rewind, since an alert is often the reason for it. */
  alerts: readonly AlertRecord[] = [];
  end: EndRecord | undefined;
  /** Number of invalid steps that no rewind took back: out of order, or too many. */
  skipped = 0;
  /** Number of valid steps. */
  count = 0;
  private steps = new Float64Array(1024);
  private offsets = new Float64Array(1024);
  private lengths = new Int32Array(1024);

  /** Position of the line of the `index`-th step. */
  at(index: number): LinePlace {
    return { step: this.steps[index] ?? NaN, offset: this.offsets[index] ?? NaN, length: this.lengths[index] ?? NaN };
  }

  /** The index of a step; undefined without it. */
  find(step: number): number | undefined {
    const index = this.countUpTo(step) - 1;
    return this.steps[index] === step ? index : undefined;
  }

  /** Whether the step is valid. Between rewinds, steps only rise. */
  addStep(step: number, attempt: number, offset: number, length: number): boolean {
    if (this.count >= mostSteps || (this.count > 0 && step <= (this.steps[this.count - 1] ?? NaN))) {
      this.skipped += 1;
      return false;
    }
    if (this.count === this.steps.length) this.grow();
    this.steps[this.count] = step;
    this.offsets[this.count] = offset;
    this.lengths[this.count] = length;
    this.count += 1;
    this.attempt = attempt;
    return true;
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
        this.count = this.countUpTo(record.step);
        this.evaluations = this.evaluations.filter(({ step }) => step <= record.step);
        this.checkpoints = this.checkpoints.filter(({ step }) => step <= record.step);
        this.end = undefined;
        return;
      case 'shrink':
        // The result is visible in the steps and checkpoints.
        return;
      case 'end':
        this.end = record;
    }
  }

  /** The number of steps up to and including this one. */
  private countUpTo(step: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.steps[middle] ?? NaN) <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private grow(): void {
    const { steps, offsets, lengths } = this;
    this.steps = new Float64Array(2 * steps.length);
    this.offsets = new Float64Array(2 * steps.length);
    this.lengths = new Int32Array(2 * steps.length);
    this.steps.set(steps);
    this.offsets.set(offsets);
    this.lengths.set(lengths);
  }
}

function withNewest<T>(records: readonly T[], record: T): readonly T[] {
  return [...records.slice(1 - mostRecords), record];
}
