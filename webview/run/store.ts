/** The state of a run's page: the host's state, continued by its messages. */

import { appendToCourse, unpackCourse } from '../../src/protocol/course.ts';
import {
  appendPoint,
  pointOfRow,
  rowAt,
  unknownPoint,
  unpackSeries,
  type StepPoint,
} from '../../src/protocol/series.ts';
import type { RunPageState, ToRun } from '../../src/protocol/views/run.ts';
import { merge } from '../ui/knownState.ts';

export class RunPageStore {
  known: RunPageState = {};
  /** The last answer to a question for an exact step. */
  private exact: StepPoint | null = null;

  take(message: ToRun): void {
    if (message.kind === 'state') {
      const { series, course } = message.state;
      this.known = merge(this.known, {
        ...message.state,
        ...(series && { series: unpackSeries(series) }),
        ...(course && { course: unpackCourse(course) }),
      });
      if (series !== undefined) this.exact = null;
    } else if (message.kind === 'record') this.exact = message.point;
    else for (const point of message.points) this.append(point);
  }

  /** The step that is shown, exactly if it is known. Its step is NaN before the first one. */
  get shown(): StepPoint {
    return this.at(this.known.held ?? null);
  }

  /** @param step null for the newest. */
  at(step: number | null): StepPoint {
    const { series, latest } = this.known;
    if (step !== null && this.exact?.step === step) return this.exact;
    if (latest && (step === null || step >= latest.step)) return latest;
    const row = series ? rowAt(series, step) : undefined;
    return series && row !== undefined ? pointOfRow(series, row) : unknownPoint;
  }

  /** Whether `at` has this very step, with all its numbers. */
  isExact(step: number): boolean {
    return this.exact?.step === step || this.known.latest?.step === step;
  }

  get isLive(): boolean {
    const { status } = this.known.run ?? {};
    return status === 'starting' || status === 'running' || status === 'stopping';
  }

  private append(point: StepPoint): void {
    const { series, course, latest } = this.known;
    // A step that is there already was sent twice, for example around a reset.
    if (latest && point.step <= latest.step) return;
    if (series) appendPoint(series, point);
    if (course) appendToCourse(course, point);
    this.known = { ...this.known, latest: point };
  }
}
