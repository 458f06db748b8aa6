/** The development set of a run, and how well a state does on it. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { scoreCorpus, scoreUtterance } from '../metrics/score.ts';
import { makeFolder } from '../onnx/makeFolder.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { readManifest } from '../speech/manifest/read.ts';
import type { Utterance } from '../speech/manifest/utterance.ts';
import { writeModel } from './checkpoint.ts';
import type { GateMode } from './graph/parameter.ts';
import type { Layout } from './layout.ts';
import type { State } from './pruned.ts';
import { recognizeAll } from './recognizeAll.ts';
import { Recognizer } from './recognizer.ts';
import type { Setup } from './setup.ts';

export type DevScore = Pick<EvaluationRecord, 'wer' | 'cer' | 'errors' | 'words' | 'utterances' | 'skipped'>;

export class DevSet {
  private readonly utterances: readonly Utterance[];

  private constructor(utterances: readonly Utterance[]) {
    this.utterances = utterances;
  }

  /** @throws ManifestError */
  static async open(manifest: string): Promise<DevSet> {
    return new DevSet(await readManifest(manifest));
  }

  /** Seconds of audio, as far as the manifest says; an utterance of which it does not counts as `otherwise`. */
  seconds(otherwise: number): number {
    return this.utterances.reduce((sum, { duration }) => sum + (duration ?? otherwise), 0);
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
    await makeFolder(temporary);
    try {
      await writeModel(temporary, layout, state, gates);
      const file = join(temporary, 'model.onnx');
      const recognizer = await Recognizer.open(file, layout.model.model.graph, processor, { device: device.device });
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
