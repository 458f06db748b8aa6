/** The development set of a run, and how well a state does on it. */

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scoreCorpus, scoreUtterance } from '../metrics/score.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { readManifest } from '../speech/manifest/read.ts';
import type { Utterance } from '../speech/manifest/utterance.ts';
import { writeModel } from './checkpoint.ts';
import type { GateMode } from './graph/parameter.ts';
import type { Layout } from './layout.ts';
import type { State } from './pruned.ts';
import { findPorts } from './ports.ts';
import { evaluationMemory, longestSeconds } from './evaluationMemory.ts';
import { planRecognition, type RecognitionPlan } from './recognitionPlan.ts';
import { recognizeAll } from './recognizeAll.ts';
import { Recognizer } from './recognizer.ts';
import type { Setup } from './setup.ts';

export type DevScore = Pick<EvaluationRecord, 'wer' | 'cer' | 'errors' | 'words' | 'utterances' | 'skipped'>;

type DevModel = Pick<Setup, 'model' | 'processor' | 'loader'>;

export class DevSet {
  /** What evaluating takes beside what the trainer holds, in bytes. */
  readonly memoryBytes: number;
  private readonly utterances: readonly Utterance[];
  private readonly plan: RecognitionPlan;

  private constructor(utterances: readonly Utterance[], plan: RecognitionPlan, memoryBytes: number) {
    this.utterances = utterances;
    this.plan = plan;
    this.memoryBytes = memoryBytes;
  }

  /**
   * Plans the recognition from the memory that is free now, and looks up how long the longest recording is.
   * @throws ManifestError
   */
  static async open(manifest: string, { model, processor, loader }: DevModel): Promise<DevSet> {
    const utterances = await readManifest(manifest);
    const { sampleRate, vocabulary } = processor;
    const ports = findPorts(model.model.graph, model.path, vocabulary.size);
    const plan = planRecognition(model.model, ports, sampleRate);
    const longest = Math.ceil(sampleRate * (await longestSeconds(utterances, loader)));
    const memory = await evaluationMemory(model, plan, { longest, utterances: utterances.length });
    return new DevSet(utterances, plan, memory);
  }

  /**
   * Greedy recognition, one utterance at a time, of the model as a checkpoint of this state would hold it.
   * @param folder where the model may be written for onnxruntime to read; it is removed again.
   * @throws Error if more than 1 % of the utterances cannot be read.
   */
  async score(
    setup: Pick<Setup, 'processor' | 'loader' | 'device'>,
    layout: Layout,
    state: State,
    gates: GateMode,
    folder: string,
  ): Promise<DevScore> {
    const { processor, loader, device } = setup;
    const temporary = join(folder, '.evaluation.tmp');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { recursive: true });
    try {
      await writeModel(temporary, layout, state, gates);
      const file = join(temporary, 'model.onnx');
      const recognizer = await Recognizer.open(file, layout.model, processor, {
        device: device.device,
        plan: this.plan,
      });
      try {
        const engine = { recognizer, loader, processor, batch: recognizer.batchSize ?? 1 };
        const { transcripts, skipped } = await recognizeAll(this.utterances, engine, () => undefined);
        const scores = transcripts.map(({ utterance, text }) =>
          scoreUtterance(processor.vocabulary.conform(utterance.text), text),
        );
        const { wer, cer, errors, words, utterances } = scoreCorpus(scores);
        return { wer, cer, errors, words, utterances, skipped: skipped.length };
      } finally {
        await recognizer.dispose();
      }
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
}
