/** A run that goes on pruning a checkpoint: the arguments of Prune Model that follow from the checkpoint's run. */

import type { CheckpointRecord } from '../../protocol/records.ts';
import { settingsOf, type RunSettings } from '../../protocol/settings.ts';
import type { RunSnapshot } from '../../runs/followRun.ts';
import type { PruneArguments } from '../prune/arguments.ts';

/**
 * The checkpoint's run with another target, to be confirmed. Its settings stay, as far as this version understands them.
 * @param model the checkpoint's ONNX file.
 * @param sparsity of the weights that were gated in the model that the run began from, removed ones included.
 * @throws Error if the checkpoint is as sparse already.
 */
export function furtherRun(
  { run, start, shrinks }: Pick<RunSnapshot, 'run' | 'start' | 'shrinks'>,
  checkpoint: Pick<CheckpointRecord, 'step' | 'sparsity'>,
  model: string,
  sparsity: number,
): PruneArguments {
  if (sparsity <= checkpoint.sparsity)
    throw new Error('The checkpoint is as sparse already; choose a higher sparsity.');
  const settings = known(run);
  const { train, dev } = run.settings;
  return {
    model,
    ...(typeof train === 'string' && { train }),
    ...(typeof dev === 'string' && { dev }),
    target: targetOf(sparsity, start?.gatedParameters, remaining(shrinks, checkpoint.step)),
    ...(settings && choicesOf(settings)),
    confirm: true,
  };
}

function choicesOf(settings: RunSettings): Partial<PruneArguments> {
  const { model: _model, train: _train, dev: _dev, method, granularity, device, sparsity: own, ...others } = settings;
  const { target: _target, ...sparsity } = own;
  return {
    method: method === 'none' ? 'self-pinching' : method,
    granularity,
    device,
    settings: { ...others, sparsity },
  };
}

/** Undefined for a run of a newer version. */
function known(run: RunSnapshot['run']): RunSettings | undefined {
  try {
    return settingsOf(run);
  } catch {
    return undefined;
  }
}

function remaining(shrinks: RunSnapshot['shrinks'], step: number): number | undefined {
  return shrinks.findLast((shrink) => shrink.step <= step)?.gatedParameters;
}

/** A new run counts the weights that the checkpoint still has. What was removed with units and heads is not among them. */
function targetOf(sparsity: number, gated: number | undefined, left: number | undefined): number {
  if (gated === undefined || left === undefined || left === 0) return sparsity;
  return Number(Math.max(0, 1 - ((1 - sparsity) * gated) / left).toFixed(6));
}
