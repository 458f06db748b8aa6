/** The only module that uses onnxruntime: sessions, tensors that stay where they are, and tests of devices. */

import type * as ort from 'onnxruntime-node';
import { encodeModel } from '../onnx/file/encode.ts';
import { Builder } from '../onnx/graph/builder.ts';
import type { Model } from '../onnx/graph/graph.ts';
import { float32, type Tensor, type TensorData } from '../onnx/graph/tensor.ts';
import { onnxruntime } from './onnxruntime.ts';
import { OnnxruntimeError } from './onnxruntimeError.ts';
import { physicalCores } from './processors.ts';

export const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** The environment variable for the threads of one operator, where several trainers share a machine. */
export const threadsVariable = 'PINCH_THREADS';

export const onnxruntimeVersion = onnxruntime.env.versions.node ?? 'unknown';

/** The last of onnxruntime's five levels of logging. */
const fatalOnly = 4;
const quiet: ort.InferenceSession.RunOptions = { logSeverityLevel: fatalOnly };
// Messages outside any session, such as a device that is not available.
onnxruntime.env.logLevel = 'fatal';

export interface SessionOptions {
  readonly device: Device;
  /** Threads of one operator on the CPU. Default: PINCH_THREADS, or one per physical core. */
  readonly threads?: number;
  /** Every output is written to a tensor given to `runInto`, and nothing is returned. For Pinch's own graphs on the CPU. */
  readonly inPlace?: boolean;
  /** False to release memory after every run on the CPU, for inputs of varying sizes. Default: true. */
  readonly keepMemory?: boolean;
  /** Outputs that stay on the device. No effect on the CPU. */
  readonly resident?: readonly string[];
  /** Names of nodes that run on the CPU on any device, including those of Scan bodies. */
  readonly cpuNodes?: readonly string[];
  /** Write a profile of every operator run to a file with this prefix; it is complete once the session is disposed of. */
  readonly profilePrefix?: string;
}

/** A tensor as onnxruntime holds it: over an array of ours on the CPU, or in the device's own memory. */
export class OrtTensor {
  /** @internal */
  readonly value: ort.Tensor;

  private constructor(value: ort.Tensor) {
    this.value = value;
  }

  /** @internal */
  static of(value: ort.Tensor): OrtTensor {
    return new OrtTensor(value);
  }

  /** Gives onnxruntime a tensor without copying it: its writes appear in the array. */
  static from(tensor: Tensor): OrtTensor {
    // onnxruntime's constructor is overloaded by type, and a union of types cannot select an overload.
    const Tensor = onnxruntime.Tensor as unknown as new (
      type: string,
      data: TensorData,
      dims: readonly number[],
    ) => ort.Tensor;
    return new OrtTensor(new Tensor(tensor.type, tensor.data, tensor.dims));
  }

  get onDevice(): boolean {
    return this.value.location !== 'cpu';
  }

  /** The elements, without a copy. @throws for a tensor on a device; see `Session.download`. */
  get tensor(): Tensor {
    // Asking a device tensor for its data ends the whole process (onnxruntime-node 1.30), so this is checked here.
    if (this.onDevice) throw new Error('this tensor is on the device and has to be downloaded first');
    return { type: this.value.type as Tensor['type'], dims: this.value.dims, data: this.value.data as TensorData };
  }

  /** Frees device memory; no effect on the CPU. */
  dispose(): void {
    if (this.onDevice) this.value.dispose();
  }
}

/** An input of `run`: our tensor, or one that onnxruntime already holds. */
export type Feed = Tensor | OrtTensor;

export class Session {
  private readonly session: ort.InferenceSession;
  /** The name of its model in messages. */
  private readonly subject: string;

  private constructor(session: ort.InferenceSession, subject: string) {
    this.session = session;
    this.subject = subject;
  }

  /**
   * @param model a file (read by onnxruntime, including external data), encoded bytes, or a graph that Pinch built.
   * @throws OnnxruntimeError
   */
  static async create(model: string | Uint8Array | Model, options: SessionOptions): Promise<Session> {
    const source =
      typeof model === 'string' || model instanceof Uint8Array
        ? model
        : encodeModel(options.inPlace ? withoutResults(model) : model);
    // On a virtual machine with two cores, onnxruntime counted one, and a training step took 1.7 times as long (1.30).
    const threads = options.threads ?? threadsOfEnvironment() ?? physicalCores();
    const common: ort.InferenceSession.SessionOptions = {
      // Provider 'cpu' comes last and runs what the device cannot.
      executionProviders: [...providersOf(options), 'cpu'],
      // Errors are thrown as well, and warnings concern our graphs' unused names: only fatal messages are printed.
      logSeverityLevel: fatalOnly,
      graphOptimizationLevel: 'all',
      // A training step's tensors are large and the same each time. onnxruntime's own arena and memory patterns keep twice as much as malloc
      // (measured at wav2vec2-base size: 3.2 against 2.4 GB), which reuses pages as well as they do.
      ...(options.inPlace || options.keepMemory === false ? { enableCpuMemArena: false, enableMemPattern: false } : {}),
      // Adam's second moments decay into denormal numbers, on which processors compute a hundred times slower.
      extra: { session: { set_denormal_as_zero: '1' } },
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(options.profilePrefix === undefined
        ? {}
        : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
      ...(options.device === 'webgpu' && options.resident
        ? { preferredOutputLocation: Object.fromEntries(options.resident.map((name) => [name, 'gpu-buffer' as const])) }
        : {}),
    };
    const subject = subjectOf(model);
    try {
      // The two overloads of create do the same; TypeScript needs one of them chosen.
      const session =
        typeof source === 'string'
          ? await onnxruntime.InferenceSession.create(source, common)
          : await onnxruntime.InferenceSession.create(source, common);
      return new Session(session, subject);
    } catch (error) {
      throw new OnnxruntimeError(subject, 'load', error);
    }
  }

  get inputs(): readonly string[] {
    return this.session.inputNames;
  }

  get outputs(): readonly string[] {
    return this.session.outputNames;
  }

  /** Runs the graph and returns its outputs. Blocks the thread until done. @throws OnnxruntimeError */
  async run(feeds: Readonly<Record<string, Feed>>): Promise<Record<string, OrtTensor>> {
    const results = await this.session.run(valuesOf(feeds), quiet).catch((error: unknown) => {
      throw new OnnxruntimeError(this.subject, 'run', error);
    });
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, OrtTensor.of(value)]));
  }

  /**
   * Runs the graph and writes every output to the tensor given for it. A tensor that is also an input is updated in place. The session must have
   * been created `inPlace`. Blocks the thread until done.
   * @throws OnnxruntimeError
   */
  async runInto(feeds: Readonly<Record<string, Feed>>, into: Readonly<Record<string, OrtTensor>>): Promise<void> {
    try {
      await this.session.run(valuesOf(feeds), { [sequenceName]: null, ...valuesOf(into) }, quiet);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(sequenceRefused)) return;
      throw new OnnxruntimeError(this.subject, 'run', error);
    }
  }

  /** Copies device tensors to the host: onnxruntime-node cannot read a device tensor itself. */
  static async download(tensors: Readonly<Record<string, OrtTensor>>, device: Device): Promise<Record<string, Tensor>> {
    if (Object.keys(tensors).length === 0) return {};
    const { session, copies } = await copyThrough(tensors, device, false);
    await session.dispose();
    return Object.fromEntries(Object.entries(copies).map(([name, copy]) => [name, copy.tensor]));
  }

  /**
   * Copies tensors to the device, where they stay. The session they come from owns their memory: dispose of it after the tensors,
   * because freeing a tensor whose session is gone ends the process (onnxruntime-node 1.30).
   */
  static async upload(
    tensors: Readonly<Record<string, Tensor>>,
    device: Device,
  ): Promise<{ readonly session: Session; readonly copies: Readonly<Record<string, OrtTensor>> }> {
    const onHost = Object.entries(tensors).map(([name, tensor]) => [name, OrtTensor.from(tensor)] as const);
    return copyThrough(Object.fromEntries(onHost), device, true);
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}

/** Threads of one operator that the environment sets; undefined if it does not. */
export function threadsOfEnvironment(): number | undefined {
  const threads = Number(process.env[threadsVariable]);
  return Number.isSafeInteger(threads) && threads > 0 ? threads : undefined;
}

/** Copies tensors to or from the device, in one run of a graph that passes them through. */
async function copyThrough(
  tensors: Readonly<Record<string, OrtTensor>>,
  device: Device,
  stay: boolean,
): Promise<{ readonly session: Session; readonly copies: Readonly<Record<string, OrtTensor>> }> {
  const names = Object.keys(tensors);
  const b = new Builder();
  const copied = (name: string): string => `${name}#copy`;
  for (const [name, { value }] of Object.entries(tensors)) {
    b.output(b.input(name, value.type as Tensor['type'], value.dims), copied(name));
  }
  const session = await Session.create(
    { graph: b.graph('copy'), opsets: new Map([['', 20]]) },
    { device, ...(stay ? { resident: names.map(copied) } : {}) },
  );
  try {
    const results = await session.run(tensors);
    return { session, copies: Object.fromEntries(names.map((name) => [name, results[copied(name)] as OrtTensor])) };
  } catch (error) {
    await session.dispose();
    throw error;
  }
}

/** The model's name in messages. */
function subjectOf(model: string | Uint8Array | Model): string {
  if (typeof model === 'string') return model;
  return model instanceof Uint8Array ? 'The model' : `Pinch's graph "${model.graph.name}"`;
}

function providersOf({ device, cpuNodes = [] }: SessionOptions): ort.InferenceSession.ExecutionProviderConfig[] {
  if (device === 'cpu') return [];
  // The provider refuses an empty list.
  return device === 'webgpu' && cpuNodes.length > 0 ? [{ name: device, forceCpuNodeNames: cpuNodes }] : [device];
}

const sequenceName = '#ran';
const sequenceRefused = 'Non tensor type is temporarily not supported';

/**
 * Adds a first output that onnxruntime-node cannot return. It copies every output that it returns into new memory, including those that it has just
 * written to our tensors (js/node/src/inference_session_wrap.cc, 1.30); for all weights and moments, that would take longer than computing
 * them. It converts outputs in order after the graph has run, and stops at the first that is a sequence: by then everything is in its place.
 */
function withoutResults(model: Model): Model {
  const { graph } = model;
  const node = {
    opType: 'SequenceConstruct',
    domain: '',
    name: sequenceName,
    inputs: ['#nothing'],
    outputs: [sequenceName],
    attributes: {},
  };
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [...graph.nodes, node],
      outputs: [{ name: sequenceName, type: 'float32', dims: [1], sequence: true }, ...graph.outputs],
      initializers: new Map([...graph.initializers, ['#nothing', float32([0])]]),
    },
  };
}

function valuesOf(feeds: Readonly<Record<string, Feed>>): Record<string, ort.Tensor> {
  const values: Record<string, ort.Tensor> = {};
  for (const [name, feed] of Object.entries(feeds)) {
    values[name] = (feed instanceof OrtTensor ? feed : OrtTensor.from(feed)).value;
  }
  return values;
}
