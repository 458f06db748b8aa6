/** The axes and the kind of a model's output, where they are not those of Hugging Face's models. */

import type { ModelFile } from '../../onnx/file/load.ts';
import { toBatchFirst, type OutputAxes } from '../../onnx/model/outputAxes.ts';
import type { Scores } from '../../onnx/model/scores.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { probeOutput } from '../../runtime/outputForm.ts';
import { Session } from '../../runtime/session.ts';
import { readProcessor } from '../../speech/text/processor.ts';

export interface SourceOutput {
  /** Undefined if the output is [batch, frames, symbols]. */
  readonly turned: OutputAxes | undefined;
  readonly scores: Scores;
}

/** @throws Error with one sentence if the output cannot be understood. */
export async function sourceOutput({ model, path, folder }: ModelFile): Promise<SourceOutput> {
  const { sampleRate, vocabulary } = await readProcessor(folder);
  const io = findModelIO(model.graph, path, vocabulary.size);
  const session = await Session.create(path, { device: 'cpu' });
  try {
    const fixed = io.audio.dims?.[0];
    const batch = typeof fixed === 'number' ? fixed : undefined;
    const { axes, scores } = await probeOutput(session, model, path, io, {
      sampleRate,
      symbols: vocabulary.size,
      batch,
    });
    return { turned: toBatchFirst(axes) === undefined ? undefined : axes, scores };
  } finally {
    await session.dispose();
  }
}
