/** The editor panel of a run: its curves, its layers over time, what it is and what came out. */

import { basename, dirname, join } from 'node:path';
import { commands, env, Uri, window, workspace, type Disposable, type WebviewPanel } from 'vscode';
import type { LayerSubject } from '../../protocol/views/layer.ts';
import {
  parseFromRun,
  parseRunSubject,
  type FromRun,
  type RunCommand,
  type RunPageState,
  type RunSubject,
  type ToRun,
} from '../../protocol/views/run.ts';
import { firstRows, type StepPoint } from '../../protocol/series.ts';
import type { RunChange, RunFollower } from '../../runs/followRun.ts';
import { KeptVerdicts } from '../evaluation/keptVerdict.ts';
import { saveChart } from '../panels/saveChart.ts';
import { StepsToPage } from '../panels/stepsToPage.ts';
import { SubjectPanels, type PanelContent } from '../panels/subjectPanels.ts';
import { checkpointModel, type FollowedRun } from '../runs/runStore.ts';
import type { Services } from '../services.ts';
import { readPrinted } from '../engine/printed.ts';
import { sparsityCurve, type SparsityCurve } from '../../protocol/results/sparsityCurve.ts';
import { keptSparsityCurve } from '../../runs/sparsityCurve.ts';
import { checkpointPath, endCheckpoint } from './endCheckpoint.ts';
import { measuredCheckpoints } from './measuredCheckpoints.ts';
import { originalCost, type OriginalCost } from './originalCost.ts';
import { hasCurve, runPageFacts, runPageHistory } from './runPageState.ts';

/** Milliseconds between two reads: a step must be on the page within 200. */
const whenVisible = 80;
const whenHidden = 1000;

/** Milliseconds of reading before the page says so: mostly it is done sooner. */
const noticeAfter = 150;

type RunRequest = Extract<FromRun, { readonly kind: 'command' }>;

export type RunPanels = SubjectPanels<RunSubject, RunPanel>;

export function createRunPanels(services: Services): RunPanels {
  const verdicts = new KeptVerdicts();
  return new SubjectPanels<RunSubject, RunPanel>(services, {
    name: 'run',
    parse: parseRunSubject,
    keyOf: ({ folder }) => folder,
    titleOf: ({ folder }) => basename(folder),
    fill: (panel, subject) => new RunPanel(services, panel, subject, verdicts),
  });
}

export class RunPanel implements PanelContent {
  private readonly services: Services;
  private readonly panel: WebviewPanel;
  private readonly folder: string;
  private readonly verdicts: KeptVerdicts;
  private readonly listening: Disposable[];
  private opening: Promise<FollowedRun> | undefined;
  private run: FollowedRun | undefined;
  private cost: OriginalCost | undefined;
  /** What the page knows, as JSON. */
  private readonly told = new Map<string, string>();
  /** The model whose sparsity curve was asked for. */
  private counted: string | undefined;
  private readonly steps = new StepsToPage<StepPoint>((points) => this.post({ kind: 'points', points }));
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, { folder }: RunSubject, verdicts: KeptVerdicts) {
    this.services = services;
    this.verdicts = verdicts;
    this.panel = panel;
    this.folder = folder;
    // It is read while the editor makes the page, and handed over when that has loaded.
    void this.showAll();
    const { held } = services.runs;
    this.listening = [
      panel.onDidChangeViewState(() => {
        this.pace();
        // It may have been evaluated on another page meanwhile.
        if (panel.active) void this.pushMeasurements();
      }),
      held.onDidMove(({ folder: moved, step, by }) => {
        if (moved === folder && by !== this) this.push({ held: step });
      }),
    ];
  }

  readonly receive = (message: unknown): void => {
    const request = parseFromRun(message);
    if (request === undefined) this.services.log.warn('The page of a run sent an unknown message.');
    else
      void this.answer(request).catch((error: unknown) => {
        void window.showErrorMessage(error instanceof Error ? error.message : String(error));
      });
  };

  readonly trusted = (): void => void this.showAll();

  readonly close = (): void => {
    this.closed = true;
    for (const listener of this.listening) listener.dispose();
    void this.opening?.then((run) => run.close()).catch(() => undefined);
  };

  private async answer(request: FromRun): Promise<void> {
    switch (request.kind) {
      case 'ready':
        // What was sent before may have been lost, so it is sent again.
        return this.showAll();
      case 'drawn':
        if (this.run && this.run.follower.series.count > firstRows) this.pushHistory(this.run.follower);
        return;
      case 'command':
        return this.command(request);
      case 'openLayer':
        return commands.executeCommand('pinch.openLayer', {
          kind: 'run',
          id: this.folder,
          layer: request.layer,
        } satisfies LayerSubject);
      case 'hold':
        this.services.runs.held.move({ folder: this.folder, step: request.step, by: this });
        return;
      case 'recordAt': {
        const point = await this.run?.follower.recordAt(request.step);
        void this.post({ kind: 'record', step: request.step, point: point ?? null });
        return;
      }
      case 'copy':
        return env.clipboard.writeText(request.text);
      case 'save':
        return saveChart(request, dirname(this.folder));
    }
  }

  private follow(): Promise<FollowedRun> {
    this.opening ??= this.services.runs
      .follow(this.folder, (change) => this.run && this.pass(this.run, change))
      .catch((error: unknown) => {
        this.opening = undefined;
        throw error;
      });
    return this.opening;
  }

  private async showAll(): Promise<void> {
    const title = {
      subject: { folder: this.folder },
      name: this.services.runs.runs.find(({ folder }) => folder === this.folder)?.name ?? basename(this.folder),
      trusted: workspace.isTrusted,
    };
    const waits = setTimeout(() => {
      this.push({ ...title, notice: { kind: 'busy', text: 'Reading the run…' } });
    }, noticeAfter);
    try {
      const run = await this.follow();
      if (this.closed) return;
      this.run = run;
      this.cost = workspace.isTrusted ? await originalCost(run.follower.snapshot) : undefined;
      this.pace();
      clearTimeout(waits);
      this.told.clear();
      this.steps.forget();
      this.push({
        ...title,
        notice: null,
        ...runPageFacts(run.follower, workspace.isTrusted, this.cost),
        ...runPageHistory(run.follower, firstRows),
        held: this.services.runs.held.of(this.folder),
      });
      await Promise.all([this.pushMeasurements(), this.pushCurve()]);
    } catch (error) {
      this.push({ ...title, notice: { kind: 'error', text: error instanceof Error ? error.message : String(error) } });
    } finally {
      clearTimeout(waits);
    }
  }

  /** A hidden page receives nothing. It requests its whole state when it is shown again. */
  private pass({ follower }: FollowedRun, change: RunChange): void {
    if (!this.panel.visible) return;
    switch (change.kind) {
      case 'points':
        this.steps.add(change.points);
        return;
      case 'reset':
        this.pushHistory(follower);
        return;
      case 'snapshot':
        this.pushFacts();
        void this.pushCurve();
    }
  }

  /** A live run's state is written every second; most of what is said of it is as before. */
  private pushFacts(): void {
    if (!this.run) return;
    const facts = Object.entries(runPageFacts(this.run.follower, workspace.isTrusted, this.cost));
    const news = facts.filter(([key, value]) => {
      const now = JSON.stringify(value);
      const isNew = this.told.get(key) !== now;
      this.told.set(key, now);
      return isNew;
    });
    if (news.length > 0) this.push(Object.fromEntries(news));
  }

  /** Counted once the run has ended, by the command, which keeps it beside the checkpoint. */
  private async pushCurve(): Promise<void> {
    if (!this.run || !workspace.isTrusted) return;
    const { snapshot } = this.run.follower;
    const checkpoint = endCheckpoint(snapshot);
    if (!checkpoint || !hasCurve(snapshot)) return;
    const model = checkpointPath(this.folder, checkpoint);
    try {
      const curve = (await keptSparsityCurve(model)) ?? (await this.countCurve(model));
      if (!curve) return;
      const { factors, sparsities, gatedParameters } = curve;
      this.push({ curve: { step: checkpoint.step, factors, sparsities, gatedParameters } });
    } catch (error) {
      this.services.log.warn(`The sparsity curve of ${model} is not shown: ${String(error)}`);
    }
  }

  /** Undefined if it is being counted, or could not be: it is not tried again and again. */
  private async countCurve(model: string): Promise<SparsityCurve | undefined> {
    if (this.counted === model) return undefined;
    this.counted = model;
    const printed = await this.services.pinch.run(['inspect', model, '--thresholds']);
    return readPrinted(sparsityCurve, printed, 'inspect --thresholds');
  }

  /** Evaluations have texts and references of the workspace's speech, which are read only where it is trusted. */
  private async pushMeasurements(): Promise<void> {
    if (!this.run || !workspace.isTrusted) return;
    const { snapshot } = this.run.follower;
    this.push({ measurements: await measuredCheckpoints(this.folder, snapshot, this.verdicts) });
  }

  private async command({ command, checkpoint: step, sparsity }: RunRequest): Promise<void> {
    const run = { kind: 'run', folder: this.folder };
    const { checkpoints } = this.run?.follower.snapshot ?? { checkpoints: [] };
    const record = step === undefined ? checkpoints.at(-1) : checkpoints.find((one) => one.step === step);
    const model = record && checkpointModel(this.folder, record.path);
    const checkpoint = record ? { kind: 'checkpoint', folder: this.folder, record, model } : run;
    const settings: Readonly<Record<string, unknown>> = this.run?.follower.snapshot.run.settings ?? {};
    switch (command) {
      case 'diffOriginal': {
        const original = { kind: 'checkpoint', model: String(settings['model']) };
        return commands.executeCommand('pinch.diffCheckpoints', original, [original, checkpoint]);
      }
      case 'pruneFurther':
        return commands.executeCommand('pinch.pruneFurther', { ...checkpoint, sparsity });
      case 'revealRun':
        return commands.executeCommand('revealInExplorer', Uri.file(join(this.folder, 'run.json')));
      default:
        return commands.executeCommand(commandOf[command], onCheckpoint.has(command) ? checkpoint : run);
    }
  }

  private pace(): void {
    this.run?.pollEvery(this.panel.visible ? whenVisible : whenHidden);
  }

  private push(state: RunPageState): void {
    void this.post({ kind: 'state', state });
  }

  private pushHistory(follower: RunFollower): void {
    this.steps.forget();
    this.push(runPageHistory(follower));
  }

  private post(message: ToRun): Thenable<boolean> | undefined {
    return this.closed ? undefined : this.panel.webview.postMessage(message);
  }
}

const commandOf = {
  stop: 'pinch.stopRun',
  resume: 'pinch.resumeRun',
  checkpoint: 'pinch.checkpointNow',
  openLog: 'pinch.openLog',
  showHeatmap: 'pinch.showHeatmap',
  evaluate: 'pinch.evaluateCheckpoint',
  export: 'pinch.exportModel',
  diff: 'pinch.diffCheckpoints',
} as const satisfies Partial<Record<RunCommand, string>>;

const onCheckpoint: ReadonlySet<RunCommand> = new Set(['evaluate', 'export', 'diff']);
