/** Evaluates a model on a manifest: word errors, speed, size and sparsity. */

import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { compareSystems } from '../../metrics/compare.ts';
import { scoreCorpus, scoreUtterance } from '../../metrics/score.ts';
import { warnOfMostlyWrong } from '../../metrics/mostlyWrong.ts';
import { loadModel, type ModelFile } from '../../onnx/file/load.ts';
import { AudioLoader } from '../../speech/audio/audioLoader.ts';
import { Lengths, type OnMeasured } from '../../speech/lengths/lengths.ts';
import { readManifest } from '../../speech/manifest/read.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import type { TextSetting, TextStep } from '../../protocol/textSteps.ts';
import { refusePlainSpelling } from '../../speech/text/plainSpelling.ts';
import { spellTexts } from '../../speech/text/steps/spellTexts.ts';
import { hasNewHead, readProcessor } from '../../speech/text/processor.ts';
import type { GzipOptions } from '../cost/gzippedSize.ts';
import { evaluationMemory } from '../../runtime/recognize/evaluationMemory.ts';
import { hashUtterances } from '../../speech/manifest/hash.ts';
import { hashModel } from '../../onnx/folder/modelFiles.ts';
import { countModel, measureCost, originalOf } from '../cost/modelCost.ts';
import { measureFileSize } from '../cost/modelSize.ts';
import { reportParameters } from '../model/parameterReport.ts';
import type { ModelCost } from '../../protocol/results/cost.ts';
import type { Evaluation, ModelIdentity } from '../../protocol/results/evaluation.ts';
import type { CountedModel } from '../../protocol/results/model.ts';
import { recognizeAll } from '../../runtime/recognize/recognizeAll.ts';
import { Recognizer } from '../../runtime/recognize/recognizer.ts';
import type { Device } from '../../runtime/session.ts';
import { stepsFor } from './stepsFor.ts';

export interface EvaluateOptions {
  /** Another model to compare with, on the same utterances. */
  readonly against?: string;
  /** What is done to the references; by default what was done in the run that the model is from (`stepsFor`). */
  readonly text?: TextSetting | undefined;
  /**
   * Utterances in a batch, 1 by default. Shorter ones are padded to the longest. Models whose feature encoder has group normalisation, such as
   * wav2vec2-base, give other results on padded audio.
   */
  readonly batch?: number;
  readonly device?: Device;
  readonly threads?: number;
  /** Whether to estimate the model's cost beside `against`, or beside the model that its run started from. */
  readonly cost?: boolean;
  /** Whether the cost includes the latency of both models, measured side by side. The speed on the utterances is always measured. */
  readonly latency?: boolean;
  /** Whether to compress the whole files for their gzipped size, not only a sample. */
  readonly compressed?: boolean;
  /** Progress of slow work besides recognition, which is done on request, and for sets of many recordings. */
  readonly onMeasure?: (label: string, done: number, total: number) => void;
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

export interface EvaluationProgress {
  readonly model: string;
  readonly done: number;
  readonly utterances: number;
  /** The present window of a long utterance, which is recognised in windows. */
  readonly window?: { readonly done: number; readonly windows: number };
  /** Bytes of memory that recognition will need, once estimated. */
  readonly memoryBytes?: number;
}

/**
 * @param modelPath a model's folder or ONNX file, with its tokenizer files beside it.
 * @throws Error in one sentence that names the file: no model, no CTC model, no tokenizer, no manifest, or more than 1 % of the
 *   utterances cannot be read.
 */
export async function evaluate(
  modelPath: string,
  manifest: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const steps = await stepsFor(options.text, [modelPath, options.against]);
  const data = { manifest, utterances: await readManifest(manifest), steps };
  const own = await evaluateModel(modelPath, data, options);
  const against = options.against === undefined ? undefined : await evaluateModel(options.against, data, options);
  const evaluation = options.cost === true ? { ...own, cost: await costOf(own, against, options) } : own;
  if (!against) return evaluation;
  return { ...evaluation, comparison: { ...compareSystems(own.hypotheses, against.hypotheses, own.unit), against } };
}

/** Bytes of Node.js, the audio threads, and the weights that were read to count zeros. */
const nodeMemory = 150e6;

async function costOf(own: Evaluation, against: Evaluation | undefined, options: EvaluateOptions): Promise<ModelCost> {
  const counted = (evaluation: Evaluation): CountedModel => ({ ...evaluation, model: evaluation.modelFile.path });
  const original = against ? undefined : await originalOf(dirname(own.modelFile.path));
  const dense = against ? counted(against) : original && (await countModel(original, gzipOptions(options)));
  const { device, threads, latency, onMeasure } = options;
  return measureCost(counted(own), dense, {
    device,
    threads,
    latency,
    onProgress: (done, total) => onMeasure?.(total === 0 ? 'Loading the model to time it' : 'Runs timed', done, total),
  });
}

function gzipOptions({ compressed: exact, onMeasure }: EvaluateOptions): GzipOptions {
  return { exact, onProgress: (done, total) => onMeasure?.('Bytes compressed', done, total) };
}

interface TestData {
  readonly manifest: string;
  /** With the texts of the manifest. */
  readonly utterances: readonly Utterance[];
  readonly steps: readonly TextStep[];
}

async function evaluateModel(
  modelPath: string,
  { manifest, utterances: written, steps }: TestData,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { batch = 1, device = 'cpu', threads, onProgress } = options;
  const time = new Date().toISOString();
  onProgress?.({ model: modelPath, done: 0, utterances: written.length });
  const file = await loadModel(modelPath);
  // Runs beside the following work, and ends before anything is timed.
  const identity = identify(file);
  // An error of the other work, if it comes first, is thrown instead.
  identity.catch(() => undefined);
  const processor = await readProcessor(file.folder);
  const { utterances, report: texts } = await spellTexts(written, processor.vocabulary, steps);
  refusePlainSpelling(processor.vocabulary, utterances, manifest);
  const { totals } = await reportParameters(file);
  const size = await measureFileSize(file, gzipOptions(options));
  const recognizer = await Recognizer.open(file.path, file, processor, {
    device,
    ...(threads === undefined ? {} : { threads }),
  });
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  try {
    const modelFile = await identity;
    const onMeasured: OnMeasured = (done, total) => options.onMeasure?.('Recordings measured', done, total);
    const lengths = await Lengths.read(manifest, utterances, { loader, onProgress: onMeasured });
    const longest = Math.ceil(processor.sampleRate * lengths.extent(utterances).longest);
    const memoryBytes =
      nodeMemory +
      (await evaluationMemory(file, recognizer.planned(), { longest, utterances: utterances.length, batch }));
    onProgress?.({ model: modelPath, done: 0, utterances: utterances.length, memoryBytes });
    if (recognizer.batchSize !== undefined && recognizer.batchSize !== batch) {
      throw new Error(
        `${file.path}: this model was exported for batches of ${recognizer.batchSize}; evaluate it with that batch size.`,
      );
    }
    const recognition = await recognizeAll(utterances, { recognizer, loader, processor, batch }, (done, window) =>
      onProgress?.({ model: modelPath, done, utterances: utterances.length, ...(window ? { window } : {}) }),
    );
    const { vocabulary } = processor;
    const { unit } = vocabulary;
    const scored = recognition.transcripts.map(({ utterance, text, seconds }) => {
      const { text: reference, written } = utterance;
      return {
        id: utterance.id,
        audio: resolve(utterance.audio),
        ...(utterance.offset === undefined ? {} : { offset: utterance.offset }),
        seconds,
        reference,
        ...(written === undefined ? {} : { written }),
        hypothesis: text,
        score: scoreUtterance(reference, text, unit),
      };
    });
    const lacking = vocabulary.missingIn(recognition.transcripts.map(({ utterance }) => utterance.text));
    const unwritable = [...lacking].map(([text, count]) => ({ text, count }));
    const warning = (await hasNewHead(file.folder))
      ? undefined
      : warnOfMostlyWrong(
          scored,
          unit,
          unwritable.reduce((sum, { count }) => sum + count, 0),
        );
    return {
      model: modelPath,
      modelFile,
      data: resolve(manifest),
      dataSha256: hashUtterances(utterances),
      time,
      device,
      batch,
      memoryBytes,
      ...scoreCorpus(
        scored.map(({ score }) => score),
        unit,
      ),
      ...recognition.speed,
      ...totals,
      ...size,
      hypotheses: scored.map(({ score, ...utterance }) => ({ ...utterance, errors: score.errors })),
      skipped: recognition.skipped,
      texts,
      ...(unwritable.length === 0 ? {} : { unwritable }),
      ...(warning === undefined ? {} : { warning }),
    };
  } finally {
    await Promise.all([loader.close(), recognizer.dispose()]);
  }
}

async function identify(file: ModelFile): Promise<ModelIdentity> {
  const { size, mtime } = await stat(file.path);
  return { path: resolve(file.path), bytes: size, modified: mtime.toISOString(), sha256: await hashModel(file) };
}
