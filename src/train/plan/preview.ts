/** What a run would do, found out without making it: the start line of its metrics, and the same for people. */

import type { DryRun } from '../../protocol/results/prune.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { DevSet } from '../data/devSet.ts';
import { roomFor, whyNotHere } from './footprint.ts';
import { describeStart, startRecord } from './overview.ts';
import { prepareRun } from '../setup.ts';
import { evaluationSecondsOf, timeLeftOf } from './timeModel.ts';

/**
 * Does all that comes before the first step but load the training graph into onnxruntime. Nothing is written, except that the lengths of many
 * recordings are kept.
 * @param onPhase is called with a few words when another part of the work begins, and with how much of it is done.
 * @param place.folder where the run would be, which need not be there yet.
 * @param place.wholeTable whether the text has a line for each gated layer, and not for each kind of them.
 * @param place.evaluateOn manifests of which the time is wanted that evaluating on them takes.
 * @throws Error in one sentence as the run itself would.
 */
export async function previewRun(
  settings: RunSettings,
  onPhase: (label: string, done?: number, total?: number) => void,
  {
    folder = '.',
    wholeTable = false,
    evaluateOn = [],
  }: {
    readonly folder?: string | undefined;
    readonly wholeTable?: boolean | undefined;
    readonly evaluateOn?: readonly string[];
  } = {},
): Promise<DryRun> {
  onPhase('Reading the model and the speech');
  const onMeasured = (done: number, total: number): void => onPhase('Recordings measured', done, total);
  const setup = await prepareRun(settings, undefined, onMeasured);
  try {
    const dev = settings.dev === null ? undefined : await DevSet.open(settings.dev, settings.text, setup, onMeasured);
    onPhase('Building the training graph');
    const cost = setup.cost();
    const { firstGuess } = timeLeftOf(setup, settings, cost, dev);
    const start = startRecord(setup, settings, cost, firstGuess, dev?.memoryBytes);
    const text = describeStart(start, setup, settings, wholeTable);
    // Said and not thrown: the run may be for another machine.
    const problem = whyNotHere(start, await roomFor(folder)) ?? null;
    const whole = { settings, start, text: problem === null ? text : `${text}\n${problem}`, problem };
    if (evaluateOn.length === 0) return whole;
    const evaluationSeconds: number[] = [];
    for (const manifest of evaluateOn) {
      evaluationSeconds.push(evaluationSecondsOf(setup, cost, await DevSet.open(manifest, settings.text, setup)));
    }
    return { ...whole, evaluationSeconds };
  } finally {
    await Promise.all([setup.loader.close(), setup.features?.close()]);
  }
}
