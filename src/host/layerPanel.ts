/** The editor panel of one layer: its threshold and sparsity over time, and the histogram of its weights. */

import { ViewColumn, window, workspace, type Disposable, type WebviewPanel, type WebviewPanelSerializer } from 'vscode';
import {
  parseFromLayer,
  parseLayerSubject,
  type LayerHistogram,
  type LayerState,
  type LayerSubject,
  type ToLayer,
} from '../protocol/views/layer.ts';
import { seriesPoint } from '../protocol/series.ts';
import type { RunChange } from '../runs/followRun.ts';
import { modelName } from './heatmapState.ts';
import { layerSeries, parseLayerWeights } from './layerState.ts';
import { checkpointModel, type FollowedRun, type Subject } from './runStore.ts';
import type { Services } from './services.ts';
import { webviewHtml, webviewOptions } from './webviewHtml.ts';

const viewType = 'pinch.layer';
const whenVisible = 100;
const whenHidden = 1000;

/** Opens the panels of layers, one for each, and brings them back after a window was reloaded. */
export class LayerPanels implements WebviewPanelSerializer, Disposable {
  private readonly services: Services;
  private readonly open = new Map<string, LayerPanel>();
  private readonly serializer: Disposable;

  constructor(services: Services) {
    this.services = services;
    this.serializer = window.registerWebviewPanelSerializer(viewType, this);
  }

  show(subject: Subject, layer: string): void {
    const id = subject.kind === 'run' ? subject.folder : subject.path;
    const known = this.open.get(keyOf({ kind: subject.kind, id, layer }));
    if (known) return known.panel.reveal();
    const panel = window.createWebviewPanel(
      viewType,
      layer,
      ViewColumn.Active,
      webviewOptions(this.services.context.extensionUri),
    );
    this.fill(panel, { kind: subject.kind, id, layer });
  }

  deserializeWebviewPanel(panel: WebviewPanel, saved: unknown): Promise<void> {
    const subject = parseLayerSubject(saved);
    if (subject === undefined) panel.dispose();
    else {
      panel.webview.options = webviewOptions(this.services.context.extensionUri);
      this.fill(panel, subject);
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.serializer.dispose();
    for (const { panel } of [...this.open.values()]) panel.dispose();
  }

  private fill(panel: WebviewPanel, subject: LayerSubject): void {
    const key = keyOf(subject);
    const own = new LayerPanel(this.services, panel, subject);
    this.open.set(key, own);
    panel.onDidDispose(() => {
      own.close();
      if (this.open.get(key) === own) this.open.delete(key);
    });
  }
}

function keyOf({ kind, id, layer }: LayerSubject): string {
  return JSON.stringify([kind, id, layer]);
}

class LayerPanel {
  readonly panel: WebviewPanel;
  private readonly services: Services;
  private readonly subject: LayerSubject;
  private run: FollowedRun | undefined;
  /** The checkpoint or file whose weights were read last. */
  private readFrom: string | undefined;
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, subject: LayerSubject) {
    this.services = services;
    this.panel = panel;
    this.subject = subject;
    panel.webview.onDidReceiveMessage((message: unknown) => {
      const { kind } = parseFromLayer(message) ?? {};
      if (kind === 'ready') void this.showAll();
      if (kind === 'readWeights') void this.readWeights();
    });
    panel.onDidChangeViewState(() => this.pace());
    panel.title = subject.layer.split('.').slice(-3).join('.');
    panel.webview.html = webviewHtml(panel.webview, services.context.extensionUri, 'layer', 'Layer');
  }

  close(): void {
    this.closed = true;
    this.run?.close();
  }

  private async showAll(): Promise<void> {
    const { subject } = this;
    const subjectName = modelName(subject.kind === 'run' ? `${subject.id}/model.onnx` : subject.id);
    this.push({ subject, subjectName });
    try {
      if (subject.kind === 'run') await this.showRun(subject.id);
      else this.push({ series: null });
    } catch (error) {
      this.push({ series: null, histogram: unavailable(error) });
      return;
    }
    this.readFrom = undefined;
    await this.readWeights();
  }

  private async showRun(folder: string): Promise<void> {
    const run = this.run ?? (await this.services.runs.follow(folder, (change) => this.pass(run, change)));
    if (this.closed) return run.close();
    this.run = run;
    this.pace();
    this.push({ series: layerSeries(run.follower.series, this.subject.layer) });
  }

  private pass({ follower }: FollowedRun, change: RunChange): void {
    if (!this.panel.visible) return;
    const { layer } = this.subject;
    switch (change.kind) {
      case 'points':
        return this.post({ kind: 'points', points: change.points.map((point) => seriesPoint(point, [layer])) });
      case 'reset':
        return this.push({ series: layerSeries(follower.series, layer) });
      case 'snapshot':
        // A new checkpoint has other weights.
        if (this.newestModel() !== this.readFrom) void this.readWeights();
    }
  }

  private newestModel(): string | undefined {
    if (this.subject.kind === 'model') return this.subject.id;
    const newest = this.run?.follower.snapshot.checkpoints.at(-1);
    return newest && checkpointModel(this.subject.id, newest.path);
  }

  private async readWeights(): Promise<void> {
    const model = this.newestModel();
    const first = this.readFrom === undefined;
    this.readFrom = model;
    if (model === undefined)
      return this.push({ histogram: { kind: 'unavailable', reason: 'The run has no checkpoint yet.' } });
    if (!workspace.isTrusted) {
      return this.push({
        histogram: { kind: 'unavailable', reason: 'This workspace is not trusted, so its models are not read.' },
      });
    }
    if (first) this.push({ histogram: { kind: 'loading' } });
    try {
      const result = await this.services.pinch.run(['inspect', model, '--layer', this.subject.layer]);
      if (this.readFrom !== model) return;
      this.push({ histogram: { kind: 'ready', source: modelName(model), weights: parseLayerWeights(result) } });
    } catch (error) {
      this.push({ histogram: unavailable(error) });
    }
  }

  private pace(): void {
    this.run?.pollEvery(this.panel.visible ? whenVisible : whenHidden);
  }

  private push(state: LayerState): void {
    this.post({ kind: 'state', state });
  }

  private post(message: ToLayer): void {
    if (!this.closed) void this.panel.webview.postMessage(message);
  }
}

function unavailable(error: unknown): LayerHistogram {
  return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
}
