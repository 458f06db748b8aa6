/** The step that the pages of a run show together: who moves to another one tells the others. */

import { EventEmitter, type Disposable } from 'vscode';

export interface Held {
  readonly folder: string;
  /** Null for the newest. */
  readonly step: number | null;
  /** Who moved; it knows already. */
  readonly by: unknown;
}

export class HeldStep implements Disposable {
  private readonly moved = new EventEmitter<Held>();
  private readonly steps = new Map<string, number>();
  readonly onDidMove = this.moved.event;

  of(folder: string): number | null {
    return this.steps.get(folder) ?? null;
  }

  move(held: Held): void {
    if (this.of(held.folder) === held.step) return;
    if (held.step === null) this.steps.delete(held.folder);
    else this.steps.set(held.folder, held.step);
    this.moved.fire(held);
  }

  dispose(): void {
    this.moved.dispose();
  }
}
