/** Watches the losses of a run for the ways in which CTC training fails. */

import { median } from '../base/median.ts';
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
  /** Set where going back to a checkpoint would not help. */
  readonly action?: 'continue' | 'stop';
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

/** Updates in a row without any loss, or any gradient, that end a run: one alone may be a batch of broken recordings. */
const nothingFor = 3;

export const freshWatch: WatchState = { recentLosses: [], lowestMedian: null, blankSteps: 0 };

export class LossWatch {
  private readonly recent: number[];
  private lowest: number;
  private blank: number;
  private nothing = 0;
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
    const idle = this.idle(ctcLoss, gradientNorm);
    this.recent.push(ctcLoss);
    if (this.recent.length > memory + window) this.recent.shift();
    if (idle) return idle;
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

  /** A loss of exactly 0 means that no text of the batch fits its frames: CTC gives these nothing to learn. */
  private idle(ctcLoss: number, gradientNorm: number): Trouble | undefined {
    this.nothing = ctcLoss === 0 || gradientNorm === 0 ? this.nothing + 1 : 0;
    if (this.nothing !== 1 && this.nothing !== nothingFor) return undefined;
    const action = this.nothing === 1 ? 'continue' : 'stop';
    const [reason, message] =
      ctcLoss === 0
        ? ([
            'zero-loss',
            'the loss is exactly 0: no text of this batch fits the frames that the model makes of it',
          ] as const)
        : (['zero-gradient', 'the gradient is exactly 0: nothing in this batch changes a weight'] as const);
    return { reason, message, action };
  }
}
