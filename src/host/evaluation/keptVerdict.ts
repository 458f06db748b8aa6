/** Whether a model's error rate differs significantly from another's, by evaluations that are kept beside both: nothing is recognised again. */

import { join } from 'node:path';
import { align } from '../../metrics/alignment.ts';
import { firstDifference, verdictBy } from '../../metrics/compare.ts';
import { mapsswe } from '../../metrics/mapsswe.ts';
import { splitUnits } from '../../metrics/score.ts';
import type { Comparison } from '../../protocol/results/comparison.ts';
import { readTexts } from './hypotheses.ts';
import { mapInSlices } from './inSlices.ts';
import { keptEvaluations, type EvaluationFile } from './keptEvaluations.ts';

/** Two models' newest evaluations on the same speech. */
export interface EvaluationPair {
  readonly tested: EvaluationFile;
  readonly against: EvaluationFile;
}

/**
 * The newest evaluation of the tested model on speech that the other was evaluated on, too. One that was made before the model's file changed
 * says nothing of the model.
 * @param tested, against kept evaluations, the newest first.
 */
export function pairOf(
  tested: readonly EvaluationFile[],
  against: readonly EvaluationFile[],
): EvaluationPair | undefined {
  const valid = against.filter(({ modelChanged }) => !modelChanged);
  for (const own of tested) {
    if (own.modelChanged) continue;
    const other = valid.find((one) => isSameSpeech(one, own));
    if (other) return { tested: own, against: other };
  }
  return undefined;
}

/** By its content, where both evaluations have kept a checksum of it. */
function isSameSpeech({ numbers: one }: EvaluationFile, { numbers: other }: EvaluationFile): boolean {
  if ((one.unit ?? 'word') !== (other.unit ?? 'word')) return false;
  return one.dataSha256 !== undefined && other.dataSha256 !== undefined
    ? one.dataSha256 === other.dataSha256
    : one.data === other.data;
}

/** The verdict on the tested model by MAPSSWE, computed in slices so that the editor stays responsive. */
export async function verdictOn({ tested, against }: EvaluationPair): Promise<Pick<Comparison, 'verdict' | 'reason'>> {
  const { unit } = tested.numbers;
  const texts = ({ folder }: EvaluationFile) => readTexts(join(folder, 'hypotheses.jsonl'));
  const [own, others] = [await texts(tested), await texts(against)];
  const difference = firstDifference(own, others);
  if (difference !== undefined) return { verdict: 'undecided', reason: difference };
  const heard = new Map(others.map(({ id, hypothesis }) => [id, hypothesis]));
  const pairs = await mapInSlices(own, ({ id, reference, hypothesis }) => {
    const spoken = splitUnits(reference, unit);
    return {
      first: align(spoken, splitUnits(hypothesis, unit)),
      second: align(spoken, splitUnits(heard.get(id) ?? '', unit)),
    };
  });
  return verdictBy(mapsswe(pairs));
}

/** Verdicts that were computed, so that a page that is shown again does not compute them again. */
export class KeptVerdicts {
  private readonly known = new Map<string, Promise<Pick<Comparison, 'verdict' | 'reason'>>>();

  /**
   * @param tested, against ONNX files.
   * @returns undefined where the two were not evaluated on the same speech.
   */
  async of(
    tested: string,
    against: string,
  ): Promise<(EvaluationPair & Pick<Comparison, 'verdict' | 'reason'>) | undefined> {
    const pair = pairOf(await keptEvaluations(tested), await keptEvaluations(against));
    if (!pair) return undefined;
    const identity = ({ folder, numbers }: EvaluationFile): readonly unknown[] => [folder, numbers.time];
    const key = JSON.stringify([...identity(pair.tested), ...identity(pair.against)]);
    const verdict = this.known.get(key) ?? verdictOn(pair).catch(asUndecided);
    this.known.set(key, verdict);
    return { ...pair, ...(await verdict) };
  }
}

/** Evaluations of earlier versions have kept no texts. */
function asUndecided(error: unknown): Pick<Comparison, 'verdict' | 'reason'> {
  return { verdict: 'undecided', reason: error instanceof Error ? error.message : String(error) };
}
