/** Reads a growing metrics file: an index of its valid content, the thinned series, and the new steps. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { parseMetricsRecord, RecordError, type StepRecord } from '../../protocol/records.ts';
import {
  appendPoint,
  keptSteps,
  newSeries,
  seriesPoint,
  unfilledSeries,
  writeRow,
  type Series,
} from '../../protocol/series.ts';
import { LineReader, readUpTo } from './lineReader.ts';
import { glanceAt } from './metricsGlance.ts';
import { MetricsIndex, type LinePlace } from './metricsIndex.ts';
import { Pause } from '../../base/pause.ts';
import { recordOf } from './recordLine.ts';

/** The result of one read. */
export interface TailChange {
  /** The series is new; `points` is then empty. */
  readonly reset: boolean;
  readonly points: readonly StepRecord[];
  /** Something else than steps has changed. */
  readonly records: boolean;
}

/** The lines of one read, so far. */
interface Seen {
  readonly points: StepRecord[];
  rewound: boolean;
  records: boolean;
}

const nothing: TailChange = { reset: false, points: [], records: false };

/** Bytes up to which every new step is parsed, and a file is opened at once. Beyond it, only the series' steps are parsed. */
const largestTail = 8 << 20;

/** Bytes before the present position that must be the same at the next read; otherwise the file was replaced. */
const fingerprintLength = 256;

/** Maximum of invalid lines. With more, the file is not read any further. */
const mostSkipped = 1_000_000;

/** Lines read from the file at a time to build the series. */
const together = 16;

export class MetricsTail {
  index = new MetricsIndex();
  series: Series = newSeries([]);
  lastStep: StepRecord | undefined;
  private readonly path: string;
  private lines = new LineReader();
  private noRecords = 0;
  private fingerprint: Buffer = Buffer.alloc(0);
  private size = 0;
  private modified = 0;
  /** A read was interrupted, and its results are incomplete. */
  private interrupted = false;
  private closed = false;

  constructor(path: string) {
    this.path = path;
  }

  get skipped(): number {
    return this.noRecords + this.lines.skipped + this.index.skipped;
  }

  /**
   * Reads some steps of a long file, which takes a moment where the first `look` takes seconds. Until that one ends, the series has only
   * these steps.
   * @returns whether the file is long. Nothing is read of a short one.
   */
  async glance(): Promise<boolean> {
    const { size } = await describe(this.path);
    if (size <= largestTail) return false;
    const file = await open(this.path, 'r');
    try {
      const { start, steps } = await glanceAt(file, size);
      this.index.start = start;
      this.append(steps);
      return true;
    } finally {
      await file.close();
    }
  }

  /** Reads the lines added since the last read, or everything if the file was replaced. Await each call before the next. */
  async look(): Promise<TailChange> {
    const { size, modified } = await describe(this.path);
    if (size === this.size && modified === this.modified) return nothing;
    if (size === 0) {
      const reset = this.lines.position > 0;
      if (reset) this.startOver();
      this.remember(size, modified);
      return { reset, points: [], records: reset };
    }
    const file = await open(this.path, 'r');
    try {
      const change = await this.readOn(file, size);
      this.remember(size, modified);
      return change;
    } finally {
      await file.close();
    }
  }

  /** The record of exactly this step; undefined if there is none, or no longer. */
  async recordAt(step: number): Promise<StepRecord | undefined> {
    if (step === this.lastStep?.step) return this.lastStep;
    const index = this.index.find(step);
    if (index === undefined) return undefined;
    const place = this.index.at(index);
    const file = await open(this.path, 'r').catch(() => undefined);
    try {
      const record = file && recordOf('step', await readLine(file, place));
      return record?.step === step ? record : undefined;
    } finally {
      await file?.close();
    }
  }

  /** Ends a running read soon. */
  close(): void {
    this.closed = true;
  }

  private async readOn(file: FileHandle, size: number): Promise<TailChange> {
    const replaced = this.interrupted || !(await this.isSame(file, size));
    if (replaced) this.startOver();
    this.interrupted = true;
    const many = size - this.lines.position > largestTail;
    const skippedBefore = this.skipped;
    const seen: Seen = { points: [], rewound: false, records: replaced };
    await this.lines.read(
      file,
      size,
      (bytes, start, end, offset) => {
        const found = many ? stepIn(bytes, start, end) : undefined;
        if (found) this.index.addStep(found.step, found.attempt, offset, end - start);
        else this.useRecord(bytes.toString('utf8', start, end), offset, end - start, seen);
      },
      () => !this.closed && this.noRecords < mostSkipped,
    );
    this.fingerprint = await bytesBefore(file, this.lines.position);
    const reset = replaced || many || seen.rewound;
    if (reset) await this.makeSeries(file);
    const added = reset ? { reset, points: [] } : this.append(seen.points);
    this.interrupted = false;
    return { ...added, records: seen.records || this.skipped !== skippedBefore };
  }

  private useRecord(line: string, offset: number, length: number, seen: Seen): void {
    try {
      const record = parseMetricsRecord(line);
      if (record.kind === 'step') {
        if (this.index.addStep(record.step, record.attempt, offset, length)) seen.points.push(record);
        return;
      }
      this.index.addRecord(record);
      seen.records = true;
      seen.rewound ||= record.kind === 'rewind';
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.noRecords += 1;
    }
  }

  private append(points: readonly StepRecord[]): Pick<TailChange, 'reset' | 'points'> {
    // The start record lists the layers; the first step confirms them.
    const names = this.series.total > 0 ? this.series.layers : namesOf(points[0] ?? this.index.start);
    const reset = names.join('\n') !== this.series.layers.join('\n');
    if (reset) this.series = newSeries(names);
    for (const point of points) appendPoint(this.series, seriesPoint(point, this.series.layers));
    this.lastStep = points.at(-1) ?? this.lastStep;
    return { reset, points: reset ? [] : points };
  }

  private async makeSeries(file: FileHandle): Promise<void> {
    const { index } = this;
    const { kept } = keptSteps(index.count);
    const pause = new Pause();
    let series: Series | undefined;
    let last: StepRecord | undefined;
    for (let done = 0; done < kept.length && !this.closed; done += together) {
      const places = kept.slice(done, done + together).map((at) => index.at(at));
      const lines = await Promise.all(places.map((place) => readLine(file, place)));
      for (const [row, line] of lines.entries()) {
        const point = recordOf('step', line);
        if (pause.due) await pause.take();
        // A line that begins like a step's but is invalid leaves a gap.
        if (!point || point.step !== places[row]?.step) continue;
        series ??= unfilledSeries(namesOf(point), index.count);
        writeRow(series, done + row, seriesPoint(point, series.layers));
        last = point;
      }
    }
    this.series = series ?? newSeries(namesOf(index.start));
    this.lastStep = last;
  }

  private startOver(): void {
    this.index = new MetricsIndex();
    this.series = newSeries([]);
    this.lastStep = undefined;
    this.lines = new LineReader();
    this.noRecords = 0;
    this.fingerprint = Buffer.alloc(0);
  }

  /** A resuming trainer cuts off an incomplete last line, which has not been read. Any other change means that the file was replaced. */
  private async isSame(file: FileHandle, size: number): Promise<boolean> {
    const { position } = this.lines;
    if (position === 0) return true;
    if (size < position) return false;
    return (await bytesBefore(file, position)).equals(this.fingerprint);
  }

  private remember(size: number, modified: number): void {
    this.size = size;
    this.modified = modified;
  }
}

async function describe(path: string): Promise<{ size: number; modified: number }> {
  const found = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.isFile() ? { size: found.size, modified: found.mtimeMs } : { size: 0, modified: 0 };
}

/** The order of keys that the trainer writes. Other orders are valid too, and are parsed. */
const stepPattern = /^\{"kind":"step","attempt":(\d{1,9}),"step":(\d{1,15}),/u;
const longestStart = 64;

/** Attempt and step, if the line begins like a step's. The rest is parsed when it is needed. */
function stepIn(bytes: Buffer, start: number, end: number): { attempt: number; step: number } | undefined {
  const match = stepPattern.exec(bytes.toString('latin1', start, Math.min(end, start + longestStart)));
  return match ? { attempt: Number(match[1]), step: Number(match[2]) } : undefined;
}

function bytesBefore(file: FileHandle, position: number): Promise<Buffer> {
  const length = Math.min(fingerprintLength, position);
  return readUpTo(file, Buffer.alloc(length), position - length, position);
}

function readLine(file: FileHandle, { offset, length }: LinePlace): Promise<Buffer> {
  return readUpTo(file, Buffer.allocUnsafe(length), offset, offset + length);
}

function namesOf(source: { readonly layers: readonly { readonly name: string }[] } | undefined): string[] {
  return source?.layers.map(({ name }) => name) ?? [];
}
