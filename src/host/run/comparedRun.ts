/** A run as the page that compares runs gets it. */

import { basename } from 'node:path';
import { curveOf, packCourse } from '../../protocol/course.ts';
import { packSeries } from '../../protocol/series.ts';
import type { ComparedRun, RunEnd } from '../../protocol/views/comparison.ts';
import type { RunFollower, RunSnapshot } from '../../runs/followRun.ts';
import { keptEvaluations } from '../evaluation/keptEvaluations.ts';
import type { KeptVerdicts } from '../evaluation/keptVerdict.ts';
import { heatmapLayers, heatmapRun } from '../heatmap/heatmapState.ts';
import { checkpointPath, endCheckpoint } from './endCheckpoint.ts';
import { settingsTable } from './runAbout.ts';

type Read = Pick<RunFollower, 'folder' | 'snapshot' | 'series' | 'course'>;

/** @param first the run that it is compared with; undefined for that run itself. @param rows of its layers' history at most; all if undefined. */
export async function comparedRun(
  follower: Read,
  verdicts: KeptVerdicts,
  first?: Pick<Read, 'folder' | 'snapshot'>,
  rows?: number,
): Promise<ComparedRun> {
  const { folder, snapshot, series, course } = follower;
  const { status, step, steps } = heatmapRun(snapshot, false);
  return {
    ...{ folder, name: basename(folder), status, step, steps },
    made: madeFrom(snapshot),
    stepsPerEpoch: snapshot.start?.stepsPerEpoch ?? null,
    course: packCourse(course),
    layers: heatmapLayers(snapshot, series.layers),
    series: packSeries(series, rows),
    evaluations: snapshot.evaluations.map(({ step: at, wer, sparsity }) => ({ step: at, wer, sparsity })),
    end: await endOf(follower, verdicts, first),
  };
}

function madeFrom({ run, start }: RunSnapshot): (readonly [string, string])[] {
  const path = (key: string): readonly [string, string] => {
    const given = run.settings[key];
    return [key, typeof given === 'string' ? given : '–'];
  };
  const sum = (key: 'model' | 'train' | 'dev'): readonly [string, string] => [
    `${key} checksum`,
    (run.checksums[key] ?? '–').slice(0, 12),
  ];
  return [
    ...(['model', 'train', 'dev'] as const).flatMap((key) => [path(key), sum(key)]),
    ...settingsTable(run).map(({ name, value }): readonly [string, string] => [name, value]),
    ['Pinch', run.pinch],
    ['onnxruntime', run.onnxruntime],
    ['device', start?.device ?? '–'],
  ];
}

async function endOf(
  { folder, snapshot, course }: Read,
  verdicts: KeptVerdicts,
  first: Pick<Read, 'folder' | 'snapshot'> | undefined,
): Promise<RunEnd> {
  const { evaluations } = snapshot;
  const checkpoint = endCheckpoint(snapshot);
  const model = checkpoint && checkpointPath(folder, checkpoint);
  const other = first && endCheckpoint(first.snapshot);
  const judged =
    model !== undefined && first && other ? await verdicts.of(model, checkpointPath(first.folder, other)) : undefined;
  const kept =
    judged?.tested ??
    (model === undefined ? undefined : (await keptEvaluations(model)).find(({ modelChanged }) => !modelChanged));
  const rate = evaluations.findLast(({ step }) => step === checkpoint?.step) ?? evaluations.at(-1);
  const { mean } = curveOf(course, 'secondsPerStep');
  let seconds = 0;
  for (let row = 0; row < course.count; row++)
    seconds += (mean[row] ?? 0) * Math.min(course.span, course.total - row * course.span);
  return {
    wer: rate?.wer ?? null,
    testWer: kept?.numbers.wer ?? null,
    testData: kept?.numbers.data ?? null,
    verdict: judged?.verdict ?? null,
    verdictReason: judged?.reason ?? null,
    latency: kept?.numbers.latency.median ?? null,
    sparsity: checkpoint?.sparsity ?? null,
    nonZeroParameters: checkpoint?.nonZeroParameters ?? null,
    parameters: checkpoint?.parameters ?? null,
    bytes: checkpoint?.bytes ?? null,
    seconds: course.total > 0 ? seconds : null,
    checkpoint: checkpoint?.step ?? null,
  };
}
