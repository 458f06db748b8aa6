/** The first utterances of the digits as one batch. */

import { join } from 'node:path';
import { int64, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { loadAudio } from '../../src/speech/audio/load.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { framesOf, readProcessor } from '../../src/speech/text/processor.ts';
import { TextSteps } from '../../src/speech/text/steps/textSteps.ts';
import { autoSteps } from '../../src/protocol/textSteps.ts';

export const shared = process.env['PINCH_SHARED'] ?? join(import.meta.dirname, '../../../shared');

export interface FirstBatch {
  readonly audio: Tensor;
  readonly labels: Tensor;
  readonly labelLengths: Tensor;
  readonly frameLengths: Tensor;
  readonly blank: number;
}

/** Padded to the longest. @param folder of the model that is to read them. */
export async function firstBatch(folder: string, utterances: number): Promise<FirstBatch> {
  const { vocabulary, sampleRate, normalise, convolutions } = await readProcessor(folder);
  const first = (await readManifest(join(shared, 'data/digits/train.jsonl'))).slice(0, utterances);
  const sounds = await Promise.all(first.map(({ audio }) => loadAudio({ audio }, { sampleRate, normalise })));
  const steps = new TextSteps(autoSteps, vocabulary);
  const texts = first.map(({ text }) => Array.from(vocabulary.spell(steps.apply(text)).labels));
  const samples = Math.max(...sounds.map((sound) => sound.length));
  const audio = new Float32Array(utterances * samples);
  sounds.forEach((sound, i) => audio.set(sound, i * samples));
  const width = Math.max(...texts.map((labels) => labels.length));
  const padded = texts.flatMap((labels) => [...labels, ...new Array<number>(width - labels.length).fill(0)]);
  return {
    audio: { type: 'float32', dims: [utterances, samples], data: audio },
    labels: int64(padded, [utterances, width]),
    labelLengths: int64(texts.map((labels) => labels.length)),
    frameLengths: int64(sounds.map((sound) => framesOf(sound.length, convolutions!))),
    blank: vocabulary.blank,
  };
}
