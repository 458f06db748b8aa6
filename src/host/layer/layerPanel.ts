/** The editor panel of one layer: its threshold and sparsity over time, and the histogram of its weights. */

import { basename } from 'node:path';
import { workspace, type WebviewPanel } from 'vscode';
import {
  parseFromLayer,
  parseLayerSubject,
  type LayerHistogram,
  type LayerState,
  type LayerSubject,
  type ToLayer,
} from '../../protocol/views/layer.ts';
import { layerInspection } from '../../protocol/results/inspection.ts';
import type { StepPoint } from '../../protocol/series.ts';
import type { RunChange } from '../../runs/followRun.ts';
import { readPrinted } from '../engine/printed.ts';
import { titleOf } from '../data/modelNames.ts';
import { layerPoint, layerSeries } from './layerState.ts';
import { checkpointModel, type FollowedRun } from '../runs/runStore.ts';
import type { Services } from '../services.ts';
import { StepsToPage } from '../panels/stepsToPage.ts';
import { SubjectPanels, type PanelContent } from '../panels/subjectPanels.ts';

const whenVisible = 100;
const whenHidden = 1000;

export function createLayerPanels(services: Services): LayerPanels {
  return new SubjectPanels<LayerSubject, LayerPanel>(services, {
    name: 'layer',
    parse: parseLayerSubject,
    keyOf: ({ kind, id, layer }) => JSON.stringify([kind, id, layer]),
    titleOf: ({ layer }) => layer.split('.').slice(-3).join('.'),
    fill: (panel, subject) => new LayerPanel(services, panel, subject),
  });
}

export type LayerPanels = SubjectPanels<LayerSubject, LayerPanel>;

class LayerPanel implements PanelContent {
  private readonly panel: WebviewPanel;
  private readonly services: Services;
  private readonly subject: LayerSubject;
  private run: FollowedRun | undefined;
  /** The checkpoint or file whose weights were read last, and their histogram. */
  private readFrom: string | undefined;
  private histogram: LayerHistogram | undefined;
  private readonly steps = new StepsToPage<StepPoint>((points) => this.post({ kind: 'points', points }));
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, subject: LayerSubject) {
    this.services = services;
    this.panel = panel;
    this.subject = subject;
    panel.onDidChangeViewState(() => this.pace());
  }

  receive(message: unknown): void {
    const { kind } = parseFromLayer(message) ?? {};
    if (kind === 'ready') void this.showAll();
    if (kind === 'readWeights') void this.readWeights();
  }

  trusted(): void {
    void this.readWeights();
  }

  close(): void {
    this.closed = true;
    this.run?.close();
  }

  private async showAll(): Promise<void> {
    const { subject } = this;
    const subjectName = subject.kind === 'run' ? basename(subject.id) : titleOf(subject.id);
    this.push({ subject, subjectName });
    try {
      if (subject.kind === 'run') await this.showRun(subject.id);
      else this.push({ series: null });
    } catch (error) {
      this.push({ series: null, histogram: unavailable(error) });
      return;
    }
    // A page that was hidden has lost the weights; the file has not changed.
    if (this.histogram?.kind === 'ready' && this.newestModel() === this.readFrom) this.show(this.histogram);
    else await this.readWeights();
  }

  private async showRun(folder: string): Promise<void> {
    const run = this.run ?? (await this.services.runs.follow(folder, (change) => this.pass(run, change)));
    if (this.closed) {
      run.close();
      return;
    }
    this.run = run;
    this.pace();
    this.steps.forget();
    this.push({ series: layerSeries(run.follower.series, this.subject.layer) });
  }

  private pass({ follower }: FollowedRun, change: RunChange): void {
    if (!this.panel.visible) return;
    const { layer } = this.subject;
    switch (change.kind) {
      case 'points': {
        const column = follower.series.layers.indexOf(layer);
        this.steps.add(change.points.map((point) => layerPoint(point, column)));
        return;
      }
      case 'reset': {
        this.steps.forget();
        this.push({ series: layerSeries(follower.series, layer) });
        return;
      }
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
    this.readFrom = model;
    if (model === undefined) {
      this.show(unavailable('The run has no checkpoint yet.'));
      return;
    }
    if (!workspace.isTrusted) {
      this.show(unavailable('This workspace is not trusted, so its models are not read.'));
      return;
    }
    // The previous checkpoint's weights stay until the new ones have been read.
    if (this.histogram?.kind !== 'ready') this.show({ kind: 'loading' });
    try {
      const result = await this.services.pinch.run(['inspect', model, '--layer', this.subject.layer]);
      if (this.readFrom !== model) return;
      this.show({ kind: 'ready', source: titleOf(model), weights: readPrinted(layerInspection, result, 'inspect') });
    } catch (error) {
      this.show(unavailable(error));
    }
  }

  private show(histogram: LayerHistogram): void {
    this.histogram = histogram;
    this.push({ histogram });
  }

  private pace(): void {
    this.run?.pollEvery(this.panel.visible ? whenVisible : whenHidden);
  }

  private push(state: LayerState): void {
    void this.post({ kind: 'state', state });
  }

  private post(message: ToLayer): Thenable<boolean> | undefined {
    return this.closed ? undefined : this.panel.webview.postMessage(message);
  }
}

function unavailable(reason: unknown): LayerHistogram {
  return { kind: 'unavailable', reason: reason instanceof Error ? reason.message : String(reason) };
}
