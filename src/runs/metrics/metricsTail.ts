/** Reads a run's metrics as they grow: an index of all that counts, the thinned series, and the steps that are new. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { parseIndexedRecord, RecordError, type IndexedRecord, type IndexedStepRecord } from '../../protocol/records.ts';
import { appendToCourse, newCourse, type Course } from '../../protocol/course.ts';
import {
  appendPoint,
  longestSeries,
  newSeries,
  setLayers,
  type Series,
  type StepPoint,
} from '../../protocol/series.ts';
import type { RunPaths } from '../paths.ts';
import { LayerRows } from './layerRows.ts';
import { layersOfLine, textWithoutLayers } from './layersInLines.ts';
import { Pause } from '../../base/pause.ts';
import { LineReader, longestLine, readUpTo } from './lineReader.ts';
import { indexedStep, MetricsIndex, type IndexedStep } from './metricsIndex.ts';
import { sampleSteps } from './sampleSteps.ts';

/** What a look at the files brought. */
export interface TailChange {
  /** The series is new; `points` is then empty. */
  readonly reset: boolean;
  readonly points: readonly StepPoint[];
  /** Something besides steps is different. */
  readonly records: boolean;
}

/** The two files during a look. */
interface Files {
  readonly metrics: FileHandle;
  readonly rows: LayerRows;
}

const nothing: TailChange = { reset: false, points: [], records: false };

/** Bytes before the place read up to that must be the same at the next look, or the file is another one. */
const fingerprintLength = 256;

/** Bytes of a file that is read at once. */
const shortFile = 8 << 20;

/** Lines that are no records: with more of them, the file is not read any further. */
const mostSkipped = 1_000_000;

/** Rows read from the file at a time when the series is made. */
const together = 16;

/** Milliseconds that a line waits for its row. It is written first, but from another machine's file system it may come later, or never. */
const rowTakes = 5000;

export class MetricsTail {
  index = new MetricsIndex();
  series: Series = newSeries([]);
  course: Course = newCourse();
  lastStep: StepPoint | undefined;
  private readonly paths: Pick<RunPaths, 'metrics' | 'layers'>;
  private lines = new LineReader();
  /** Step lines so far, those that do not count included. */
  private stepLines = 0;
  private noRecords = 0;
  private fingerprint: Buffer = Buffer.alloc(0);
  private size = 0;
  private modified = 0;
  /** Since when lines wait for a row; undefined if the last one had its row. */
  private waitingSince: number | undefined;
  private waits = false;
  /** A look ended in the middle, and some of what it had read went nowhere. */
  private interrupted = false;
  private closed = false;

  constructor(paths: Pick<RunPaths, 'metrics' | 'layers'>) {
    this.paths = paths;
  }

  get skipped(): number {
    return this.noRecords + this.lines.skipped + this.index.skipped;
  }

  /**
   * Finds the newest step of a long file and, where nothing was ever taken back, some hundred spread over it, which takes a moment whatever its
   * length. Until the first `look`, which takes a second, the series has only these.
   * @returns whether the file is a long one. Of others nothing is read.
   */
  async peek(): Promise<boolean> {
    const { size } = await describe(this.paths.metrics);
    if (size <= shortFile) return false;
    await this.withFiles(async (files) => {
      const head = await readUpTo(files.metrics, Buffer.allocUnsafe(longestLine), 0, size);
      const start = this.parse(head, 0, Math.max(0, head.indexOf('\n')));
      const from = size - longestLine;
      const tail = await readUpTo(files.metrics, Buffer.allocUnsafe(longestLine), from, size);
      const at = tail.lastIndexOf('\n{"kind":"step",') + 1;
      const length = Math.max(at, tail.indexOf('\n', at)) - at;
      const step = this.parse(tail, at, at + length);
      if (start?.kind !== 'start' || step?.kind !== 'step') return;
      this.index.start = start;
      this.series = newSeries(start.layers.map(({ name }) => name));
      // Where a trainer was killed between a row and its line, the last row is of the step after; `look` counts.
      const place = { row: files.rows.count(start.layers.length) - 1, offset: from + at, length };
      this.lastStep = await this.pointOf(files, indexedStep(step, place));
      this.course = newCourse();
      const rows = files.rows.count(start.layers.length);
      const points = await this.pointsOf(files, await sampleSteps(files.metrics, size, step.step, rows));
      for (const point of [...points, this.lastStep]) {
        appendPoint(this.series, point);
        appendToCourse(this.course, point);
      }
    });
    this.noRecords = 0;
    return true;
  }

  /** Reads the lines added since the last read, or everything if the file was replaced. Await each call before the next. */
  async look(): Promise<TailChange> {
    const { size, modified } = await describe(this.paths.metrics);
    if (size === this.size && modified === this.modified && !this.waits) return nothing;
    let change: TailChange;
    if (size > 0) change = await this.withFiles((files) => this.readOn(files, size));
    else {
      const reset = this.lines.position > 0;
      if (reset) this.startOver();
      change = { reset, points: [], records: reset };
    }
    this.size = size;
    this.modified = modified;
    return change;
  }

  /** Exactly this step; undefined if there is none, or no longer. */
  async pointAt(step: number): Promise<StepPoint | undefined> {
    const found = this.index.find(step);
    if (found === undefined || step === this.lastStep?.step) return found && this.lastStep;
    return this.withFiles((files) => this.pointOf(files, found)).catch(() => undefined);
  }

  /** Ends a running read soon. */
  close(): void {
    this.closed = true;
  }

  private async withFiles<T>(use: (files: Files) => Promise<T>): Promise<T> {
    const metrics = await open(this.paths.metrics, 'r');
    const rows = await LayerRows.open(this.paths.layers);
    try {
      return await use({ metrics, rows });
    } finally {
      await Promise.all([metrics.close(), rows.close()]);
    }
  }

  private async readOn(files: Files, size: number): Promise<TailChange> {
    const replaced = this.interrupted || !(await this.isSame(files.metrics, size));
    if (replaced) this.startOver();
    this.interrupted = true;
    this.waits = false;
    const [countBefore, skippedBefore] = [this.index.steps.length, this.skipped];
    let [remade, records] = [replaced, replaced];
    await this.lines.read(
      files.metrics,
      size,
      (bytes, start, end, offset) => {
        const record = this.parse(bytes, start, end);
        if (record?.kind === 'step') return this.useStep(record, files.rows, offset, end - start);
        if (!record) return true;
        this.index.addRecord(record);
        records = true;
        remade ||= record.kind === 'start' || record.kind === 'rewind';
        return true;
      },
      () => !this.closed && this.noRecords < mostSkipped,
    );
    this.fingerprint = await bytesBefore(files.metrics, this.lines.position);
    const added = remade ? [] : this.index.steps.slice(countBefore);
    const reset = remade || added.length > longestSeries;
    const points = reset ? [] : await Promise.all(added.map((step) => this.pointOf(files, step)));
    if (reset) await this.makeSeries(files);
    for (const point of points) {
      appendPoint(this.series, point);
      appendToCourse(this.course, point);
    }
    this.lastStep = points.at(-1) ?? this.lastStep;
    this.interrupted = false;
    return { reset, points, records: records || this.skipped !== skippedBefore };
  }

  private parse(bytes: Buffer, start: number, end: number): IndexedRecord | undefined {
    try {
      return parseIndexedRecord(textWithoutLayers(bytes, start, end));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.noRecords += 1;
      return undefined;
    }
  }

  /** Whether the step was taken in; if not, its row is not there yet. */
  private useStep(record: IndexedStepRecord, rows: LayerRows, offset: number, length: number): boolean {
    const row = this.stepLines;
    if (record.layers || row < rows.count(this.index.start?.layers.length ?? 0)) this.waitingSince = undefined;
    else {
      this.waitingSince ??= performance.now();
      this.waits = performance.now() - this.waitingSince < rowTakes;
      if (this.waits) return false;
    }
    this.index.addStep(indexedStep(record, { row, offset, length }), record.attempt);
    this.stepLines += 1;
    return true;
  }

  private async makeSeries(files: Files): Promise<void> {
    const { index } = this;
    const series = newSeries(index.start?.layers.map(({ name }) => name) ?? []);
    const course = newCourse();
    const pause = new Pause();
    for (const [at, step] of index.steps.entries()) {
      appendPoint(series, step);
      appendToCourse(course, step);
      if (at % 1000 === 0 && pause.due) await pause.take();
    }
    // Layers are read of the rows that stay.
    const steps = Array.from(series.steps.subarray(0, series.count), (step) => index.find(step));
    const points = await this.pointsOf(
      files,
      steps.filter((step) => step !== undefined),
      series,
    );
    for (const [row, point] of points.entries()) setLayers(series, row, point);
    this.series = series;
    this.course = course;
    this.lastStep = points.at(-1);
  }

  /** Some at a time. */
  private async pointsOf(files: Files, steps: readonly IndexedStep[], series = this.series): Promise<StepPoint[]> {
    const points: StepPoint[] = [];
    for (let done = 0; done < steps.length && !this.closed; done += together) {
      const some = steps.slice(done, done + together);
      points.push(...(await Promise.all(some.map((step) => this.pointOf(files, step, series)))));
    }
    return points;
  }

  private async pointOf(
    { metrics, rows }: Files,
    { place, length, ...step }: IndexedStep,
    { layers }: Series = this.series,
  ): Promise<StepPoint> {
    const numbers =
      length > 0
        ? layersOfLine(await readUpTo(metrics, Buffer.allocUnsafe(length), place, place + length), layers)
        : await rows.read(place, this.index.start?.layers.length ?? 0, layers.length);
    return { ...step, ...numbers };
  }

  private startOver(): void {
    this.index = new MetricsIndex();
    this.series = newSeries([]);
    this.course = newCourse();
    this.lastStep = undefined;
    this.lines = new LineReader();
    this.stepLines = 0;
    this.noRecords = 0;
    this.fingerprint = Buffer.alloc(0);
    this.waitingSince = undefined;
    this.waits = false;
  }

  /** A resuming trainer cuts off an incomplete last line, which has not been read. Any other change means that the file was replaced. */
  private async isSame(file: FileHandle, size: number): Promise<boolean> {
    const { position } = this.lines;
    if (position === 0) return true;
    if (size < position) return false;
    return (await bytesBefore(file, position)).equals(this.fingerprint);
  }
}

async function describe(path: string): Promise<{ size: number; modified: number }> {
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.isFile() ? { size: found.size, modified: found.mtimeMs } : { size: 0, modified: 0 };
}

function bytesBefore(file: FileHandle, position: number): Promise<Buffer> {
  const length = Math.min(fingerprintLength, position);
  return readUpTo(file, Buffer.alloc(length), position - length, position);
}
