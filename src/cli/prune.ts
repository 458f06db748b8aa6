/** `pinch prune` and `pinch resume`: create or find a run folder, train in a process of its own, and report the result. */

import { percent } from '../base/format.ts';
import { shellQuoted } from '../base/shellQuoted.ts';
import { describeBudget } from '../measure/cost/budget.ts';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { is } from 'valibot';
import { errorRateName, type ScoringUnit } from '../protocol/errorRate.ts';
import { budget as budgetSetting, newHeadSettings, type RunSettings } from '../protocol/settings.ts';
import { effectiveRecords, type MetricsRecord } from '../protocol/records.ts';
import { runPaths } from '../runs/paths.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';
import { readRun, readState } from '../runs/state.ts';
import { describeRun } from '../runfolder/inputs.ts';
import { detachTrainer, startTrainer } from '../train/start/process.ts';
import { createRunFolder } from '../runfolder/runFolder.ts';
import { previewRun } from '../train/plan/preview.ts';
import { textTable } from '../base/textTable.ts';
import { withBudget, type BudgetFlags } from './budget.ts';
import { trainableModel } from './modelPath.ts';
import { exitCodes, printResult } from './output.ts';
import { endProgress, showProgress } from './progress.ts';
import { runSettings, type PruneFlags } from './runSettings.ts';

interface RunResult {
  readonly run: string;
  readonly status: 'done' | 'failed' | 'stopped';
  readonly message: string | null;
  readonly steps: number;
  /** Path of the last checkpoint; null if there is none. */
  readonly checkpoint: string | null;
  readonly sparsity: number | null;
  readonly sparsityOfAll: number | null;
  readonly parameters: number | null;
  readonly nonZeroParameters: number | null;
  /** What `wer` counts; words if absent. */
  readonly unit?: ScoringUnit | undefined;
  /** Error rate of the last evaluation during the run. */
  readonly wer: number | null;
  readonly best: { readonly step: number; readonly wer: number; readonly checkpoint: string } | null;
  /** What the model was to cost; null if nothing was asked for. */
  readonly budget: RunSettings['budget'] | null;
  /** Seconds spent in training steps. */
  readonly seconds: number;
}

export interface PruneCommandFlags extends PruneFlags, BudgetFlags {
  readonly vocab?: string;
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly table?: boolean;
  readonly detach?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

export async function prune(flags: PruneCommandFlags): Promise<number> {
  const given = await runSettings(flags);
  const { path, newHead } = await trainableModel(given, flags.vocab);
  const complete = { ...(newHead ? await runSettings(flags, newHeadSettings) : given), model: path };
  const settings = await withBudget(complete, flags);
  if (flags.dryRun) {
    const onPhase = (label: string, done = 0, total = 0): void => showProgress({ label, done, total });
    const preview = await previewRun(settings, onPhase, { folder: flags.run, wholeTable: flags.table });
    endProgress();
    printResult(flags.json ?? false, preview, `${preview.text}\n`);
    return exitCodes.done;
  }
  const { folder } = await createRunFolder(await describeRun(settings), settings.model, flags.run);
  process.stderr.write(`Run folder: ${folder}\n`);
  if (flags.detach) return detach(folder, flags);
  const code = await trainIn(folder, flags);
  // A run without its first record holds nothing, and its error has been printed: the folder is deleted.
  if (code === exitCodes.failed && (await readRecords(runPaths(folder).metrics)).length === 0) {
    await rm(folder, { recursive: true, force: true });
  }
  return code;
}

export type ResumeFlags = Pick<PruneCommandFlags, 'table' | 'detach' | 'wait' | 'json'>;

export async function resume(folder: string, flags: ResumeFlags): Promise<number> {
  await readRun(folder);
  return flags.detach ? detach(resolve(folder), flags) : trainIn(folder, flags);
}

/** Keeps the folder in any case: it holds the error message for those who look for the run later. */
async function detach(folder: string, { json = false, table = false, wait = true }: ResumeFlags): Promise<number> {
  const interrupted = new AbortController();
  // The trainer goes on: --detach was requested.
  const interrupt = (): void => interrupted.abort();
  const onPhase = (label: string): void =>
    showProgress({ label: label.charAt(0).toUpperCase() + label.slice(1), done: 0, total: 0 });
  process.once('SIGINT', interrupt);
  try {
    const untilTrains = wait ? { untilTrains: { signal: interrupted.signal, onPhase } } : {};
    const { pid, said } = await detachTrainer(folder, { table, ...untilTrains });
    endProgress();
    process.stderr.write(said);
    printResult(json, { run: folder, pid }, `Process ${pid} trains in ${folder}.\n`);
    return exitCodes.done;
  } finally {
    endProgress();
    process.off('SIGINT', interrupt);
  }
}

async function trainIn(folder: string, { json = false, table = false }: ResumeFlags): Promise<number> {
  const trainer = startTrainer(folder, { table });
  let interrupts = 0;
  const interrupt = (): void => {
    interrupts += 1;
    if (interrupts > 1) {
      trainer.kill();
      process.exit(exitCodes.interrupted);
    }
    process.stderr.write('\nStopping after this step; press Ctrl-C again to end at once.\n');
    trainer.stop();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const { code, signal } = await trainer.ended;
  for (const signal of signals) process.off(signal, interrupt);

  const crashed = code === null || ![0, 1, 130].includes(code);
  if (crashed) {
    const how = signal ?? `exit code ${code ?? 0}`;
    process.stderr.write(
      `The trainer ended unexpectedly (${how}). See ${join(folder, 'trainer.log')}; resume from the last checkpoint with: pinch resume ${shellQuoted(folder)}\n`,
    );
  }
  const result = await describeResult(
    folder,
    crashed ? `the trainer ended unexpectedly (${signal ?? code ?? ''})` : null,
  );
  printResult(json, result, resultTable(result));
  return crashed ? exitCodes.failed : code;
}

async function describeResult(folder: string, crash: string | null): Promise<RunResult> {
  const records = effectiveRecords(await readRecords(runPaths(folder).metrics));
  const last = <K extends MetricsRecord['kind']>(kind: K) =>
    records.findLast((record): record is Extract<MetricsRecord, { kind: K }> => record.kind === kind);
  const state = await readState(folder);
  const end = last('end');
  const checkpoint = last('checkpoint');
  const failed = { status: 'failed' as const, message: crash ?? state?.message ?? null, best: null };
  const { status, message, best } = crash === null ? (end ?? failed) : failed;
  const seconds = records.reduce((sum, record) => sum + (record.kind === 'step' ? record.secondsPerStep : 0), 0);
  return {
    run: folder,
    status,
    message,
    steps: last('step')?.step ?? 0,
    checkpoint: checkpoint ? join(folder, checkpoint.path) : null,
    sparsity: checkpoint?.sparsity ?? null,
    sparsityOfAll: checkpoint?.sparsityOfAll ?? null,
    parameters: checkpoint?.parameters ?? null,
    nonZeroParameters: checkpoint?.nonZeroParameters ?? null,
    unit: last('evaluation')?.unit,
    wer: last('evaluation')?.wer ?? null,
    best: best && { step: best.step, wer: best.wer, checkpoint: join(folder, best.path) },
    budget: budgetOf((await readRun(folder)).settings['budget']),
    seconds,
  };
}

/** @param value of a run.json, whose earlier form had none */
function budgetOf(value: unknown): RunSettings['budget'] | null {
  const budget = is(budgetSetting, value) ? value : undefined;
  return budget && (budget.bytes !== null || budget.latency !== null) ? budget : null;
}

function resultTable({ checkpoint, steps, sparsity, sparsityOfAll, unit, wer, best, run, budget }: RunResult): string {
  if (checkpoint === null) return '';
  const share = (value: number | null): string => (value === null ? '-' : percent(value, 2));
  return textTable(
    [
      ['run', run],
      ['last checkpoint', checkpoint],
      ['steps', String(steps)],
      ['sparsity of the gated weights', share(sparsity)],
      ['sparsity of all parameters', share(sparsityOfAll)],
      ...(wer === null ? [] : [[`${errorRateName(unit)}, development set`, share(wer)]]),
      ...(budget === null
        ? []
        : [['asked for', `${describeBudget(budget)}; see what came out with: ${howToMeasure(budget, checkpoint)}`]]),
      ...(best === null ? [] : [['best checkpoint at this sparsity', `${best.checkpoint} (${percent(best.wer, 2)})`]]),
    ],
    [1],
  );
}

/** Sizes with weights of 8 bits are those of the export. */
function howToMeasure({ int8, latency }: RunSettings['budget'], checkpoint: string): string {
  if (int8) return `pinch export --int8 ${shellQuoted(checkpoint)}`;
  return `pinch inspect${latency === null ? '' : ' --latency'} ${shellQuoted(checkpoint)}`;
}
