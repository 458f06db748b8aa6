/** Holds the runs of the workspace, their states, and the subject of the heatmap. */

import { basename, join } from 'node:path';
import { EventEmitter, workspace, type Disposable, type Memento } from 'vscode';
import type { RunState } from '../../protocol/records.ts';
import { findRuns, type FoundRun } from '../../runs/findRuns.ts';
import { findStudyFolders } from '../../runs/findStudyFolders.ts';
import { followRun, type RunChange, type RunFollower } from '../../runs/followRun.ts';
import { HeldStep } from './heldStep.ts';
import { readLabel, type RunLabel } from '../../runs/label.ts';
import { liveness, readRun, readState, type Liveness } from '../../runs/state.ts';

export interface RunEntry extends FoundRun {
  /** What people call it: the folder's name, unless they gave it another. */
  readonly name: string;
  readonly label: RunLabel;
  /** The pruned model, as run.json names it. */
  readonly model: string;
  /** Undefined until the trainer has written it. */
  readonly state: RunState | undefined;
  readonly life: Liveness;
}

/** The subject of the heatmap: a run or an ONNX file. */
export type Subject =
  { readonly kind: 'run'; readonly folder: string } | { readonly kind: 'model'; readonly path: string };

/** A run that a view follows. Close it when done; the files are no longer read when all views have closed it. */
export interface FollowedRun {
  readonly follower: RunFollower;
  /** Milliseconds between two reads of the files. The shortest interval of all views counts. */
  readonly pollEvery: (milliseconds: number) => void;
  readonly close: () => void;
}

interface Shared {
  readonly follower: Promise<RunFollower>;
  readonly intervals: Map<symbol, number>;
}

const lookEvery = 2000;
/** Milliseconds between two searches of the workspace for studies, which are seldom new, and how many times as long as a search took. */
const [searchEvery, searchShare] = [20_000, 20];
const slowly = 1000;
const shownKey = 'pinch.shown';

export class RunStore implements Disposable {
  private readonly memento: Memento;
  private readonly changed = new EventEmitter<void>();
  private readonly shownChanged = new EventEmitter<void>();
  private readonly followed = new Map<string, Shared>();
  private readonly timer: NodeJS.Timeout;
  private entries: readonly RunEntry[] = [];
  private looking: Promise<void> | undefined;
  /** By workspace folder. */
  private studies: ReadonlyMap<string, readonly string[]> = new Map();
  private searching: Promise<void> | undefined;
  private nextSearch = -Infinity;
  /** Fires when the list or the state of a run has changed. */
  readonly onDidChange = this.changed.event;
  readonly onDidChangeShown = this.shownChanged.event;
  readonly held = new HeldStep();

  constructor(memento: Memento) {
    this.memento = memento;
    this.timer = setInterval(() => {
      if (performance.now() > this.nextSearch) void this.search();
      void this.refresh();
    }, lookEvery);
    // Only the search finds the runs of studies; others need not wait for it.
    void this.search().then(() => this.refresh());
    void this.refresh();
  }

  /** Newest first. */
  get runs(): readonly RunEntry[] {
    return this.entries;
  }

  /** Searches for studies, too. */
  async refreshAll(): Promise<void> {
    await this.search();
    await this.looking;
    return this.refresh();
  }

  /** Reads the folders again. State is polled, which works on every file system. */
  refresh(): Promise<void> {
    this.looking ??= this.look().finally(() => (this.looking = undefined));
    return this.looking;
  }

  /** The user's choice while it exists, otherwise the newest live run, otherwise the newest run. */
  get shown(): Subject | undefined {
    const chosen = this.memento.get<Subject>(shownKey);
    if (chosen?.kind === 'model') return chosen;
    const runs = this.entries;
    const run =
      runs.find(({ folder }) => folder === chosen?.folder) ?? runs.find(({ life }) => life === 'live') ?? runs[0];
    return run && { kind: 'run', folder: run.folder };
  }

  async show(subject: Subject): Promise<void> {
    await this.memento.update(shownKey, subject);
    this.shownChanged.fire();
  }

  /** @param onChange is called from the moment the promise resolves until the run is closed. @throws RunFolderError */
  async follow(folder: string, onChange: (change: RunChange) => void = () => undefined): Promise<FollowedRun> {
    const shared = this.followed.get(folder) ?? this.startFollowing(folder);
    const mine = Symbol(folder);
    shared.intervals.set(mine, slowly);
    const follower = await shared.follower.catch((error: unknown) => {
      this.followed.delete(folder);
      throw error;
    });
    follower.listeners.add(onChange);
    const pace = (): void => follower.setPolling(Math.min(...shared.intervals.values()));
    return {
      follower,
      pollEvery(milliseconds) {
        shared.intervals.set(mine, milliseconds);
        pace();
      },
      close: () => {
        follower.listeners.delete(onChange);
        shared.intervals.delete(mine);
        if (shared.intervals.size > 0) {
          pace();
          return;
        }
        if (this.followed.get(folder) === shared) this.followed.delete(folder);
        follower.close();
      },
    };
  }

  dispose(): void {
    clearInterval(this.timer);
    for (const { follower } of this.followed.values()) void follower.then((run) => run.close());
    this.followed.clear();
    this.changed.dispose();
    this.shownChanged.dispose();
    this.held.dispose();
  }

  private startFollowing(folder: string): Shared {
    const shared: Shared = { follower: followRun(folder, { pollMs: slowly }), intervals: new Map() };
    this.followed.set(folder, shared);
    return shared;
  }

  private search(): Promise<void> {
    this.searching ??= this.findStudies().finally(() => (this.searching = undefined));
    return this.searching;
  }

  private async findStudies(): Promise<void> {
    const began = performance.now();
    const found = new Map<string, readonly string[]>();
    for (const folder of localFolders()) found.set(folder, await findStudyFolders(folder));
    this.studies = found;
    const now = performance.now();
    this.nextSearch = now + Math.max(searchEvery, searchShare * (now - began));
  }

  private async look(): Promise<void> {
    const runs = await Promise.all(localFolders().map((folder) => findRuns(folder, this.studies.get(folder))));
    // A workspace folder may lie in another one, and a study is found in both.
    const different = new Map(runs.flat().map((run) => [run.folder, run]));
    const found = await Promise.all([...different.values()].map(readEntry));
    const now = found.filter((entry) => entry !== undefined);
    if (JSON.stringify(now) === JSON.stringify(this.entries)) return;
    const shownBefore = JSON.stringify(this.shown);
    this.entries = now;
    this.changed.fire();
    if (JSON.stringify(this.shown) !== shownBefore) this.shownChanged.fire();
  }
}

function localFolders(): string[] {
  return (workspace.workspaceFolders ?? []).flatMap(({ uri }) => (uri.scheme === 'file' ? [uri.fsPath] : []));
}

async function readEntry({ folder, study }: FoundRun): Promise<RunEntry | undefined> {
  try {
    const run = await readRun(folder);
    const model = modelOf(run);
    const state = await readState(folder);
    const label = await readLabel(folder);
    const name = label.name === '' ? basename(folder) : label.name;
    return { folder, study, name, label, model, state, life: await liveness(state, run.created) };
  } catch {
    // The folder is not a run's, or is being deleted. The log of the command that made it has the reason.
    return undefined;
  }
}

function modelOf({ settings }: { settings: Record<string, unknown> }): string {
  return typeof settings['model'] === 'string' ? settings['model'] : '';
}

/** The ONNX file of a checkpoint. */
export function checkpointModel(folder: string, path: string): string {
  return join(folder, path, 'model.onnx');
}
