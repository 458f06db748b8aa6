/** The development set of a run, and how well a state does on it. */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { warnOfMostlyWrong } from '../../metrics/mostlyWrong.ts';
import { scoreCorpus, scoreUtterance } from '../../metrics/score.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import type { EvaluationRecord } from '../../protocol/records.ts';
import { Lengths, type OnMeasured } from '../../speech/lengths/lengths.ts';
import { readManifest } from '../../speech/manifest/read.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import { textStepsOf } from '../../protocol/textSteps.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { spellTexts } from '../../speech/text/steps/spellTexts.ts';
import { writeModel } from '../../runfolder/checkpoint.ts';
import { refusePlainSpelling } from '../../speech/text/plainSpelling.ts';
import type { Vocabulary } from '../../speech/text/vocabulary.ts';
import type { GateMode } from '../../state/parameter.ts';
import type { Layout } from '../../state/layout.ts';
import type { State } from '../../state/state.ts';
import { evaluationMemory } from '../../runtime/recognize/evaluationMemory.ts';
import { behindFeatures, recognizeKept, type KeptRecognition } from '../features/recognizeKept.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { planRecognition, type RecognitionPlan } from '../../runtime/recognize/recognitionPlan.ts';
import { recognizeAll, type OnRecognized, type Recognition } from '../../runtime/recognize/recognizeAll.ts';
import { Recognizer } from '../../runtime/recognize/recognizer.ts';
import type { Setup } from '../setup.ts';

export type DevScore = Pick<
  EvaluationRecord,
  'unit' | 'wer' | 'cer' | 'errors' | 'words' | 'utterances' | 'skipped'
> & {
  /** What is probably wrong with the model's files or the texts, where nearly everything is recognised wrong. */
  readonly warning: string | undefined;
};

type DevModel = Pick<Setup, 'model' | 'processor' | 'loader'>;

export class DevSet {
  /** What evaluating takes beside what the trainer holds, in bytes. */
  readonly memoryBytes: number;
  /** Of audio. */
  readonly seconds: number;
  private readonly utterances: readonly Utterance[];
  private readonly plan: RecognitionPlan;

  private constructor(
    utterances: readonly Utterance[],
    plan: RecognitionPlan,
    { memoryBytes, seconds }: Pick<DevSet, 'memoryBytes' | 'seconds'>,
  ) {
    this.utterances = utterances;
    this.plan = plan;
    this.memoryBytes = memoryBytes;
    this.seconds = seconds;
  }

  /**
   * Plans the recognition from the memory that is free now, and looks up how long the longest recording is.
   * @param text the steps for the texts.
   * @throws ManifestError
   */
  static async open(
    manifest: string,
    text: RunSettings['text'],
    { model, processor, loader }: DevModel,
    onProgress?: OnMeasured,
  ): Promise<DevSet> {
    const { sampleRate, vocabulary } = processor;
    const { utterances } = await spellTexts(await readManifest(manifest), vocabulary, textStepsOf(text));
    refusePlainSpelling(vocabulary, utterances, manifest);
    const ports = findModelIO(model.model.graph, model.path, vocabulary.size);
    const plan = planRecognition(model.model, ports, sampleRate);
    const lengths = await Lengths.read(manifest, utterances, { loader, onProgress });
    const extent = lengths.extent(utterances);
    const longest = Math.ceil(sampleRate * extent.longest);
    const memory = await evaluationMemory(model, plan, { longest, utterances: utterances.length });
    return new DevSet(utterances, plan, { memoryBytes: memory, seconds: extent.total });
  }

  /** Utterances. */
  get count(): number {
    return this.utterances.length;
  }

  /**
   * Greedy recognition, one utterance at a time, of the model as a checkpoint of this state would hold it.
   * @param folder where the model may be written for onnxruntime to read; it is removed again.
   * @param onProgress is told the share that is done between two pieces of it; whatever it throws breaks the evaluation off.
   * @throws Error if more than 1 % of the utterances cannot be read.
   */
  async score(
    setup: Pick<Setup, 'processor' | 'loader' | 'device' | 'features' | 'ports' | 'output' | 'frames'>,
    layout: Layout,
    state: State,
    gates: GateMode,
    folder: string,
    onProgress: (share: number) => Promise<void> | void = () => undefined,
  ): Promise<DevScore> {
    const { processor } = setup;
    const temporary = join(folder, '.evaluation.tmp');
    await rm(temporary, { recursive: true, force: true });
    await makeFolder(temporary);
    try {
      const all = this.utterances.length;
      const kept = await this.fromFeatures(setup, layout, state, gates, temporary, (done) => onProgress(done / all));
      const open = kept ? kept.long : this.utterances;
      const begun = all - open.length;
      const onHeard: OnRecognized = (done, window) =>
        onProgress((begun + done + (window ? window.done / window.windows : 0)) / all);
      const heard =
        open.length > 0 ? await hear(open, this.plan, setup, layout, state, gates, temporary, onHeard) : undefined;
      const transcripts = [...(kept?.transcripts ?? []), ...(heard?.transcripts ?? [])];
      const { vocabulary } = processor;
      const scores = transcripts.map(({ utterance, text }) => scoreUtterance(utterance.text, text, vocabulary.unit));
      const { unit, wer, cer, errors, words, utterances } = scoreCorpus(scores, vocabulary.unit);
      const skipped = (kept?.skipped.length ?? 0) + (heard?.skipped.length ?? 0);
      return {
        ...(unit === undefined ? {} : { unit }),
        wer,
        cer,
        errors,
        words,
        utterances,
        skipped,
        warning: warningOf(transcripts, vocabulary),
      };
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** From the features of a frozen encoder, if these are kept and the model behind it stands alone. */
  private async fromFeatures(
    {
      processor,
      device,
      features,
      ports,
      output,
      frames,
    }: Pick<Setup, 'processor' | 'device' | 'features' | 'ports' | 'output' | 'frames'>,
    layout: Layout,
    state: State,
    gates: GateMode,
    folder: string,
    onProgress: (done: number) => Promise<void> | void,
  ): Promise<KeptRecognition | undefined> {
    const model = features && behindFeatures(layout.model, features, ports);
    if (!model) return undefined;
    const parameters = layout.parameters.filter(({ initializer }) => model.model.graph.initializers.has(initializer));
    await writeModel(folder, { model, parameters }, state, gates);
    await onProgress(0);
    const engine = { features, ports, output, frames, processor, device: device.device };
    return recognizeKept(this.utterances, join(folder, 'model.onnx'), engine, onProgress);
  }
}

function warningOf(
  transcripts: readonly { readonly utterance: Utterance; readonly text: string }[],
  vocabulary: Vocabulary,
): string | undefined {
  const lacking = vocabulary.missingIn(transcripts.map(({ utterance }) => utterance.text));
  return warnOfMostlyWrong(
    transcripts.map(({ utterance, text }) => ({
      reference: utterance.text,
      hypothesis: text,
    })),
    vocabulary.unit,
    [...lacking.values()].reduce((sum, count) => sum + count, 0),
  );
}

/** From audio. */
async function hear(
  utterances: readonly Utterance[],
  plan: RecognitionPlan,
  { processor, loader, device }: Pick<Setup, 'processor' | 'loader' | 'device'>,
  layout: Layout,
  state: State,
  gates: GateMode,
  folder: string,
  onProgress: OnRecognized,
): Promise<Pick<Recognition, 'transcripts' | 'skipped'>> {
  await writeModel(folder, layout, state, gates);
  await onProgress(0);
  const file = join(folder, 'model.onnx');
  const recognizer = await Recognizer.open(file, layout.model, processor, { device: device.device, plan });
  try {
    const engine = { recognizer, loader, processor, batch: recognizer.batchSize ?? 1 };
    return await recognizeAll(utterances, engine, onProgress);
  } finally {
    await recognizer.dispose();
  }
}
