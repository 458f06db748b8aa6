/** `pinch prune --target-size` and `--target-latency`: what the model may cost, turned into settings before training. */

import { percent } from '../base/format.ts';
import { describeBudget, sparsityFor } from '../measure/cost/budget.ts';
import { measureCostTable } from '../measure/cost/costTable.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { UsageError } from './output.ts';
import { endProgress, showProgress } from './progress.ts';
import type { CostTarget } from '../protocol/costTarget.ts';

export interface BudgetFlags {
  readonly targetSize?: CostTarget;
  readonly targetLatency?: CostTarget;
  readonly targetSparsity?: number;
  readonly granularity?: string;
}

/** Beyond this sparsity, weights of 8 bits cost less accuracy than more zeros (ours). */
const sparseEnough = 0.65;

/** A smaller sparsity is not worth a training. */
const worthwhile = 0.01;

/**
 * The settings with the sparsity and the granularity that meet the targets: single weights for a size, units and heads for a latency. A size
 * that float32 weights reach only with many zeros is one of 8-bit weights.
 * @throws UsageError if other flags contradict, or nothing that Pinch can do is enough.
 */
export async function withBudget(settings: RunSettings, flags: BudgetFlags): Promise<RunSettings> {
  const { targetSize: size, targetLatency: time } = flags;
  if (!size && !time) return settings;
  if (flags.targetSparsity !== undefined) {
    throw new UsageError('Leave out --target-sparsity: it follows from --target-size and --target-latency.');
  }
  if (settings.method !== 'self-pinching') {
    throw new UsageError('--target-size and --target-latency need --method self-pinching.');
  }
  const granularity = time ? 'neuron' : (flags.granularity ?? 'weight');
  if (granularity === 'neuron+weight' || (flags.granularity !== undefined && flags.granularity !== granularity)) {
    throw new UsageError(
      `Leave out --granularity ${flags.granularity ?? ''}: ${time ? 'only "neuron" makes a model faster' : 'what is lost of both kinds together cannot be foretold'}.`,
    );
  }
  const own: RunSettings = { ...settings, granularity: granularity === 'neuron' ? 'neuron' : 'weight' };
  const tableOf = (int8: boolean, latency: boolean) =>
    measureCostTable(own.model, own, {
      int8,
      latency,
      onProgress: (done, total) => showProgress({ label: 'Costs measured on this model', done, total }),
    }).finally(endProgress);
  const whole = await tableOf(false, time !== undefined);
  const bytes = !size ? null : 'amount' in size ? size.amount : size.ratio * whole.denseBytes;
  const latency = !time ? null : 'ratio' in time ? time.ratio : time.amount / (whole.denseLatency ?? NaN);
  const budget = { bytes, latency };
  let [int8, rows] = [false, whole.rows];
  let sparsity = sparsityFor(budget, rows);
  if (size && (sparsity === undefined || sparsity > sparseEnough)) {
    // The latency stays that of float32 weights, which the run's checkpoints have.
    const { rows: small } = await tableOf(true, false);
    [int8, rows] = [true, small.map((row, at) => ({ ...row, latency: whole.rows[at]?.latency ?? null }))];
    sparsity = sparsityFor(budget, rows);
  }
  const last = rows.at(-1);
  if (sparsity === undefined || !last) {
    const least = { bytes: size ? (last?.bytes ?? null) : null, latency: last?.latency ?? null };
    throw new UsageError(
      `This model cannot have ${describeBudget(budget)}: with ${percent(last?.sparsity ?? 0)} of its gated weights gone it has ${describeBudget(least)}.`,
    );
  }
  if (sparsity < worthwhile) {
    const [first] = rows;
    const now = { bytes: size ? (first?.bytes ?? null) : null, latency: time ? (first?.latency ?? 1) : null };
    throw new UsageError(
      `Nothing needs to be pruned for ${describeBudget(budget)}: this model has ${describeBudget(now)}${int8 ? ' after pinch export --int8' : ''}.`,
    );
  }
  // Rounded up, so that the promise is kept.
  const target = Math.ceil(1000 * sparsity) / 1000;
  process.stderr.write(
    `For ${describeBudget(budget)}: --granularity ${own.granularity} --target-sparsity ${target}${int8 ? ', and export --int8 afterwards' : ''}.\n`,
  );
  return { ...own, sparsity: { ...own.sparsity, target }, budget: { ...budget, int8 } };
}
