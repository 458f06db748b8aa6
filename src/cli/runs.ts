/** `pinch runs` lists the runs of a folder as the editor does, and `pinch export-metrics` writes a run's numbers for other programs. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { percent } from '../base/format.ts';
import { textTable } from '../base/textTable.ts';
import { describeRun, statusOf, type RunStatus } from '../runs/describe.ts';
import { findRuns, type FoundRun } from '../runs/findRuns.ts';
import { findStudyFolders } from '../runs/findStudyFolders.ts';
import { studyName } from '../runs/studyFolder.ts';
import { readLabel } from '../runs/label.ts';
import { lastRecords } from '../runs/lastRecords.ts';
import { runPaths } from '../runs/paths.ts';
import { liveness, readRun, readState } from '../runs/state.ts';
import { exportMetrics } from '../runs/tensorboard/exportMetrics.ts';
import { exitCodes, printResult, UsageError } from './output.ts';

export interface RunsFlags {
  readonly json?: boolean;
}

interface ListedRun {
  readonly run: string;
  /** The folder of the study that trained it; null for a run of its own. */
  readonly study: string | null;
  /** What people call it, and the note that they wrote on it. */
  readonly name: string;
  readonly note: string;
  readonly archived: boolean;
  readonly status: RunStatus;
  readonly message: string | null;
  readonly created: string;
  readonly model: string | null;
  readonly step: number;
  readonly steps: number;
  /** Of the last checkpoint, over the gated weights; null without one. */
  readonly sparsity: number | null;
  /** Of the last evaluation on the development data. */
  readonly wer: number | null;
  readonly best: { readonly step: number; readonly wer: number; readonly checkpoint: string } | null;
  readonly checkpoint: string | null;
}

/** @param folder whose runs are listed, newest first. */
export async function runs(folder: string, { json = false }: RunsFlags): Promise<number> {
  const listed: { readonly run: ListedRun; readonly text: string }[] = [];
  const where = resolve(folder);
  if (!existsSync(where)) throw new UsageError(`${where}: there is no such folder.`);
  for (const run of await findRuns(where, await findStudyFolders(where))) listed.push(await list(run));
  const rows = listed.map(({ run, text }) => [
    run.study === null ? run.name : `${studyName(run.study)}: ${run.name}`,
    run.archived ? `archived, ${text}` : text,
    run.sparsity === null ? '-' : percent(run.sparsity),
    run.wer === null ? '-' : percent(run.wer),
    run.model ?? '-',
    run.note,
  ]);
  const text =
    rows.length === 0
      ? `There are no runs in ${join(where, '.pinch/runs')}, and no studies below ${where}.\n`
      : textTable([['run', 'state', 'sparsity', 'dev WER', 'model', 'note'], ...rows], [1, 4, 5]);
  printResult(json, { runs: listed.map(({ run }) => run) }, text);
  return exitCodes.done;
}

async function list({ folder, study }: FoundRun): Promise<{ run: ListedRun; text: string }> {
  const { created, settings } = await readRun(folder);
  const state = await readState(folder).catch(() => undefined);
  const described = { state, life: await liveness(state, created) };
  const records = await lastRecords(runPaths(folder).metrics);
  const checkpoint = records.findLast((record) => record.kind === 'checkpoint');
  const evaluation = records.findLast((record) => record.kind === 'evaluation');
  const best = records.findLast((record) => record.kind === 'end')?.best ?? null;
  const { name, note, archived } = await readLabel(folder);
  const run: ListedRun = {
    run: folder,
    study,
    name: name === '' ? basename(folder) : name,
    note,
    archived,
    status: statusOf(described),
    message: state?.message ?? null,
    created,
    model: typeof settings['model'] === 'string' ? settings['model'] : null,
    step: state?.step ?? 0,
    steps: state?.steps ?? 0,
    sparsity: checkpoint?.sparsity ?? null,
    wer: evaluation?.wer ?? null,
    best: best && { step: best.step, wer: best.wer, checkpoint: join(folder, best.path) },
    checkpoint: checkpoint ? join(folder, checkpoint.path) : null,
  };
  return { run, text: describeRun(described) };
}

export interface ExportMetricsFlags extends RunsFlags {
  readonly tensorboard?: string;
}

export async function exportMetricsCommand(
  run: string,
  { tensorboard, json = false }: ExportMetricsFlags,
): Promise<number> {
  if (tensorboard === undefined) throw new UsageError('Say where the metrics go: --tensorboard and a folder.');
  const exported = await exportMetrics(resolve(run), resolve(tensorboard));
  const text = `${exported.steps} steps and ${exported.evaluations} evaluations in ${exported.file}.\nSee them with: tensorboard --logdir ${tensorboard}\n`;
  printResult(json, exported, text);
  return exitCodes.done;
}
