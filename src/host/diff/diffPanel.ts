/** The editor panel of a diff: the weights removed between two checkpoints, and the change of the word error rate. */

import { commands, env, workspace, type WebviewPanel } from 'vscode';
import {
  parseFromDiff,
  type DiffResult,
  type DiffState,
  type DiffSubject,
  type FromDiff,
} from '../../protocol/views/diff.ts';
import { chooseData } from '../data/chooseData.ts';
import { keptEvaluations } from '../evaluation/keptEvaluations.ts';
import { titleOf } from '../data/modelNames.ts';
import type { Services } from '../services.ts';
import type { PanelContent } from '../panels/subjectPanels.ts';
import { requireTrust } from '../trust.ts';
import { runWithProgress } from '../engine/withProgress.ts';
import { readDiff } from './readDiff.ts';

export class DiffPanel implements PanelContent {
  private readonly services: Services;
  private readonly panel: WebviewPanel;
  private subject: DiffSubject;
  private result: DiffResult | null = null;
  private busy: string | null = null;
  private problem: string | null = null;
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, subject: DiffSubject) {
    this.services = services;
    this.panel = panel;
    this.subject = subject;
  }

  readonly receive = (message: unknown): void => {
    const request = parseFromDiff(message);
    if (request !== undefined) void this.answer(request).catch((error: unknown) => this.tell(error));
  };

  readonly trusted = (): void => {
    if (this.result === null) this.compare(this.subject.data).catch((error: unknown) => this.tell(error));
  };

  readonly close = (): void => {
    this.closed = true;
  };

  private async answer(request: FromDiff): Promise<void> {
    switch (request.kind) {
      case 'ready':
        this.push(this.state());
        // The page is new, or was reloaded with its window.
        if (this.result === null && this.busy === null && this.problem === null) await this.compare(this.subject.data);
        return;
      case 'again':
        return this.compare(this.subject.data);
      case 'compareSpeech': {
        const data = await chooseData(this.services, 'Diff Checkpoints', this.subject.b);
        return data === undefined ? undefined : this.compare(data);
      }
      case 'evaluate':
        return commands.executeCommand('pinch.evaluateCheckpoint', {
          kind: 'checkpoint',
          model: this.subject[request.side],
        });
      case 'copy':
        return env.clipboard.writeText(request.text);
    }
  }

  /** @param data a manifest; null uses one that both models have been evaluated on, if there is one. */
  private async compare(data: string | null): Promise<void> {
    if (this.busy !== null) return;
    const { a, b } = this.subject;
    if (!requireTrust('Diff Checkpoints'))
      throw new Error('This workspace is not trusted, so its models are not read.');
    const title = `Comparing ${titleOf(a)} with ${titleOf(b)}`;
    this.problem = null;
    this.busy = `${title}…`;
    this.push({ busy: this.busy, problem: null });
    try {
      const speech = data ?? (await commonData(a, b)) ?? null;
      const args = ['diff', a, b, ...(speech === null ? [] : ['--data', speech, '--keep'])];
      const output = await runWithProgress(this.services.pinch, title, args);
      if (output === undefined) throw new Error('The comparison was cancelled.');
      this.result = await readDiff(output, (path) => workspace.asRelativePath(path));
      this.subject = { a, b, data: speech };
    } finally {
      this.busy = null;
      this.push(this.state());
    }
  }

  private state(): Required<DiffState> {
    const { subject, result, busy, problem } = this;
    const nameOf = (model: string) => ({ title: titleOf(model), path: workspace.asRelativePath(model) });
    return { subject, a: nameOf(subject.a), b: nameOf(subject.b), result, busy, problem };
  }

  private tell(error: unknown): void {
    this.problem = error instanceof Error ? error.message : String(error);
    this.services.log.error(this.problem);
    this.push({ problem: this.problem });
  }

  private push(state: DiffState): void {
    if (!this.closed) void this.panel.webview.postMessage({ kind: 'state', state });
  }
}

/** A manifest on which both models, in their present form, have been evaluated: the comparison of word errors then costs nothing. */
async function commonData(a: string, b: string): Promise<string | undefined> {
  const [ofA, ofB] = await Promise.all([a, b].map(keptEvaluations));
  const fresh = ofB?.filter(({ modelChanged }) => !modelChanged).map(({ numbers }) => numbers.data);
  return ofA?.find(({ numbers, modelChanged }) => !modelChanged && fresh?.includes(numbers.data))?.numbers.data;
}
