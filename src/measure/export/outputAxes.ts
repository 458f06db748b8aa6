/** The axes of a model's output, where they are not those of Hugging Face's models. */

import type { ModelFile } from '../../onnx/file/load.ts';
import { toBatchFirst, type OutputAxes } from '../../onnx/model/outputAxes.ts';
import { findModelIO } from '../../runtime/modelIO.ts';
import { probeOutput } from '../../runtime/outputForm.ts';
import { Session } from '../../runtime/session.ts';
import { readProcessor } from '../../speech/text/processor.ts';

/** Undefined if the output is [batch, frames, symbols]. @throws Error with one sentence if the output cannot be understood. */
export async function outputAxes({ model, path, folder }: ModelFile): Promise<OutputAxes | undefined> {
  const { sampleRate, vocabulary } = await readProcessor(folder);
  const io = findModelIO(model.graph, path, vocabulary.size);
  const session = await Session.create(path, { device: 'cpu' });
  try {
    const fixed = io.audio.dims?.[0];
    const batch = typeof fixed === 'number' ? fixed : undefined;
    const { axes } = await probeOutput(session, model, path, io, { sampleRate, symbols: vocabulary.size, batch });
    return toBatchFirst(axes) === undefined ? undefined : axes;
  } finally {
    await session.dispose();
  }
}
