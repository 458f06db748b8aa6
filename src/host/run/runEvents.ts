/** What happened in a run besides its steps, in words and in order: evaluations, checkpoints, removals, alerts, rewinds, resumes and its end. */

import { byteSize, counted, duration, percent, shortCount } from '../../base/format.ts';
import { errorRateName } from '../../protocol/errorRate.ts';
import type { RunEvent } from '../../protocol/views/run.ts';
import { curveOf, type Course } from '../../protocol/course.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';

/** Events on the page: the newest. Charts have room for fewer. */
const mostEvents = 2000;

/** A rest is named if the run made no step for this many seconds, and for this many times as long as a step usually takes. */
const restSeconds = 60;
const restSteps = 20;

export function runEvents(snapshot: RunSnapshot, course: Course): RunEvent[] {
  const { evaluations, checkpoints, alerts, shrinks, rewinds, end } = snapshot;
  const events: RunEvent[] = [
    ...evaluations.map(({ step, wer, unit, sparsity }): RunEvent => {
      const text = sentence(`${errorRateName(unit)} ${percent(wer)} at ${percent(sparsity)} sparsity`);
      return { kind: 'evaluation', step, text };
    }),
    ...checkpoints.map(({ step, sparsity, bytes }): RunEvent => {
      return { kind: 'checkpoint', step, text: `Checkpoint, ${percent(sparsity)} sparse, ${byteSize(bytes)}.` };
    }),
    ...shrinks.map(({ step, groups, parameters }): RunEvent => {
      const what = `${counted(groups, 'dead unit or head', 'dead units and heads')} left the model`;
      return { kind: 'removal', step, text: `${what}; ${shortCount(parameters)} parameters remain.` };
    }),
    ...alerts.map(({ step, message }): RunEvent => ({ kind: 'alert', step, text: sentence(message) })),
    ...rewinds.map(({ step, cause, learningRateScale }): RunEvent => {
      if (cause === 'resume') return { kind: 'resume', step, text: 'Resumed from here.' };
      const scale = learningRateScale === 1 ? '' : `, with ${percent(learningRateScale, 0)} of the learning rates`;
      return { kind: 'rewind', step, text: `Went back to here${scale}.` };
    }),
    ...rests(course),
    ...(end ? [{ kind: 'end', step: end.step, text: endText(end) } as const] : []),
  ];
  return events.sort((a, b) => a.step - b.step).slice(-mostEvents);
}

function endText({ status, message }: { readonly status: string; readonly message: string | null }): string {
  const words: Readonly<Record<string, string>> = { done: 'The run is done', failed: 'The run failed' };
  return message === null
    ? `${words[status] ?? 'The run was stopped'}.`
    : sentence(`${words[status] ?? 'The run was stopped'}: ${message}`);
}

/** Long gaps between two rows of the course: the machine slept, or the run was stopped and resumed later. */
function rests(course: Course): RunEvent[] {
  const { steps, times, count } = course;
  const { mean } = curveOf(course, 'secondsPerStep');
  const found: RunEvent[] = [];
  for (let row = 1; row < count; row++) {
    const passed = ((times[row] ?? NaN) - (times[row - 1] ?? NaN)) / 1000;
    const worked = (mean[row] ?? NaN) * ((steps[row] ?? NaN) - (steps[row - 1] ?? NaN));
    const rest = passed - worked;
    const usual = (mean[row] ?? NaN) * restSteps;
    if (rest < restSeconds || !(rest > usual)) continue;
    found.push({ kind: 'rest', step: steps[row - 1] ?? 0, text: `Rested for ${duration(rest)} between two steps.` });
  }
  return found;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/u.test(first) ? first : `${first}.`;
}
