/** The command Evaluate Checkpoint, and the panels it opens. */

import * as v from 'valibot';
import { parseEvaluationSubject, type EvaluationSubject } from '../../protocol/views/evaluation.ts';
import { chooseCheckpoint, modelsOf, runOf } from '../data/chooseCheckpoint.ts';
import { chooseData } from '../data/chooseData.ts';
import { titleOf } from '../data/modelNames.ts';
import type { Services } from '../services.ts';
import { SubjectPanels } from '../panels/subjectPanels.ts';
import { requireTrust } from '../trust.ts';
import { readPrinted } from '../engine/printed.ts';
import { runWithProgress } from '../engine/withProgress.ts';
import { EvaluationPanel } from './evaluationPanel.ts';
import { keptEvaluations } from './keptEvaluations.ts';

const title = 'Evaluate Checkpoint';

export type EvaluationPanels = SubjectPanels<EvaluationSubject, EvaluationPanel>;

export function createEvaluationPanels(services: Services): EvaluationPanels {
  return new SubjectPanels<EvaluationSubject, EvaluationPanel>(services, {
    name: 'evaluation',
    parse: parseEvaluationSubject,
    keyOf: ({ model }) => model,
    titleOf: ({ model }) => `Evaluation: ${titleOf(model)}`,
    fill: (panel, subject) => new EvaluationPanel(services, panel, subject),
  });
}

/**
 * Shows the evaluation kept beside a model; a model without one is evaluated first.
 * @param target an ONNX file's Uri, or a checkpoint or run of the Runs view; undefined asks. Its field `data` names the manifest: the model is
 *   then evaluated on it without a question.
 */
export async function evaluateCheckpoint(
  services: Services,
  panels: EvaluationPanels,
  target?: unknown,
  all?: unknown,
): Promise<void> {
  if (!requireTrust(title)) return;
  const question = { title, placeholder: 'Evaluate which model?', run: runOf(target) };
  const [model = await chooseCheckpoint(services, question)] = await modelsOf(target, all);
  if (model === undefined) return;
  const given = dataOf(target);
  if (given === undefined && (await keptEvaluations(model)).length > 0) {
    await panels.show({ model, name: null }).showKept(null);
    return;
  }
  const data = given ?? (await chooseData(services, title, model));
  if (data === undefined) return;
  const args = ['evaluate', model, '--data', data, '--keep', '--latency'];
  const printed = await runWithProgress(services.pinch, `Evaluating ${titleOf(model)}`, args);
  if (printed === undefined) return;
  // Of a Hugging Face checkpoint, the ONNX model that was made of it is measured, and the evaluation is kept beside that.
  const measured = readPrinted(v.object({ modelFile: v.object({ path: v.string() }) }), printed, 'evaluate');
  await panels.show({ model: measured.modelFile.path, name: null }).showKept(null);
}

function dataOf(target: unknown): string | undefined {
  const { data } = (target ?? {}) as { data?: unknown };
  return typeof data === 'string' ? data : undefined;
}
