/** Says how a run is doing: a bar on a terminal, plain lines elsewhere, and all but the bar in trainer.log too. */

import { duration, percent } from '../base/format.ts';
import { closeSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export interface StepProgress {
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly sparsity: number;
  readonly sparsityTarget: number;
  readonly gated: boolean;
  readonly audioSecondsPerSecond: number;
  /** Undefined while too little is known. */
  readonly secondsLeft?: number | undefined;
}

/** Standard error, which is a terminal or a plain stream. */
export interface Terminal {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** Told once, when the first step is about to be made. */
  readonly begun?: () => void;
}

/** Time between plain lines, and between redraws of the bar, in milliseconds. */
const plainEvery = 10_000;
const barEvery = 100;
/** A phase that takes so many milliseconds is worth a line of the log. */
const phaseIsLong = 2000;

export class ProgressReport {
  private readonly terminal: Terminal;
  private readonly log: number;
  private barShown = false;
  private running: { readonly label: string; readonly began: number; said: number } | undefined;
  private lastShown = -Infinity;

  /** @param logFile trainer.log, which is appended to. */
  constructor(logFile: string, terminal: Terminal) {
    this.log = openSync(logFile, 'a');
    this.terminal = terminal;
  }

  /** Text that stays: on the terminal, and with the time in the log, which may get more of it. */
  say(text: string, inLog = text): void {
    this.clearBar();
    const body = text.endsWith('\n') ? text : `${text}\n`;
    this.terminal.write(body);
    this.note(inLog);
  }

  /** Text for the log alone. */
  note(text: string): void {
    const time = new Date().toISOString();
    const lines = text.replace(/\n+$/u, '').split('\n');
    writeSync(this.log, lines.map((line) => `${time}  ${line}\n`).join(''));
  }

  /**
   * What takes long now besides steps, where the bar stands otherwise; null when it is over, which the log tells if it took seconds.
   * @param share that is done, 0 to 1, where that is known. Elsewhere than on a terminal it is said every ten seconds.
   */
  phase(label: string | null, share?: number): void {
    const now = performance.now();
    if (this.running && this.running.label === label) {
      if (this.terminal.isTTY) this.showPhase(label, share);
      else if (now - this.running.said >= plainEvery) {
        this.running.said = now;
        this.say(`${capitalised(withShare(label, share))} …`);
      }
      return;
    }
    if (this.running && now - this.running.began > phaseIsLong) {
      this.note(`${capitalised(this.running.label)} took ${duration((now - this.running.began) / 1000)}.`);
    }
    this.running = label === null ? undefined : { label, began: now, said: now };
    if (label !== null && this.terminal.isTTY) this.showPhase(label, share);
  }

  private showPhase(label: string, share: number | undefined): void {
    this.terminal.write(`\r\u001b[K${capitalised(withShare(label, share))} …`);
    this.barShown = true;
  }

  step(progress: StepProgress): void {
    const now = performance.now();
    const last = progress.step === progress.steps;
    const every = this.terminal.isTTY ? barEvery : plainEvery;
    if (now - this.lastShown < every && !last) return;
    this.lastShown = now;
    const text = describeStep(progress);
    if (!this.terminal.isTTY) {
      this.say(text);
      return;
    }
    const line = `${bar(progress.step / progress.steps)} ${text}`;
    // Some pseudo-terminals say they have no columns.
    const width = Math.max(20, this.terminal.columns === 0 ? 80 : (this.terminal.columns ?? 80));
    this.terminal.write(`\r\u001b[K${line.slice(0, width - 1)}`);
    this.barShown = true;
  }

  close(): void {
    this.clearBar();
    closeSync(this.log);
  }

  private clearBar(): void {
    if (this.barShown) this.terminal.write('\r\u001b[K');
    this.barShown = false;
  }
}

/** "evaluating, 45 %" */
export const withShare = (label: string, share: number | undefined): string =>
  share === undefined ? label : `${label}, ${Math.floor(100 * share)} %`;

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function describeStep(progress: StepProgress): string {
  const { step, steps, loss, sparsity, sparsityTarget, gated, audioSecondsPerSecond, secondsLeft } = progress;
  return [
    `step ${step}/${steps}`,
    `loss ${loss.toFixed(4)}`,
    ...(gated ? [`sparsity ${percent(sparsity, 2)} (target ${percent(sparsityTarget, 2)})`] : []),
    `${audioSecondsPerSecond.toFixed(1)}x real time`,
    ...(secondsLeft === undefined || step === steps ? [] : [`${duration(secondsLeft)} left`]),
  ].join('  ');
}

function bar(share: number): string {
  const width = 20;
  const full = Math.round(share * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
}
