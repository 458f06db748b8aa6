/** The editor panel that compares runs. */

import { basename, dirname } from 'node:path';
import { commands, window, workspace, type Disposable, type WebviewPanel } from 'vscode';
import {
  parseComparisonSubject,
  parseFromComparison,
  type ComparedRun,
  type ComparisonSubject,
  type FromComparison,
  type ToComparison,
} from '../../protocol/views/comparison.ts';
import { firstRows } from '../../protocol/series.ts';
import { KeptVerdicts } from '../evaluation/keptVerdict.ts';
import { saveChart } from '../panels/saveChart.ts';
import { SubjectPanels, type PanelContent } from '../panels/subjectPanels.ts';
import type { FollowedRun } from '../runs/runStore.ts';
import type { Services } from '../services.ts';
import { comparedRun } from './comparedRun.ts';
import { checkpointPath, endCheckpoint } from './endCheckpoint.ts';

/** Milliseconds between two messages about a run that goes on: a comparison is looked at in rest. */
const betweenPushes = 2000;

/** Rows of a history once all runs are drawn: ten carpets are a third as high as a run's own, and are seen together. */
const allRows = 500;

export type ComparisonPanels = SubjectPanels<ComparisonSubject, ComparisonPanel>;

export function createComparisonPanels(services: Services): ComparisonPanels {
  const verdicts = new KeptVerdicts();
  return new SubjectPanels<ComparisonSubject, ComparisonPanel>(services, {
    name: 'comparison',
    parse: parseComparisonSubject,
    keyOf: ({ folders }) => JSON.stringify(folders),
    titleOf: ({ folders }) => `${folders.length} Runs: ${folders.map((folder) => basename(folder)).join(', ')}`,
    fill: (panel, subject) => new ComparisonPanel(services, panel, subject, verdicts),
  });
}

export class ComparisonPanel implements PanelContent {
  private readonly services: Services;
  private readonly panel: WebviewPanel;
  private readonly subject: ComparisonSubject;
  private readonly runs = new Map<number, FollowedRun>();
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  private readonly verdicts: KeptVerdicts;
  private readonly listening: readonly Disposable[];
  /** Runs that the page does not have as they are. */
  private readonly news = new Set<number>();
  /** The page has drawn what it has, and nobody moves the pointer. */
  private isStill = false;
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, subject: ComparisonSubject, verdicts: KeptVerdicts) {
    this.services = services;
    this.panel = panel;
    this.subject = subject;
    this.verdicts = verdicts;
    this.listening = [
      panel.onDidChangeViewState(() => {
        // A checkpoint may have been evaluated on another page meanwhile.
        if (panel.active) this.showAllLater();
      }),
    ];
  }

  readonly receive = (message: unknown): void => {
    const request = parseFromComparison(message);
    if (request === undefined) this.services.log.warn('The page that compares runs sent an unknown message.');
    else
      void this.answer(request).catch((error: unknown) => {
        void window.showErrorMessage(error instanceof Error ? error.message : String(error));
      });
  };

  readonly trusted = (): void => void this.answer({ kind: 'ready' });

  readonly close = (): void => {
    this.closed = true;
    for (const listener of this.listening) listener.dispose();
    for (const timer of this.waiting.values()) clearTimeout(timer);
    for (const run of this.runs.values()) run.close();
  };

  private async answer(request: FromComparison): Promise<void> {
    const { folders } = this.subject;
    switch (request.kind) {
      case 'ready':
        this.post({ kind: 'subject', subject: this.subject, trusted: workspace.isTrusted });
        this.isStill = false;
        // The others are held against the first.
        await this.show(0, firstRows);
        await Promise.all([...folders.keys()].slice(1).map((index) => this.show(index, firstRows)));
        return;
      case 'drawn':
        this.isStill = true;
        return this.showNews();
      case 'openRun':
        return commands.executeCommand('pinch.openRun', folders[request.index]);
      case 'openLayer':
        return commands.executeCommand('pinch.openLayer', {
          ...{ kind: 'run', id: folders[request.index], layer: request.layer },
        });
      case 'diff': {
        const [a, b] = [this.modelOf(0), this.modelOf(request.index)];
        if (a === undefined || b === undefined)
          throw new Error('A run without a checkpoint cannot be compared on speech.');
        const nodes = [a, b].map((model) => ({ kind: 'checkpoint', model }));
        return commands.executeCommand('pinch.diffCheckpoints', nodes[0], nodes);
      }
      case 'save':
        return saveChart(request, dirname(folders[0] ?? ''));
    }
  }

  /** One run at a time, when the page has drawn what it has. */
  private async showNews(): Promise<void> {
    const [index] = this.news;
    if (index === undefined || !this.isStill || !this.panel.visible) return;
    this.news.delete(index);
    this.isStill = false;
    await this.show(index, allRows);
  }

  /** @param rows of its layers' history at most. */
  private async show(index: number, rows: number): Promise<void> {
    const folder = this.subject.folders[index] ?? '';
    try {
      const run = this.runs.get(index) ?? (await this.services.runs.follow(folder, () => this.later(index)));
      if (this.closed) {
        run.close();
        return;
      }
      this.runs.set(index, run);
      if (rows < allRows && run.follower.isWhole && run.follower.series.count > rows) this.news.add(index);
      this.post({ kind: 'run', index, run: await this.read(index, run, rows) });
    } catch (error) {
      this.post({ kind: 'problem', index, text: error instanceof Error ? error.message : String(error) });
    }
  }

  private read(index: number, { follower }: FollowedRun, rows: number): Promise<ComparedRun> {
    // Texts of the workspace's speech are read only where it is trusted.
    const first = index === 0 || !workspace.isTrusted ? undefined : this.runs.get(0)?.follower;
    return comparedRun(follower, this.verdicts, first, rows);
  }

  private showAllLater(): void {
    for (const index of this.runs.keys()) this.later(index);
  }

  private later(index: number): void {
    if (this.waiting.has(index)) return;
    const timer = setTimeout(() => {
      this.waiting.delete(index);
      this.news.add(index);
      if (!this.closed) void this.showNews();
    }, betweenPushes);
    this.waiting.set(index, timer);
  }

  private modelOf(index: number): string | undefined {
    const { follower } = this.runs.get(index) ?? {};
    const checkpoint = follower && endCheckpoint(follower.snapshot);
    return checkpoint && checkpointPath(follower.folder, checkpoint);
  }

  private post(message: ToComparison): void {
    if (!this.closed) void this.panel.webview.postMessage(message);
  }
}
