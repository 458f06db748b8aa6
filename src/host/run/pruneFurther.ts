/** The command Prune Further to…: asks for a sparsity, and shows the plan of a run from a checkpoint to it. */

import { commands, InputBoxValidationSeverity, window } from 'vscode';
import { percent } from '../../base/format.ts';
import { factorFor, type SparsityCurve } from '../../protocol/results/sparsityCurve.ts';
import { keptSparsityCurve } from '../../runs/sparsityCurve.ts';
import { chooseCheckpoint, modelsOf } from '../data/chooseCheckpoint.ts';
import { checkpointOf, titleOf } from '../data/modelNames.ts';
import { asPercent, parsePercent } from '../prune/percentage.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { furtherRun } from './furtherRun.ts';

const title = 'Prune Further to…';
/** Sparsities that are proposed, the lowest above the checkpoint's own. */
const proposed = [0.5, 0.65, 0.75, 0.85, 0.92, 0.95, 0.98];

/**
 * @param target a checkpoint of the Runs view, and the sparsity to propose if one was picked; undefined asks for a checkpoint.
 * @throws Error if it is no checkpoint of a run.
 */
export async function pruneFurther(services: Services, target?: unknown): Promise<void> {
  if (!requireTrust('Prune Further')) return;
  const [given] = await modelsOf(target, undefined);
  const model = given ?? (await chooseCheckpoint(services, { title, placeholder: 'Prune which checkpoint further?' }));
  if (model === undefined) return;
  const place = checkpointOf(model);
  if (!place) throw new Error(`${titleOf(model)} is no checkpoint of a run. Prune Model prunes it.`);
  const run = await services.runs.follow(place.run);
  try {
    // Of a long run little is known before it was read.
    await run.follower.refresh();
    const { snapshot } = run.follower;
    const checkpoint = snapshot.checkpoints.find(({ step }) => step === place.step);
    if (!checkpoint) throw new Error(`${titleOf(model)} is not among the checkpoints of its run.`);
    const picked = (target as { readonly sparsity?: unknown } | undefined)?.sparsity;
    const curve = await keptSparsityCurve(model);
    const sparsity = await ask(
      titleOf(model),
      checkpoint.sparsity,
      typeof picked === 'number' ? picked : undefined,
      curve,
    );
    if (sparsity === undefined) return;
    await commands.executeCommand('pinch.pruneModel', furtherRun(snapshot, checkpoint, model, sparsity));
  } finally {
    run.close();
  }
}

async function ask(
  name: string,
  now: number,
  picked: number | undefined,
  curve: SparsityCurve | undefined,
): Promise<number | undefined> {
  const first = picked ?? proposed.find((each) => each > now + 0.01) ?? (1 + now) / 2;
  const typed = await window.showInputBox({
    title,
    prompt: `Percent of the gated weights that are to be zero. ${name} has ${percent(now)}.`,
    value: String(asPercent(Number(first.toFixed(3)))),
    ignoreFocusOut: true,
    validateInput: (text) => answerTo(text, now, curve),
  });
  return typed === undefined ? undefined : parsePercent(typed);
}

/** What is wrong with what was typed, or what it means for the thresholds. */
function answerTo(text: string, now: number, curve: SparsityCurve | undefined) {
  const sparsity = parsePercent(text);
  if (sparsity === undefined || sparsity <= now)
    return `Type a number above ${percent(now)} and below 100, such as 80.`;
  const factor = curve && factorFor(curve, sparsity);
  if (factor === undefined) return undefined;
  const message = `All thresholds of the checkpoint times ${factor.toFixed(2)} would be there.`;
  return { message, severity: InputBoxValidationSeverity.Info };
}
