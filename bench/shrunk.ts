/** What a model would cost with a share of its units and heads gone, before anybody has trained it so. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../src/onnx/file/load.ts';
import { exposeParameters } from '../src/onnx/model/parameters.ts';
import { saveModel } from '../src/onnx/file/save.ts';
import { chooseGates, defaultGateRules } from '../src/prune/chooseGates.ts';
import { findGroups } from '../test/prune/findGroups.ts';
import { shrinkModel } from '../src/prune/shrink.ts';
import { countModel, measureCost } from '../src/measure/cost/modelCost.ts';
import type { ModelCost } from '../src/protocol/results/cost.ts';
import { copyProcessorFiles } from '../src/runfolder/processorCopies.ts';

/** Takes the same share of groups from every layer, as nearly as they allow, the first ones. */
export async function costWithout(
  path: string,
  share: number,
  { threads, encoderChannels }: { readonly threads: number; readonly encoderChannels: boolean },
): Promise<ModelCost> {
  const { file, parameters } = exposeParameters(await loadModel(path));
  const rules = { ...defaultGateRules, encoderChannels };
  const gated = new Set(
    chooseGates(parameters, rules).flatMap((one) => (one.gated ? [one.parameter.initializer] : [])),
  );
  const keep = findGroups(file.model, gated).layers.map(({ name, groups }) => {
    const gone = Math.round(share * groups);
    return [name, Uint8Array.from({ length: groups }, (_, group) => (group < gone ? 0 : 1))] as const;
  });
  const folder = await mkdtemp(join(tmpdir(), 'pinch-bench-'));
  try {
    const shrunk = join(folder, 'model.onnx');
    await saveModel(shrinkModel(file, gated, new Map(keep)).file, shrunk);
    await copyProcessorFiles(file.folder, folder);
    const [own, dense] = [await countModel(await loadModel(shrunk)), await countModel(await loadModel(path))];
    return await measureCost(own, dense, { threads, latency: true });
  } finally {
    await rm(folder, { recursive: true });
  }
}
