/** Recognises utterances from the features of the frozen encoder, which the model behind it takes instead of audio. */

import { beginAt } from '../../onnx/passes/beginAt.ts';
import type { ModelFile } from '../../onnx/file/load.ts';
import { float32, type Tensor } from '../../onnx/graph/tensor.ts';
import { AudioError } from '../../speech/audio/error.ts';
import { bestPath, collapse } from '../../speech/text/greedy.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import type { Processor } from '../../speech/text/processor.ts';
import { rowsOf, type OutputForm } from '../../runtime/outputForm.ts';
import { attentionMask } from '../../runtime/attentionMask.ts';
import type { ModelIO } from '../../runtime/modelIO.ts';
import type { Skipped } from '../../protocol/results/evaluation.ts';
import { skippedAtMost, tooMany } from '../../runtime/recognize/recognizeAll.ts';
import { Session, type Device } from '../../runtime/session.ts';
import type { Features, LoadedFeatures } from './features.ts';

export interface KeptRecognition {
  readonly transcripts: { readonly utterance: Utterance; readonly text: string }[];
  /** Utterances whose audio is missing or broken. */
  readonly skipped: Skipped[];
  /** Utterances that are too long to be recognised in one piece. */
  readonly long: Utterance[];
}

/** The part of a model that evaluations run; undefined if it does not stand alone. */
export function behindFeatures(
  file: ModelFile,
  { cut }: Pick<Features, 'cut'>,
  { audio, logits }: ModelIO,
): ModelFile | undefined {
  return beginAt(file, { name: cut.name, rank: 3, input: audio.name, output: logits.name });
}

/** Longer ones take memory that grows with the square of their length. */
const longestSeconds = 30;
/** Utterances that are read before they are needed. */
const ahead = 8;

/**
 * Greedy recognition, one utterance at a time.
 * @param path the file that `behindFeatures` gave, on the disk.
 * @param onProgress is told how many utterances are done; whatever it throws breaks the recognition off.
 * @throws Error if more than 1 % of the utterances cannot be used, naming the first.
 */
export async function recognizeKept(
  utterances: readonly Utterance[],
  path: string,
  { features, ports, output, frames, processor, device }: KeptFeaturesEngine,
  onProgress: (done: number) => Promise<void> | void,
): Promise<KeptRecognition> {
  const found: KeptRecognition = { transcripts: [], skipped: [], long: [] };
  const session = await Session.create(path, { device });
  try {
    await onProgress(0);
    for await (const { utterance, loaded } of readAhead(utterances, features)) {
      const problem = loaded instanceof Error ? loaded : tooShort(utterance, loaded, frames);
      if (problem && !(problem instanceof AudioError)) throw problem;
      if (problem) {
        found.skipped.push({ id: utterance.id, reason: problem.message });
        if (found.skipped.length > skippedAtMost * utterances.length) throw tooMany(found.skipped, utterances.length);
      } else if (!(loaded instanceof Error)) {
        if (loaded.samples > longestSeconds * processor.sampleRate) found.long.push(utterance);
        else found.transcripts.push({ utterance, text: await recognize(loaded) });
      }
      await onProgress(found.transcripts.length + found.skipped.length);
    }
    return found;
  } finally {
    await session.dispose();
  }

  async function recognize(loaded: LoadedFeatures): Promise<string> {
    const { cut } = features;
    const data = await loaded.features();
    const frames = data.length / cut.channels;
    const dims = cut.axis === 1 ? [1, frames, cut.channels] : [1, cut.channels, frames];
    const feeds: Record<string, Tensor> = { [cut.name]: float32(data, dims) };
    // Only its shape is read, if that.
    const { audio, mask } = ports;
    const { samples } = loaded;
    if (session.inputs.includes(audio.name)) feeds[audio.name] = float32(new Float32Array(samples), [1, samples]);
    if (mask && session.inputs.includes(mask.name)) feeds[mask.name] = attentionMask(mask.type, 1, samples);
    const logits = (await session.run(feeds))[ports.logits.name]?.tensor;
    if (!(logits?.data instanceof Float32Array) || logits.data.some(Number.isNaN)) {
      throw new Error("the model's output is not a number (NaN); it was trained too fast");
    }
    const { vocabulary } = processor;
    const symbols = logits.dims[output.axes.symbols] ?? 0;
    const [row = new Float32Array()] = rowsOf(logits, output.axes);
    return vocabulary.text(collapse(bestPath(row, row.length / symbols, symbols), vocabulary.blank));
  }
}

interface KeptFeaturesEngine {
  readonly features: Features;
  readonly ports: ModelIO;
  readonly output: Pick<OutputForm, 'axes'>;
  /** Frames that the model makes of so many samples. */
  readonly frames: (samples: number) => number;
  readonly processor: Processor;
  readonly device: Device;
}

async function* readAhead(
  utterances: readonly Utterance[],
  features: Features,
): AsyncGenerator<{ readonly utterance: Utterance; readonly loaded: LoadedFeatures | Error }> {
  const load = async (utterance: Utterance): Promise<{ utterance: Utterance; loaded: LoadedFeatures | Error }> => {
    // Kept, not thrown: nobody awaits this yet.
    const loaded = await features.load(utterance).catch((error: unknown) => error);
    return { utterance, loaded: loaded as LoadedFeatures | Error };
  };
  const waiting: ReturnType<typeof load>[] = [];
  for (const next of utterances) {
    waiting.push(load(next));
    const first = waiting.length > ahead ? waiting.shift() : undefined;
    if (first) yield await first;
  }
  for (const last of waiting) yield await last;
}

function tooShort(
  utterance: Utterance,
  { samples }: LoadedFeatures,
  frames: (samples: number) => number,
): AudioError | undefined {
  if (frames(samples) > 0) return undefined;
  return new AudioError(`${utterance.audio}: its ${samples} samples are too few for a single frame`);
}
