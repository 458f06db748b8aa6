/** Reads a metrics file as it grows: an index of all that counts, the thinned series, and the steps that are new. */

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

/** What a look at the file brought. */
export interface TailChange {
  /** The series is a new one; then there are no `points`. */
  readonly reset: boolean;
  readonly points: readonly StepRecord[];
  /** Something besides steps is different. */
  readonly records: boolean;
}

/** What the lines of a look are so far. */
interface Seen {
  readonly points: StepRecord[];
  rewound: boolean;
  records: boolean;
}

const nothing: TailChange = { reset: false, points: [], records: false };

/** Bytes up to which every new step is parsed, and a file is opened at once. With more, only those are parsed that the series keeps. */
const largestTail = 8 << 20;

/** Bytes before the place read up to that must be the same at the next look, or the file is another one. */
const fingerprintLength = 256;

/** Lines that are no records: with more of them, the file is not read any further. */
const mostSkipped = 1_000_000;

/** Lines read from the file at a time when the series is made. */
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
  /** A look ended in the middle, and some of what it had read went nowhere. */
  private interrupted = false;
  private closed = false;

  constructor(path: string) {
    this.path = path;
  }

  get skipped(): number {
    return this.noRecords + this.lines.skipped + this.index.skipped;
  }

  /**
   * Looks at some of the steps of a long file, which takes a moment where the first `look` takes seconds. Until that one is done,
   * the series is what would come of those steps alone.
   * @returns whether the file is a long one. Of others nothing is read.
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

  /** Reads what was added since the last look, or everything if the file is another one. Not to be called again before it has settled. */
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

  /** Makes a look that is under way end soon. */
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
    // Which layers there are is known from the start record on, and for certain from the first step on.
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
        // A line that only begins like a step's leaves a gap.
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

  /** A trainer that goes on with a run cuts off an incomplete last line, which has not been read; anything else makes it another file. */
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

/** As the trainer writes them. Other orders of keys are right as well, and are parsed. */
const stepPattern = /^\{"kind":"step","attempt":(\d{1,9}),"step":(\d{1,15}),/u;
const longestStart = 64;

/** Attempt and step, if the line begins like a step's. The rest of it is looked at when it is needed. */
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
