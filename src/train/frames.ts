/** How many frames a model makes of audio, so that CTC sees the true length of every padded utterance. */

import { Builder } from '../onnx/builder.ts';
import type { Model } from '../onnx/graph.ts';
import { specialize } from '../onnx/specialize.ts';
import { framesOf, type Processor } from '../speech/processor.ts';
import type { Ports } from './ports.ts';

/** By the convolutions that config.json lists, as Hugging Face counts; else by what the model makes of two lengths. */
export function frameCounter(model: Model, ports: Ports, processor: Processor): (samples: number) => number {
  const { convolutions, sampleRate } = processor;
  if (convolutions) return (samples) => framesOf(samples, convolutions);
  const [short, long] = [sampleRate * 2, sampleRate * 12];
  const fewer = measureFrames(model, ports, short);
  const hop = (long - short) / (measureFrames(model, ports, long) - fewer);
  return (samples) => Math.max(0, Math.floor((samples - short) / hop) + fewer);
}

function measureFrames(model: Model, { audio, mask, logits }: Ports, samples: number): number {
  const b = new Builder();
  const inputs = { [audio.name]: b.input(audio.name, 'float32', [1, samples]) };
  if (mask) inputs[mask.name] = b.input(mask.name, 'int64', [1, samples]);
  const outputs = specialize(model, b, { inputs, parameters: new Map(), outputs: [logits.name] });
  return outputs.get(logits.name)?.dims[1] ?? 0;
}
