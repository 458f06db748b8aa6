/** Follows a run: reads its folder, and then everything added to it, by any writer on any machine. */

import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AlertRecord,
  CheckpointRecord,
  EndRecord,
  EvaluationRecord,
  RunFile,
  RewindRecord,
  RunState,
  ShrinkRecord,
  StartRecord,
} from '../protocol/records.ts';
import type { Course } from '../protocol/course.ts';
import type { Series, StepPoint } from '../protocol/series.ts';
import { MetricsTail } from './metrics/metricsTail.ts';
import { runPaths, type RunPaths } from './paths.ts';
import { liveness, readRun, readState, type Liveness } from './state.ts';

/** The present state of a run. Records before a rewind are left out, except alerts, which did happen. */
export interface RunSnapshot {
  readonly run: RunFile;
  /** Undefined until a trainer has written it. */
  readonly state: RunState | undefined;
  readonly liveness: Liveness;
  readonly attempt: number;
  readonly start: StartRecord | undefined;
  readonly lastStep: StepPoint | undefined;
  readonly evaluations: readonly EvaluationRecord[];
  /** Checkpoints that are still on the disk. */
  readonly checkpoints: readonly CheckpointRecord[];
  readonly alerts: readonly AlertRecord[];
  readonly shrinks: readonly ShrinkRecord[];
  /** Those that happened; what they took back is left out elsewhere. */
  readonly rewinds: readonly RewindRecord[];
  readonly end: EndRecord | undefined;
  /** Lines of metrics.jsonl that are not records. */
  readonly skippedLines: number;
}

export type RunChange =
  /** Steps were added to the series, in this order. */
  | { readonly kind: 'points'; readonly points: readonly StepPoint[] }
  /** The series is another one: a rewind, another file, or more steps at once than are worth telling one by one. */
  | { readonly kind: 'reset' }
  /** The snapshot has changed in more than `lastStep`. */
  | { readonly kind: 'snapshot' };

export interface FollowOptions {
  /** The first of the listeners. */
  readonly onChange?: (change: RunChange) => void;
  /** Milliseconds between two looks at the files. */
  readonly pollMs?: number;
}

/** The series of a long run has only the newest step at first, and the snapshot no record but the start, until a reset and a new snapshot. */
export interface RunFollower {
  readonly folder: string;
  readonly snapshot: RunSnapshot;
  readonly series: Series;
  /** Whether all of the history is known; of a long run it is at first some hundred steps. */
  readonly isWhole: boolean;
  /** As the series, of the numbers that have no layers. */
  readonly course: Course;
  /** Told of each change; add one to listen, delete it to stop. */
  readonly listeners: Set<(change: RunChange) => void>;
  /** Exactly this step, from the files; undefined if there is none that counts. */
  readonly recordAt: (step: number) => Promise<StepPoint | undefined>;
  readonly setPolling: (ms: number) => void;
  /** Reads the files now. All changes are reported before this resolves. */
  readonly refresh: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Reads a run and follows it by polling its files. That works on every file system, and for writers on other machines.
 * @throws RunFolderError if the folder is not a run's.
 */
export async function followRun(folder: string, options: FollowOptions): Promise<RunFollower> {
  const follower = new Follower(folder, await readRun(folder), options);
  await follower.open();
  return follower;
}

/** Milliseconds between two reads of state.json and the checkpoints: a live trainer writes state.json every second. */
const lookAround = 500;

/** Milliseconds after the last first picture before a long run is read whole. */
const afterFirstPictures = 300;

/** Long runs are read whole one after the other, so that ten that are opened together show their first pictures at once. */
let wholeReading: Promise<void> = Promise.resolve();
let lastFirstPicture = -Infinity;

class Follower implements RunFollower {
  readonly folder: string;
  private readonly paths: RunPaths;
  readonly listeners = new Set<(change: RunChange) => void>();
  private run: RunFile;
  private readonly tail: MetricsTail;
  private state: RunState | undefined;
  private life: Liveness = 'lost';
  private onDisk: readonly string[] = [];
  private lookedAround = -Infinity;
  private pollMs: number;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private firstLook: Promise<void> | undefined;
  isWhole = false;
  private hasHadItsTurn = false;
  private closed = false;

  constructor(folder: string, run: RunFile, { onChange, pollMs = 1000 }: FollowOptions) {
    this.folder = folder;
    this.paths = runPaths(folder);
    this.run = run;
    this.tail = new MetricsTail(this.paths);
    if (onChange) this.listeners.add(onChange);
    this.pollMs = pollMs;
  }

  get series(): Series {
    return this.tail.series;
  }

  get course(): Course {
    return this.tail.course;
  }

  get snapshot(): RunSnapshot {
    const { index, lastStep, skipped } = this.tail;
    return {
      run: this.run,
      state: this.state,
      liveness: this.life,
      attempt: Math.max(index.attempt, this.state?.attempt ?? 0),
      start: index.start,
      lastStep,
      evaluations: index.evaluations,
      checkpoints: index.checkpoints.filter(({ path }) => this.onDisk.includes(basename(path))),
      alerts: index.alerts,
      shrinks: index.shrinks,
      rewinds: index.rewinds,
      end: index.end,
      skippedLines: skipped,
    };
  }

  async recordAt(step: number): Promise<StepPoint | undefined> {
    // Where the steps of a long run are is known when it has been read.
    await this.firstLook;
    return this.tail.pointAt(step);
  }

  setPolling(ms: number): void {
    this.pollMs = ms;
    if (!this.looking) this.schedule();
  }

  async refresh(): Promise<void> {
    // A read that has already begun may miss new lines.
    await this.looking;
    this.lookedAround = -Infinity;
    await this.startLooking();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.tail.close();
  }

  async open(): Promise<void> {
    const [isLong] = await Promise.all([this.tail.peek(), this.lookAtState()]);
    if (isLong) {
      lastFirstPicture = performance.now();
      this.firstLook = wholeReading.then(() => this.lookInTurn());
      wholeReading = this.firstLook;
      return;
    }
    await this.tail.look();
    this.hasHadItsTurn = this.isWhole = true;
    this.schedule();
  }

  private async lookInTurn(): Promise<void> {
    for (let rest: number; (rest = lastFirstPicture + afterFirstPictures - performance.now()) > 0;) await sleep(rest);
    this.hasHadItsTurn = true;
    if (!this.closed) await this.startLooking();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.closed && this.hasHadItsTurn) this.timer = setTimeout(() => void this.startLooking(), this.pollMs);
  }

  private startLooking(): Promise<void> {
    clearTimeout(this.timer);
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
      this.schedule();
    });
    return this.looking;
  }

  private async look(): Promise<void> {
    // The network file system may be away for a while, or the folder is being deleted: a later read tells.
    const changes = await this.lookAtFiles().catch(() => []);
    for (const change of changes) for (const listener of this.listeners) if (!this.closed) listener(change);
  }

  private async lookAtFiles(): Promise<RunChange[]> {
    const { reset, points, records } = await this.tail.look();
    this.isWhole = true;
    const isTime = performance.now() - this.lookedAround > lookAround;
    const around = (records || isTime) && (await this.lookAtState());
    // It may be another run that was made in the same folder.
    if (reset) this.run = await readRun(this.folder).catch(() => this.run);
    return [
      ...(reset ? [{ kind: 'reset' as const }] : []),
      ...(points.length > 0 ? [{ kind: 'points' as const, points }] : []),
      ...(records || around ? [{ kind: 'snapshot' as const }] : []),
    ];
  }

  /** Whether the state, its process or the checkpoints on the disk have changed. */
  private async lookAtState(): Promise<boolean> {
    this.lookedAround = performance.now();
    // An unreadable one is about to be replaced, or never was one.
    const state = (await readState(this.folder).catch(() => undefined)) ?? this.state;
    const life = await liveness(state, this.run.created);
    const onDisk = (await readdir(this.paths.checkpoints).catch(() => [])).filter((name) => name.startsWith('step-'));
    const changed = JSON.stringify([state, life, onDisk]) !== JSON.stringify([this.state, this.life, this.onDisk]);
    this.state = state;
    this.life = life;
    this.onDisk = onDisk;
    return changed;
  }
}
