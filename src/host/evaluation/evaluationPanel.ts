/** The editor panel of a model's evaluations: their numbers, the utterances with alignments, and their audio. */

import { join } from 'node:path';
import { commands, env, Uri, workspace, type WebviewPanel } from 'vscode';
import {
  parseFromEvaluation,
  type EvaluationState,
  type EvaluationSubject,
  type FromEvaluation,
  type ModelName,
  type OriginalEvaluation,
  type ToEvaluation,
} from '../../protocol/views/evaluation.ts';
import { chooseData } from '../data/chooseData.ts';
import { runInputs, titleOf } from '../data/modelNames.ts';
import type { Services } from '../services.ts';
import type { PanelContent } from '../panels/subjectPanels.ts';
import { requireTrust } from '../trust.ts';
import { runWithProgress } from '../engine/withProgress.ts';
import { readHypotheses, type RecognizedUtterance } from './hypotheses.ts';
import { keptEvaluations, type EvaluationFile } from './keptEvaluations.ts';
import { readSound } from './soundFile.ts';

/** Rows in a message: a few hundred kilobytes, which are written and read in a few milliseconds. */
const rowsTogether = 1000;

export class EvaluationPanel implements PanelContent {
  private readonly services: Services;
  private readonly panel: WebviewPanel;
  private subject: EvaluationSubject;
  private shown: EvaluationFile | undefined;
  private utterances: readonly RecognizedUtterance[] = [];
  /** Number of the result that is shown: an answer about an earlier result is dropped. */
  private result = 0;
  private busy: string | null = null;
  private closed = false;

  constructor(services: Services, panel: WebviewPanel, subject: EvaluationSubject) {
    this.services = services;
    this.panel = panel;
    this.subject = subject;
  }

  readonly receive = (message: unknown): void => {
    const request = parseFromEvaluation(message);
    if (request === undefined) return;
    this.answer(request).catch((error: unknown) => this.tell(error));
  };

  readonly trusted = (): void => {
    this.sendAll().catch((error: unknown) => this.tell(error));
  };

  readonly close = (): void => {
    this.closed = true;
  };

  /** Reads the kept evaluations again, and shows the newest, or the one with this name. */
  async showKept(name: string | null): Promise<void> {
    this.subject = { ...this.subject, name };
    await this.sendAll();
  }

  /** Evaluates the model on speech, then shows the result. */
  async evaluate(data: string): Promise<void> {
    if (await this.measure(this.subject.model, data)) await this.showKept(null);
  }

  private async answer(request: FromEvaluation): Promise<void> {
    switch (request.kind) {
      case 'ready':
        return this.sendAll();
      case 'show':
        return this.showKept(request.name);
      case 'audio':
        return this.sendAudio(request.result, request.index);
      case 'copy':
        return env.clipboard.writeText(request.text);
      case 'evaluateAgain':
        return this.shown && this.evaluate(this.shown.numbers.data);
      case 'evaluateOther': {
        const data = await chooseData(this.services, 'Evaluate Checkpoint', this.subject.model);
        return data === undefined ? undefined : this.evaluate(data);
      }
      case 'evaluateOriginal': {
        const original = (await runInputs(this.subject.model))?.model;
        if (original === undefined || this.shown === undefined) return;
        if (await this.measure(original, this.shown.numbers.data)) await this.sendOriginal();
        return;
      }
      case 'diffOriginal': {
        const original = (await runInputs(this.subject.model))?.model;
        if (original === undefined) return;
        const both = [original, this.subject.model].map((model) => ({ kind: 'checkpoint', model }));
        return commands.executeCommand('pinch.diffCheckpoints', both[0], both);
      }
      case 'reveal':
        if (this.shown === undefined) return;
        return commands.executeCommand('revealInExplorer', Uri.file(join(this.shown.folder, 'evaluation.json')));
    }
  }

  /** False if the user cancelled the evaluation. */
  private async measure(model: string, data: string): Promise<boolean> {
    if (this.busy !== null || !requireTrust('Evaluate Checkpoint')) return false;
    this.busy = `Evaluating ${titleOf(model)} on ${workspace.asRelativePath(data)}…`;
    this.push({ busy: this.busy, problem: null });
    try {
      const args = ['evaluate', model, '--data', data, '--keep', '--latency'];
      return (await runWithProgress(this.services.pinch, `Evaluating ${titleOf(model)}`, args)) !== undefined;
    } finally {
      this.busy = null;
      this.push({ busy: null });
    }
  }

  private async sendAll(): Promise<void> {
    const { model, name } = this.subject;
    this.result += 1;
    const result = this.result;
    if (!workspace.isTrusted) {
      const problem = 'This workspace is not trusted, so no evaluation of it is shown.';
      this.push({
        subject: this.subject,
        model: nameOf(model),
        shown: null,
        original: null,
        busy: null,
        problem,
      });
      return;
    }
    const kept = await keptEvaluations(model);
    if (result !== this.result) return;
    this.shown = kept.find((evaluation) => evaluation.name === name) ?? kept[0];
    this.utterances = [];
    this.push({
      subject: this.subject,
      model: nameOf(model),
      shown: this.shown
        ? {
            ...forPage(this.shown),
            result,
            data: workspace.asRelativePath(this.shown.numbers.data),
            all: kept.map(({ name }) => name),
          }
        : null,
      original: await this.original(),
      busy: this.busy,
      problem: null,
    });
    if (this.shown) await this.sendUtterances(this.shown, result);
  }

  private async sendOriginal(): Promise<void> {
    this.push({ original: await this.original() });
  }

  /** The original of the pruned model, with its evaluation on the same data. */
  private async original(): Promise<OriginalEvaluation | null> {
    const model = (await runInputs(this.subject.model))?.model;
    if (model === undefined) return null;
    const kept = (await keptEvaluations(model)).find(({ numbers }) => numbers.data === this.shown?.numbers.data);
    return { model: nameOf(model), kept: kept ? forPage(kept) : null };
  }

  private async sendUtterances({ folder, numbers }: EvaluationFile, result: number): Promise<void> {
    const utterances = await readHypotheses(join(folder, 'hypotheses.jsonl'), numbers.unit);
    if (result !== this.result) return;
    this.utterances = utterances;
    const total = utterances.length;
    for (let from = 0; from < total && result === this.result; from += rowsTogether) {
      const rows = utterances.slice(from, from + rowsTogether).map(({ row }) => row);
      await this.post({ kind: 'utterances', result, from, total, rows });
    }
  }

  private async sendAudio(result: number, index: number): Promise<void> {
    const utterance = result === this.result ? this.utterances[index] : undefined;
    if (utterance === undefined || !utterance.row.audible) return;
    const { audio, offset: start, channel, row } = utterance;
    try {
      const { bytes, type } = await readSound(audio);
      await this.post({ kind: 'audio', result, index, bytes, type, start, seconds: row.seconds, channel });
    } catch (error) {
      await this.post({ kind: 'noAudio', result, index, reason: (error as Error).message });
    }
  }

  private tell(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.services.log.error(problem);
    this.push({ problem });
  }

  private push(state: EvaluationState): void {
    void this.post({ kind: 'state', state });
  }

  private async post(message: ToEvaluation): Promise<void> {
    if (!this.closed) await this.panel.webview.postMessage(message);
  }
}

function nameOf(model: string): ModelName {
  return { title: titleOf(model), path: workspace.asRelativePath(model) };
}

/** Without the fields that the page does not need. */
function forPage({ name, modelChanged, numbers }: EvaluationFile): NonNullable<OriginalEvaluation['kept']> {
  return { name, modelChanged, numbers };
}
