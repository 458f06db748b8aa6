/** Evaluates a model on manifests: word errors, speed, size and sparsity. */

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
import { spellTexts, type SpelledTexts } from '../../speech/text/steps/spellTexts.ts';
import { hasNewHead, readProcessor, type Processor } from '../../speech/text/processor.ts';
import type { GzipOptions } from '../cost/gzippedSize.ts';
import { evaluationMemory } from '../../runtime/recognize/evaluationMemory.ts';
import { hashUtterances } from '../../speech/manifest/hash.ts';
import { hashModel } from '../../onnx/folder/modelFiles.ts';
import { countModel, measureCost, originalOf } from '../cost/modelCost.ts';
import { measureFileSize } from '../cost/modelSize.ts';
import { reportParameters } from '../model/parameterReport.ts';
import type { ModelCost } from '../../protocol/results/cost.ts';
import type { Evaluation, ModelIdentity } from '../../protocol/results/evaluation.ts';
import type { CountedModel, FileSize, ParameterTotals } from '../../protocol/results/model.ts';
import { recognizeAll, type Transcript } from '../../runtime/recognize/recognizeAll.ts';
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
  /** Called with the index of the set that is evaluated from now on. */
  readonly onSet?: (index: number) => void;
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

/** Transcribed speech to evaluate on. */
export interface EvaluationSet {
  readonly manifest: string;
  /** Called as soon as the set is evaluated; with `against`, by both models. */
  readonly onEvaluated?: (evaluation: Evaluation) => Promise<void>;
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
  const [evaluation] = await evaluateOnSets(modelPath, [{ manifest }], options);
  if (!evaluation) throw new RangeError('There is nothing to evaluate on.');
  return evaluation;
}

/**
 * Evaluates on one set after the other, in their order; each model is loaded once. The cost stands in the first evaluation alone.
 * @throws Error as `evaluate`; the sets before are done then.
 */
export async function evaluateOnSets(
  modelPath: string,
  sets: readonly EvaluationSet[],
  options: EvaluateOptions = {},
): Promise<Evaluation[]> {
  // All manifests first: a mistake in the last one must not show after hours.
  const read: ReadSet[] = [];
  for (const { manifest } of sets) read.push({ manifest, utterances: await readManifest(manifest) });
  const { against } = options;
  const steps = await stepsFor(options.text, [modelPath, against]);
  const finished: Evaluation[] = [];
  const finish = async (own: Evaluation, other?: Evaluation): Promise<void> => {
    const withCost = options.cost === true && finished.length === 0;
    const evaluation = {
      ...own,
      ...(withCost ? { cost: await costOf(own, other, options) } : {}),
      ...(other
        ? { comparison: { ...compareSystems(own.hypotheses, other.hypotheses, own.unit), against: other } }
        : {}),
    };
    await sets[finished.length]?.onEvaluated?.(evaluation);
    finished.push(evaluation);
  };
  // One model after the other, so that no more than one is in memory.
  const measured: Evaluation[] = [];
  const others: Evaluation[] = [];
  await evaluateModel(modelPath, read, steps, options, async (own) => {
    if (against === undefined && options.cost !== true) await finish(own);
    else measured.push(own);
  });
  if (against !== undefined) {
    await evaluateModel(against, read, steps, options, (other) => {
      others.push(other);
      return Promise.resolve();
    });
  }
  for (const [at, own] of measured.entries()) await finish(own, others[at]);
  return finished;
}

interface ReadSet {
  readonly manifest: string;
  /** With the texts of the manifest. */
  readonly utterances: readonly Utterance[];
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

async function evaluateModel(
  modelPath: string,
  sets: readonly ReadSet[],
  steps: readonly TextStep[],
  options: EvaluateOptions,
  onEvaluated: (evaluation: Evaluation) => Promise<void>,
): Promise<void> {
  const { batch = 1, device = 'cpu', threads, onMeasure } = options;
  // It is read, counted and compiled, which takes ten seconds for a gigabyte.
  onMeasure?.('Loading the model', 0, 0);
  const file = await loadModel(modelPath);
  // Runs beside the following work, and ends before anything is timed.
  const identity = identify(file);
  // An error of the other work, if it comes first, is thrown instead.
  identity.catch(() => undefined);
  const processor = await readProcessor(file.folder);
  const spelled: SpelledSet[] = [];
  for (const { manifest, utterances } of sets) {
    const spelling = await spellTexts(utterances, processor.vocabulary, steps);
    const set = { manifest, sha256: hashUtterances(utterances), ...spelling };
    refusePlainSpelling(processor.vocabulary, set.utterances, manifest);
    spelled.push(set);
  }
  const { totals } = await reportParameters(file);
  const size = await measureFileSize(file, gzipOptions(options));
  const recognizer = await Recognizer.open(file.path, file, processor, {
    device,
    ...(threads === undefined ? {} : { threads }),
  });
  const loader = new AudioLoader({ sampleRate: processor.sampleRate, normalise: processor.normalise });
  try {
    const modelFile = await identity;
    if (recognizer.batchSize !== undefined && recognizer.batchSize !== batch) {
      throw new Error(
        `${file.path}: this model was exported for batches of ${recognizer.batchSize}; evaluate it with that batch size.`,
      );
    }
    const opened: Opened = {
      modelPath,
      file,
      modelFile,
      processor,
      recognizer,
      loader,
      measured: { ...totals, ...size },
    };
    for (const [index, set] of spelled.entries()) {
      options.onSet?.(index);
      await onEvaluated(await evaluateOn(set, opened, options));
    }
  } finally {
    await Promise.all([loader.close(), recognizer.dispose()]);
  }
}

interface SpelledSet extends SpelledTexts {
  readonly manifest: string;
  /** Of the manifest's utterances, with the texts that stand there. */
  readonly sha256: string;
}

/** A model that is ready to recognise. */
interface Opened {
  readonly modelPath: string;
  readonly file: ModelFile;
  readonly modelFile: ModelIdentity;
  readonly processor: Processor;
  readonly recognizer: Recognizer;
  readonly loader: AudioLoader;
  /** What was counted of the model itself. */
  readonly measured: ParameterTotals & FileSize;
}

async function evaluateOn(
  { manifest, sha256, utterances, report: texts }: SpelledSet,
  { modelPath, file, modelFile, processor, recognizer, loader, measured }: Opened,
  { batch = 1, device = 'cpu', onMeasure, onProgress }: EvaluateOptions,
): Promise<Evaluation> {
  const time = new Date().toISOString();
  const onMeasured: OnMeasured = (done, total) => onMeasure?.('Recordings measured', done, total);
  const lengths = await Lengths.read(manifest, utterances, { loader, onProgress: onMeasured });
  const longest = Math.ceil(processor.sampleRate * lengths.extent(utterances).longest);
  const memoryBytes =
    nodeMemory +
    (await evaluationMemory(file, recognizer.planned(), { longest, utterances: utterances.length, batch }));
  onProgress?.({ model: modelPath, done: 0, utterances: utterances.length, memoryBytes });
  const { vocabulary } = processor;
  const labelsOf = ({ text }: Utterance): ArrayLike<number> | undefined => {
    const { labels, missing } = vocabulary.spell(text);
    return missing.length === 0 ? labels : undefined;
  };
  const recognition = await recognizeAll(
    utterances,
    { recognizer, loader, processor, batch, labelsOf },
    (done, window) =>
      onProgress?.({ model: modelPath, done, utterances: utterances.length, ...(window ? { window } : {}) }),
  );
  const { unit } = vocabulary;
  const scored = recognition.transcripts.map(({ utterance, text, seconds }) => {
    const { text: reference, written } = utterance;
    return {
      id: utterance.id,
      audio: resolve(utterance.audio),
      ...(utterance.offset === undefined ? {} : { offset: utterance.offset }),
      ...(utterance.channel === undefined ? {} : { channel: utterance.channel }),
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
    dataSha256: sha256,
    time,
    device,
    batch,
    memoryBytes,
    ...scoreCorpus(
      scored.map(({ score }) => score),
      unit,
    ),
    ...ctcLossOf(recognition.transcripts),
    ...recognition.speed,
    ...measured,
    hypotheses: scored.map(({ score, ...utterance }) => ({ ...utterance, errors: score.errors })),
    skipped: recognition.skipped,
    texts,
    ...(unwritable.length === 0 ? {} : { unwritable }),
    ...(warning === undefined ? {} : { warning }),
  };
}

/** Of all utterances together, so that long ones count more, as in the word error rate. */
function ctcLossOf(transcripts: readonly Transcript[]): { readonly ctcLoss?: number } {
  const told = transcripts.flatMap(({ ctc }) => ctc ?? []);
  const sum = (key: 'loss' | 'labels'): number => told.reduce((total, one) => total + one[key], 0);
  return told.length === 0 ? {} : { ctcLoss: sum('loss') / sum('labels') };
}

async function identify(file: ModelFile): Promise<ModelIdentity> {
  const { size, mtime } = await stat(file.path);
  return { path: resolve(file.path), bytes: size, modified: mtime.toISOString(), sha256: await hashModel(file) };
}
