/** The heatmap in the sidebar: keeps its page up to date with the run or ONNX file that is shown. */

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { commands, workspace, type Disposable, type WebviewView, type WebviewViewProvider } from 'vscode';
import { parseFromHeatmap, type FromHeatmap, type HeatmapState, type ToHeatmap } from '../../protocol/views/heatmap.ts';
import type { LayerSubject } from '../../protocol/views/layer.ts';
import { packSeries, type StepPoint } from '../../protocol/series.ts';
import type { RunChange } from '../../runs/followRun.ts';
import { heatmapLayers, heatmapModel, heatmapRun } from './heatmapState.ts';
import { titleOf } from '../data/modelNames.ts';
import type { FollowedRun, Subject } from '../runs/runStore.ts';
import type { Services } from '../services.ts';
import { StepsToPage } from '../panels/stepsToPage.ts';
import { webviewHtml, webviewOptions } from '../panels/webviewHtml.ts';

/** Milliseconds between two reads of a visible run. A cell must follow its step within 200; reads that are more frequent only keep the pages busy. */
const whenVisible = 80;
const whenHidden = 1000;

const commandOf = {
  prune: 'pinch.pruneModel',
  getModel: 'pinch.getModel',
  openSample: 'pinch.openSample',
  stop: 'pinch.stopRun',
  resume: 'pinch.resumeRun',
  checkpoint: 'pinch.checkpointNow',
  openLog: 'pinch.openLog',
} as const;

export class HeatmapView implements WebviewViewProvider, Disposable {
  private readonly services: Services;
  private readonly listening: Disposable[];
  private view: WebviewView | undefined;
  private run: FollowedRun | undefined;
  private readonly steps = new StepsToPage<StepPoint>((points) => this.post({ kind: 'points', points }));
  private subject: Subject | undefined;
  /** The state of an ONNX file, read once for each version of the file. */
  private readonly inspected = new Map<string, HeatmapState>();
  /** Number of the latest request to show something: a slow answer to an earlier one is dropped. */
  private asked = 0;

  constructor(services: Services) {
    this.services = services;
    this.listening = [
      services.runs.onDidChangeShown(() => void this.show()),
      workspace.onDidGrantWorkspaceTrust(() => void this.show()),
      services.runs.held.onDidMove(({ folder, step, by }) => {
        if (by !== this && folder === this.run?.follower.folder && this.view?.visible === true)
          void this.post({ kind: 'hold', step });
      }),
    ];
  }

  resolveWebviewView(view: WebviewView): void {
    const { extensionUri } = this.services.context;
    this.view = view;
    view.webview.options = webviewOptions(extensionUri);
    view.webview.onDidReceiveMessage((message: unknown) => void this.receive(parseFromHeatmap(message)));
    view.onDidChangeVisibility(() => this.pace());
    view.onDidDispose(() => {
      this.view = undefined;
      this.leave();
    });
    view.webview.html = webviewHtml(view.webview, extensionUri, 'heatmap', 'Sparsity heatmap');
  }

  dispose(): void {
    for (const listener of this.listening) listener.dispose();
    this.leave();
  }

  private async receive(message: FromHeatmap | undefined): Promise<void> {
    switch (message?.kind) {
      case 'ready':
        return this.show();
      case 'command':
        await commands.executeCommand(commandOf[message.command], this.subject);
        return;
      case 'openLayer':
        return this.openLayer(message.layer);
      case 'recordAt':
        return this.answerRecord(message.step);
      case 'hold':
        if (this.run) this.services.runs.held.move({ folder: this.run.follower.folder, step: message.step, by: this });
        return;
      case undefined:
        this.services.log.warn('The heatmap sent an unknown message.');
    }
  }

  /** Sends the page its whole state. */
  private async show(): Promise<void> {
    if (this.view === undefined) return;
    const asked = ++this.asked;
    const { runs } = this.services;
    await runs.refresh();
    const subject = runs.shown;
    if (asked !== this.asked) return;
    if (subject?.kind !== 'run' || subject.folder !== this.run?.follower.folder) this.leave();
    this.subject = subject;
    const trusted = workspace.isTrusted;
    if (subject === undefined) {
      this.push({ subject: null, notice: null, trusted });
      return;
    }
    try {
      if (subject.kind === 'run') await this.showRun(subject.folder, asked);
      else await this.showModel(subject.path, asked);
    } catch (error) {
      if (asked !== this.asked) return;
      const text = error instanceof Error ? error.message : String(error);
      this.services.log.error(text);
      this.push({ notice: { kind: 'error', text } });
    }
  }

  private async showRun(folder: string, asked: number): Promise<void> {
    this.push({
      ...this.titled(folder),
      notice: { kind: 'busy', text: 'Reading the run…' },
      trusted: workspace.isTrusted,
    });
    const run = this.run ?? (await this.services.runs.follow(folder, (change) => this.pass(run, change)));
    if (asked !== this.asked && run !== this.run) {
      run.close();
      return;
    }
    this.run = run;
    this.pace();
    const { series, snapshot } = run.follower;
    this.steps.forget();
    this.push({
      ...this.titled(folder),
      notice: null,
      layers: heatmapLayers(snapshot, series.layers),
      series: packSeries(series),
      latest: snapshot.lastStep ?? null,
      run: heatmapRun(snapshot, workspace.isTrusted),
      model: null,
    });
    // The run's own page may have moved while this one was hidden.
    const step = this.services.runs.held.of(folder);
    if (step !== null) void this.post({ kind: 'hold', step });
  }

  private titled(folder: string): Pick<HeatmapState, 'subject'> {
    const entry = this.services.runs.runs.find((run) => run.folder === folder);
    const name = entry?.name ?? basename(folder);
    return { subject: { kind: 'run', id: folder, name, detail: entry ? titleOf(entry.model) : '' } };
  }

  private async showModel(path: string, asked: number): Promise<void> {
    const version = `${path}:${(await stat(path)).mtimeMs}`;
    const known = this.inspected.get(version);
    if (known === undefined) {
      this.push({
        subject: { kind: 'model', id: path, name: titleOf(path), detail: path },
        notice: workspace.isTrusted
          ? { kind: 'busy', text: 'Counting the zeros of each layer…' }
          : { kind: 'error', text: 'This workspace is not trusted, so its models are not read.' },
        trusted: workspace.isTrusted,
      });
      if (!workspace.isTrusted) return;
    }
    const state = known ?? heatmapModel(path, await this.services.pinch.run(['inspect', path, '--no-cost']));
    this.inspected.set(version, state);
    if (asked === this.asked) this.push({ ...state, notice: null, trusted: workspace.isTrusted });
  }

  /** A hidden page receives nothing. It requests its whole state when it is shown again. */
  private pass({ follower: { series, snapshot } }: FollowedRun, change: RunChange): void {
    if (this.view?.visible !== true) return;
    switch (change.kind) {
      case 'points': {
        this.steps.add(change.points);
        return;
      }
      case 'reset': {
        this.steps.forget();
        this.push({
          layers: heatmapLayers(snapshot, series.layers),
          series: packSeries(series),
          latest: snapshot.lastStep ?? null,
        });
        return;
      }
      case 'snapshot': {
        this.push({ run: heatmapRun(snapshot, workspace.isTrusted) });
        return;
      }
    }
  }

  private async openLayer(layer: string): Promise<void> {
    const { subject } = this;
    if (subject === undefined) return;
    const id = subject.kind === 'run' ? subject.folder : subject.path;
    await commands.executeCommand('pinch.openLayer', { kind: subject.kind, id, layer } satisfies LayerSubject);
  }

  private async answerRecord(step: number): Promise<void> {
    const { run } = this;
    if (run === undefined) return;
    const point = await run.follower.recordAt(step);
    if (run === this.run) void this.post({ kind: 'record', step, point: point ?? null });
  }

  private pace(): void {
    this.run?.pollEvery(this.view?.visible === true ? whenVisible : whenHidden);
  }

  private leave(): void {
    this.steps.forget();
    this.run?.close();
    this.run = undefined;
  }

  private push(state: HeatmapState): void {
    void this.post({ kind: 'state', state });
  }

  private post(message: ToHeatmap): Thenable<boolean> | undefined {
    return this.view?.webview.postMessage(message);
  }
}
