/** The part of a model in front of a cut, which makes features of one utterance at a time: alone, and so without padding. */

import { createHash } from 'node:crypto';
import { encodeModel } from '../../onnx/file/encode.ts';
import type { Model } from '../../onnx/graph/graph.ts';
import { namesWithin, withoutUnread } from '../../onnx/graph/subgraphs.ts';
import { float32 } from '../../onnx/graph/tensor.ts';
import { Session, type Device } from '../../runtime/session.ts';
import type { FeatureCut } from '../../step/featureCut.ts';

export class FeatureEncoder {
  /** SHA-256 of the encoder: its nodes and its weights. */
  readonly checksum: string;
  private readonly options: FeatureEncoderOptions;
  private bytes: Uint8Array | undefined;
  private session: Promise<Session> | undefined;

  constructor(options: FeatureEncoderOptions) {
    this.options = options;
    this.bytes = encodeModel(encoderOf(options));
    this.checksum = createHash('sha256').update(this.bytes).digest('hex');
  }

  /** [frames × channels] or [channels × frames] of an utterance, as the model makes them. Blocks the thread meanwhile. */
  async run(samples: Float32Array): Promise<Float32Array> {
    const { audioInput, cut } = this.options;
    const session = await (this.session ??= this.load());
    const outputs = await session.run({ [audioInput]: float32(samples, [1, samples.length]) });
    const features = outputs[cut.name]?.tensor.data;
    if (!(features instanceof Float32Array)) throw new Error(`the feature encoder did not give "${cut.name}"`);
    return features;
  }

  async dispose(): Promise<void> {
    await (await this.session)?.dispose();
  }

  private async load(): Promise<Session> {
    const bytes = this.bytes ?? encodeModel(encoderOf(this.options));
    this.bytes = undefined;
    // Every utterance has its own length: an arena would keep the memory of the longest for the whole run.
    return Session.create(bytes, { device: this.options.device, keepMemory: false });
  }
}

export interface FeatureEncoderOptions {
  readonly model: Model;
  readonly cut: Pick<FeatureCut, 'name'>;
  readonly audioInput: string;
  readonly device: Device;
}

function encoderOf({ model: { graph, opsets }, cut, audioInput }: FeatureEncoderOptions): Model {
  const nodes = withoutUnread(graph.nodes, [cut.name]);
  const read = new Set(nodes.flatMap((node) => [...node.inputs, ...namesWithin(node)]));
  return {
    graph: {
      name: 'features',
      // What exporters note of their source code would make the checksum depend on where that stood.
      nodes: nodes.map((node) => ({ ...node, metadata: {} })),
      inputs: graph.inputs.filter(({ name }) => name === audioInput),
      outputs: [{ name: cut.name, type: 'float32', dims: undefined }],
      initializers: new Map([...graph.initializers].filter(([name]) => read.has(name))),
    },
    opsets,
  };
}
