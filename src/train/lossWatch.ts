/** Watches the losses of a run for the three ways in which CTC training fails. */

import type { AlertRecord } from '../protocol/records.ts';

export interface WatchState {
  /** Losses of the latest updates, the newest last. */
  readonly recentLosses: number[];
  /** The lowest running median so far. */
  readonly lowestMedian: number | null;
  /** Updates in a row whose every frame was blank. */
  readonly blankSteps: number;
}

export interface Observation {
  readonly loss: number;
  readonly ctcLoss: number;
  readonly gradientNorm: number;
  readonly blankShare: number;
}

export interface Trouble {
  readonly reason: AlertRecord['reason'];
  readonly message: string;
}

/** Updates that a median is taken over. */
const window = 10;
/** Updates that the latest window is compared with. */
const memory = 100;
/** So often the usual loss is divergence, if it is also worse than knowing nothing. */
const divergedBy = 4;
/** All-blank updates in a row that are a collapse, if the loss rose to so many times its lowest. */
const blankFor = 30;
const collapsedBy = 2;

export const freshWatch: WatchState = { recentLosses: [], lowestMedian: null, blankSteps: 0 };

export class LossWatch {
  private readonly recent: number[];
  private lowest: number;
  private blank: number;
  private readonly chance: number;

  /** @param symbols the size of the vocabulary: its logarithm is the loss per label of a model that knows nothing but the length. */
  constructor(symbols: number, { recentLosses, lowestMedian, blankSteps }: WatchState = freshWatch) {
    this.recent = [...recentLosses];
    this.lowest = lowestMedian ?? Infinity;
    this.blank = blankSteps;
    this.chance = Math.log(symbols);
  }

  get state(): WatchState {
    return {
      recentLosses: [...this.recent],
      lowestMedian: Number.isFinite(this.lowest) ? this.lowest : null,
      blankSteps: this.blank,
    };
  }

  /** Takes note of an update. @returns what is wrong, if anything is. */
  observe({ loss, ctcLoss, gradientNorm, blankShare }: Observation): Trouble | undefined {
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const what = Number.isFinite(loss) ? 'the gradient' : 'the loss';
      return { reason: 'not-a-number', message: `${what} is no longer a number` };
    }
    this.recent.push(ctcLoss);
    if (this.recent.length > memory + window) this.recent.shift();
    this.blank = blankShare === 1 ? this.blank + 1 : 0;
    if (this.recent.length < window) return undefined;

    const now = median(this.recent.slice(-window));
    const before = this.recent.slice(0, -window);
    this.lowest = Math.min(this.lowest, now);
    const usual = before.length < window ? Infinity : median(before);
    if (now > divergedBy * usual && now > 1.5 * this.chance) {
      return { reason: 'divergence', message: `the loss rose from about ${usual.toFixed(3)} to ${now.toFixed(3)}` };
    }
    // A model that learns from scratch writes only blanks for a long time, but its loss falls meanwhile.
    if (this.blank >= blankFor && now > collapsedBy * this.lowest) {
      return {
        reason: 'all-blank',
        message: `the model has written nothing but blanks for ${this.blank} steps, and its loss rose from ${this.lowest.toFixed(3)} to ${now.toFixed(3)}`,
      };
    }
    return undefined;
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
