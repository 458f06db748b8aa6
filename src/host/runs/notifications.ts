/** Shows once that a run has ended or needs attention, even if that happened while the window was closed. */

import { commands, window, workspace, type Disposable, type Memento } from 'vscode';
import { describeEnd } from '../../runs/describe.ts';
import type { FollowedRun, RunEntry, RunStore } from './runStore.ts';

/** Runs whose end has not been shown yet, by folder, and the alerts that have been shown for each. Stored beyond the window's life. */
type Pending = Readonly<Record<string, readonly string[] | undefined>>;
const key = 'pinch.pendingNotifications';

export class Notifications implements Disposable {
  private readonly runs: RunStore;
  private readonly memento: Memento;
  private readonly watched = new Map<string, Promise<FollowedRun>>();
  private readonly listening: Disposable;

  constructor(runs: RunStore, memento: Memento) {
    this.runs = runs;
    this.memento = memento;
    this.listening = runs.onDidChange(() => this.look());
    this.look();
  }

  dispose(): void {
    this.listening.dispose();
    for (const folder of this.watched.keys()) this.leave(folder);
  }

  private look(): void {
    const listed = new Set(this.runs.runs.map(({ folder }) => folder));
    for (const folder of this.watched.keys()) if (!listed.has(folder)) this.leave(folder);
    for (const entry of this.runs.runs) {
      const { folder, life } = entry;
      // A study says itself what its runs come to.
      if (entry.study !== null) continue;
      if (life === 'live') {
        if (this.pending[folder] === undefined) this.remember(folder, []);
        if (!this.watched.has(folder)) {
          const watching = this.watch(entry);
          this.watched.set(folder, watching);
          // It cannot be read now; the next look tries again.
          watching.catch(() => this.watched.delete(folder));
        }
      } else if (this.pending[folder] !== undefined) {
        this.remember(folder, undefined);
        void this.tellEnd(entry);
      }
    }
  }

  /** The folder is gone, or no longer of this workspace. */
  private leave(folder: string): void {
    void this.watched
      .get(folder)
      ?.then(({ close }) => close())
      .catch(() => undefined);
    this.watched.delete(folder);
  }

  private async watch({ folder, name }: RunEntry): Promise<FollowedRun> {
    const run = await this.runs.follow(folder, (change) => {
      if (change.kind === 'snapshot') this.tellAlerts(name, run);
    });
    this.tellAlerts(name, run);
    return run;
  }

  private tellAlerts(name: string, { follower: { folder, snapshot } }: FollowedRun): void {
    for (const { attempt, step, reason, message } of snapshot.alerts) {
      const told = this.pending[folder] ?? [];
      const alert = `${attempt} ${step} ${reason}`;
      if (told.includes(alert)) continue;
      this.remember(folder, [...told, alert]);
      void say('warning', `${name}: ${message}`, folder);
    }
  }

  private async tellEnd({ folder, name, life, state }: RunEntry): Promise<void> {
    const { follower, close } = await (this.watched.get(folder) ?? this.runs.follow(folder));
    this.watched.delete(folder);
    await follower.refresh();
    const { end, evaluations } = follower.snapshot;
    close();
    if (life === 'lost') {
      await say('warning', `${name} ended unexpectedly. Resume it from its last checkpoint, or open its log.`, folder);
    } else if (end && end.attempt === state?.attempt) {
      const text = describeEnd(name, end, evaluations.at(-1));
      await say(end.status === 'failed' ? 'error' : 'information', text, folder);
    } else if (state?.status === 'failed') {
      await say('error', `${name} failed: ${state.message ?? 'see its log.'}`, folder);
    }
  }

  private get pending(): Pending {
    return this.memento.get<Pending>(key) ?? {};
  }

  /** @param alerts undefined removes the run. */
  private remember(folder: string, alerts: readonly string[] | undefined): void {
    // A key with the value undefined is not stored.
    void this.memento.update(key, { ...this.pending, [folder]: alerts });
  }
}

const show = {
  information: window.showInformationMessage,
  warning: window.showWarningMessage,
  error: window.showErrorMessage,
};

async function say(severity: keyof typeof show, text: string, folder: string): Promise<void> {
  if (!workspace.getConfiguration('pinch').get<boolean>('notifyWhenRunEnds', true)) return;
  const open = 'Open Run';
  const log = 'Open Log';
  const choice = await show[severity](text, open, log);
  const target = { kind: 'run', folder };
  if (choice === open) await commands.executeCommand('pinch.openRun', target);
  if (choice === log) await commands.executeCommand('pinch.openLog', target);
}
