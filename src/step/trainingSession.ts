/** A model in training: its weights, moments and thresholds, and the compiled graphs, one per shape of batch, that update them. */

import type { Graph } from '../onnx/graph/graph.ts';
import { float32, sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { DropoutMasks } from './dropout.ts';
import { SpecAugmentMasks } from './specAugment.ts';
import type { GraphCost } from '../runtime/graphCost.ts';
import { unknownLayers } from '../protocol/series.ts';
import { stateNames } from '../state/stateNames.ts';
import type { GateMode } from '../state/parameter.ts';
import type { BatchShape } from '../speech/batches/batches.ts';
import type { Batch } from '../speech/batches/batchStream.ts';
import { buildTrainingGraph, type TrainingGraph, type TrainingGraphOptions } from './trainingGraph.ts';
import type { StateChange } from '../state/pruned.ts';
import { OrtTensor, Session, type Feed } from '../runtime/session.ts';
import { stepFeeds, type Masks, type StepScalars } from './stepFeeds.ts';
import { trainingGraphOptions, type TrainingSessionOptions } from './trainingSessionOptions.ts';
import { frozenLayers, stepResult, type FrozenLayers, type StepResult } from './stepResult.ts';

/** A tensor on the device, and the state tensors of the host that it holds one after the other. */
interface DeviceTensor {
  readonly tensor: OrtTensor;
  readonly members: readonly string[];
}

interface Compiled {
  readonly session: Session;
  readonly graph: TrainingGraph;
  /** On the CPU: every state tensor in the shapes this graph wants, over the one array that holds it; reports beside them in `into`. */
  readonly feeds: Readonly<Record<string, OrtTensor>>;
  readonly into: Readonly<Record<string, OrtTensor>>;
}

export class TrainingSession {
  private readonly options: TrainingSessionOptions;
  private readonly compiled = new Map<string, Promise<Compiled>>();
  /** On the CPU the truth; on a device what was last written or read. */
  private readonly host: Map<string, Tensor>;
  /** State tensors on the device, single ones and stacks. Empty on the CPU. */
  private readonly device = new Map<string, DeviceTensor>();
  /** Sessions that own tensors on the device but compute nothing. */
  private readonly uploads: Session[] = [];
  private readonly masks: Masks;
  private gates: GateMode;
  private frozen: FrozenLayers = { layers: unknownLayers(0), sparsity: 0 };

  /** @param state before the first step, or of a checkpoint. The arrays become the session's own and are updated in place. */
  constructor(options: TrainingSessionOptions, state: Map<string, Tensor>) {
    this.options = options;
    this.host = state;
    this.masks = {
      dropout: new DropoutMasks(options.settings.dropout, options.seed),
      specAugment: options.specAugment && new SpecAugmentMasks(options.specAugment, options.seed),
    };
    this.gates = options.gates;
    if (this.gates === 'fixed') this.frozen = frozenLayers(this.options, this.host);
  }

  get mode(): GateMode {
    return this.gates;
  }

  /** Builds and loads the graph for a shape of batch ahead of its first use. Takes a second or two for a large model. */
  async compile(shape: BatchShape, update = true): Promise<GraphCost> {
    return (await this.graphFor(shape, update)).graph.cost;
  }

  /** One batch: forward, backward and, unless gradients accumulate, the update. */
  async step(batch: Batch, scalars: StepScalars): Promise<StepResult> {
    const compiled = await this.graphFor(batch.shape, scalars.update);
    // Copied before the step writes over them; metrics give the thresholds that the step used.
    const thresholds = Float32Array.from((this.host.get(stateNames.thresholds)?.data ?? []) as Float32Array);
    const feeds = this.feedsOf(compiled, batch, scalars);
    if (this.options.device === 'cpu') {
      await compiled.session.runInto({ ...compiled.feeds, ...feeds }, compiled.into);
      return this.result(compiled.into, thresholds);
    }
    if (this.options.device === 'webgpu') await this.uploadFrozen();
    const results = await compiled.session.run({ ...this.residentFeeds(compiled), ...feeds });
    this.keep(compiled, results);
    return this.result(results, thresholds);
  }

  /** Weights, moments and thresholds, under `stateNames`. On the CPU these are the live arrays, not copies. */
  async readState(): Promise<ReadonlyMap<string, Tensor>> {
    await this.download([...this.device.keys()]);
    return this.host;
  }

  /** The state as far as it is known after every step: what gates learn and count. On the CPU all of it. */
  get latest(): ReadonlyMap<string, Tensor> {
    return this.host;
  }

  /**
   * Writes changes into the state. Only after `readState`, because a stack on the device may have members that are not written, and is
   * sent again whole.
   */
  changeState(changes: Iterable<StateChange>): void {
    const written = new Set<string>();
    for (const { names, write } of changes) {
      write(
        names.map((name) => {
          const held = this.host.get(name);
          if (!held) throw new Error(`the state has no tensor "${name}"`);
          return held.data as Float32Array;
        }),
      );
      for (const name of names) written.add(name);
    }
    for (const [name, { tensor, members }] of this.device) {
      if (!members.some((member) => written.has(member))) continue;
      tensor.dispose();
      this.device.delete(name);
    }
    if (this.gates === 'fixed') this.frozen = frozenLayers(this.options, this.host);
  }

  /** From now on every gated weight that is zero stays zero, and thresholds do not change. The caller has set the weights. */
  freezeMasks(): void {
    this.gates = 'fixed';
    this.frozen = frozenLayers(this.options, this.host);
  }

  async dispose(): Promise<void> {
    // Tensors first: their memory is the sessions' device's, and freeing it after that is gone ends the process.
    for (const { tensor } of this.device.values()) tensor.dispose();
    this.device.clear();
    for (const compiled of this.compiled.values()) await (await compiled).session.dispose();
    this.compiled.clear();
    for (const session of this.uploads.splice(0)) await session.dispose();
  }

  private graphFor(shape: BatchShape, update: boolean): Promise<Compiled> {
    const options = trainingGraphOptions({ ...this.options, gates: this.gates }, shape, update);
    const key = `${shape.rows}x${shape.samples}x${shape.labels}:${this.gates}:${options.accumulation}`;
    let compiled = this.compiled.get(key);
    if (!compiled) {
      compiled = this.build(options);
      this.compiled.set(key, compiled);
    }
    return compiled;
  }

  private async build(graphOptions: TrainingGraphOptions): Promise<Compiled> {
    const { options } = this;
    const cpu = options.device === 'cpu';
    const graph = buildTrainingGraph(graphOptions);
    const session = await Session.create(graph.model, {
      device: options.device,
      inPlace: cpu,
      // What gates learn and count are a few numbers that are looked at after every step, so they come back.
      resident: graph.slots.flatMap(({ state, output }) =>
        output && !state.endsWith('thresholds') && !state.startsWith('groups/') ? [output.name] : [],
      ),
      // CTC takes hundreds of tiny steps one after the other: a launch on a device costs more than the step on the CPU.
      cpuNodes: nodeNames(graph.model.graph).filter((name) => name.startsWith('ctc/')),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.profilePrefix === undefined ? {} : { profilePrefix: options.profilePrefix }),
    });
    const feeds: Record<string, OrtTensor> = {};
    const into: Record<string, OrtTensor> = {};
    for (const slot of graph.slots) {
      const [dims = []] = slot.inputs.map(({ dims }) => dims);
      const own = slot.members.length > 1 ? dims.slice(1) : dims;
      for (const member of slot.members) this.stateTensor(member, own);
      if (!cpu) continue;
      const held = this.stateTensor(slot.state, dims);
      for (const { name, dims } of slot.inputs) feeds[name] = OrtTensor.from({ ...held, dims });
      // Written over what was read: every update waits for the global norm, and so for every gradient that reads a weight.
      if (slot.output) into[slot.output.name] = OrtTensor.from({ ...held, dims: slot.output.dims });
    }
    for (const { name, dims } of graph.reports) {
      into[name] = OrtTensor.from(float32(new Float32Array(sizeOf(dims)), dims));
    }
    return { session, graph, feeds, into };
  }

  /** The state tensor of that name; moments and gradient sums start at zero. */
  private stateTensor(name: string, dims: readonly number[]): Tensor {
    let held = this.host.get(name);
    if (!held) {
      held = float32(new Float32Array(sizeOf(dims)), dims);
      this.host.set(name, held);
    }
    return held;
  }

  /** On a device: what is there already, and the host's copy of what is not yet. */
  private residentFeeds(compiled: Compiled): Record<string, Feed> {
    if (this.options.device === 'cpu') return {};
    const feeds: Record<string, Feed> = {};
    for (const slot of compiled.graph.slots) {
      for (const { name, dims } of slot.inputs) {
        feeds[name] = this.device.get(slot.state)?.tensor ?? this.joined(slot.members, dims);
      }
    }
    return feeds;
  }

  /** The host's tensors one after the other, as a stack wants them; a single one as it is. */
  private joined(members: readonly string[], dims: readonly number[]): Tensor {
    const [first = ''] = members;
    if (members.length === 1) return { ...this.stateTensor(first, dims), dims };
    const data = new Float32Array(sizeOf(dims));
    members.forEach((member, i) => {
      const { data: own } = this.stateTensor(member, dims.slice(1));
      data.set(own as Float32Array, i * own.length);
    });
    return float32(data, dims);
  }

  /** Copies what a device tensor holds into the host's tensors. */
  private split(members: readonly string[], data: Float32Array): void {
    const size = data.length / members.length;
    members.forEach((member, i) => {
      (this.host.get(member)?.data as Float32Array | undefined)?.set(data.subarray(i * size, (i + 1) * size));
    });
  }

  /** Weights that are trained get to the device as the first step's outputs; the others would be sent again at every step. */
  private async uploadFrozen(): Promise<void> {
    const frozen = this.options.parameters.flatMap(({ initializer, trained }) => {
      const name = stateNames.weight(initializer);
      const tensor = trained || this.device.has(name) ? undefined : this.host.get(name);
      return tensor ? [[name, tensor] as const] : [];
    });
    if (frozen.length === 0) return;
    const { session, copies } = await Session.upload(Object.fromEntries(frozen), this.options.device);
    this.uploads.push(session);
    for (const [name, tensor] of Object.entries(copies)) this.device.set(name, { tensor, members: [name] });
  }

  private keep(compiled: Compiled, results: Readonly<Record<string, OrtTensor>>): void {
    for (const slot of compiled.graph.slots) {
      const next = slot.output && results[slot.output.name];
      if (!next) continue;
      if (next.onDevice) {
        this.device.get(slot.state)?.tensor.dispose();
        this.device.set(slot.state, { tensor: next, members: slot.members });
      } else this.split(slot.members, next.tensor.data as Float32Array);
    }
  }

  private feedsOf(compiled: Compiled, batch: Batch, scalars: StepScalars): Record<string, Feed> {
    const all = stepFeeds(this.options, compiled.graph, this.masks, batch, scalars);
    return Object.fromEntries(compiled.session.inputs.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));
  }

  private result(results: Readonly<Record<string, OrtTensor>>, thresholds: Float32Array): StepResult {
    return stepResult(this.options, (name) => results[name]?.tensor, thresholds, this.frozen);
  }

  /** Brings device tensors to the host, through a session that hands them out on the CPU. */
  private async download(names: readonly string[]): Promise<void> {
    const there = Object.fromEntries(
      names.flatMap((name) => {
        const held = this.device.get(name);
        return held ? [[name, held.tensor]] : [];
      }),
    );
    const found = await Session.download(there, this.options.device);
    for (const [name, tensor] of Object.entries(found)) {
      this.split(this.device.get(name)?.members ?? [name], tensor.data as Float32Array);
    }
  }
}

/** Names of a graph's nodes and of those in the bodies of its Scans. */
function nodeNames(graph: Graph): string[] {
  return graph.nodes.flatMap((node) => {
    const body = node.attributes['body'];
    return [node.name, ...(body?.type === 'graph' ? nodeNames(body.value) : [])];
  });
}
