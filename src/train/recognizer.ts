/** Runs a CTC model on audio and writes down what it says. */

import type { Graph } from '../onnx/graph.ts';
import { allocate, type DataType, type Tensor } from '../onnx/tensor.ts';
import { bestPath, collapse } from '../speech/greedy.ts';
import { framesOf, type Processor } from '../speech/processor.ts';
import { findPorts, type Ports } from './ports.ts';
import { Session, type Device } from './session.ts';

export interface RecognizerOptions {
  readonly device: Device;
  readonly threads?: number;
}

export class Recognizer {
  private readonly file: string;
  private readonly session: Session;
  private readonly ports: Ports;
  private readonly processor: Processor;

  private constructor(file: string, session: Session, ports: Ports, processor: Processor) {
    this.file = file;
    this.session = session;
    this.ports = ports;
    this.processor = processor;
  }

  /**
   * @param file the ONNX file; onnxruntime reads it itself, external data included.
   * @param graph the same file, read by us.
   * @throws Error if it is no CTC model that takes samples, or onnxruntime cannot load it.
   */
  static async open(file: string, graph: Graph, processor: Processor, options: RecognizerOptions): Promise<Recognizer> {
    const ports = findPorts(graph, file, processor.vocabulary.size);
    return new Recognizer(file, await Session.create(file, options), ports, processor);
  }

  /** Utterances the model takes at once; undefined if it takes any number. */
  get batchSize(): number | undefined {
    const batch = this.ports.audio.dims?.[0];
    return typeof batch === 'number' ? batch : undefined;
  }

  /**
   * The texts of utterances that are padded to the longest of them and run together. Blocks the thread meanwhile.
   * @param utterances samples at the processor's rate, normalised if it says so.
   */
  async recognize(utterances: readonly Float32Array[]): Promise<string[]> {
    const samples = Math.max(...utterances.map((utterance) => utterance.length));
    const dims = [utterances.length, samples];
    const audio = new Float32Array(utterances.length * samples).fill(this.processor.paddingValue);
    utterances.forEach((utterance, index) => audio.set(utterance, index * samples));
    const { audio: input, mask, logits: output } = this.ports;
    const outputs = await this.session.run({
      [input.name]: { type: 'float32', dims, data: audio },
      ...(mask ? { [mask.name]: maskOf(mask.type, utterances, samples) } : {}),
    });
    const logits = outputs[output.name]?.tensor;
    const [, frames = 0, symbols = 0] = logits?.dims ?? [];
    const { vocabulary } = this.processor;
    if (!(logits?.data instanceof Float32Array) || logits.dims.length !== 3 || symbols < vocabulary.size) {
      const given = logits ? `${logits.type} [${logits.dims.join(', ')}]` : 'nothing';
      throw new Error(
        `${this.file}: its output ${output.name} is ${given}; Pinch needs float32 [batch, frames, ${vocabulary.size} or more].`,
      );
    }
    const { data } = logits;
    if (data.some(Number.isNaN)) {
      throw new Error(
        `${this.file}: the model's output is not a number (NaN); its weights are damaged, or it was trained too fast.`,
      );
    }
    return utterances.map((utterance, index) => {
      const own = data.subarray(index * frames * symbols, (index + 1) * frames * symbols);
      const path = bestPath(own, this.framesOf(utterance.length, samples, frames), symbols);
      return vocabulary.text(collapse(path, vocabulary.blank));
    });
  }

  async dispose(): Promise<void> {
    await this.session.dispose();
  }

  /** The frames that are not padding: by the model's own convolutions, or else in proportion. */
  private framesOf(samples: number, paddedSamples: number, frames: number): number {
    if (samples === paddedSamples) return frames;
    const { convolutions } = this.processor;
    const own = convolutions ? framesOf(samples, convolutions) : Math.ceil((frames * samples) / paddedSamples);
    return Math.min(frames, own);
  }
}

/** 1 where an utterance has samples, 0 where it is padded. */
function maskOf(type: DataType, utterances: readonly Float32Array[], samples: number): Tensor {
  const data = allocate(type, utterances.length * samples);
  const one = data instanceof BigInt64Array || data instanceof BigUint64Array ? 1n : 1;
  utterances.forEach((utterance, row) => data.fill(one as never, row * samples, row * samples + utterance.length));
  return { type, dims: [utterances.length, samples], data };
}
