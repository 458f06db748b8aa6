/** What a run is made from: settings with absolute paths, versions, and checksums that tell whether something changed since. */

import pinchPackage from '../../package.json' with { type: 'json' };
import { loadModel } from '../onnx/file/load.ts';
import { hashModel } from '../onnx/folder/modelFiles.ts';
import { runFileVersion, type RunFile } from '../protocol/records.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { hashManifest } from '../speech/manifest/hash.ts';
import { onnxruntimeVersion } from '../runtime/session.ts';

/** run.json of a new run. @throws Error if the model or a manifest cannot be read. */
export async function describeRun(settings: RunSettings): Promise<RunFile> {
  return {
    version: runFileVersion,
    pinch: pinchPackage.version,
    onnxruntime: onnxruntimeVersion,
    node: process.version,
    created: new Date().toISOString(),
    settings: { ...settings },
    checksums: await checksumsOf(settings),
  };
}

/** @throws Error naming what is not what it was when the run was made: going on would give neither the one run nor the other. */
export async function checkInputs(settings: RunSettings, before: RunFile['checksums']): Promise<void> {
  const now = await checksumsOf(settings);
  for (const key of ['model', 'train', 'dev'] as const) {
    if (now[key] === before[key]) continue;
    throw new Error(
      `${settings[key] ?? key}: it has changed since the run was started; put it back, or start a new run.`,
    );
  }
}

async function checksumsOf({ model, train, dev }: RunSettings): Promise<RunFile['checksums']> {
  const [ofModel, ofTrain, ofDev] = await Promise.all([
    loadModel(model).then(hashModel),
    hashManifest(train),
    dev === null ? null : hashManifest(dev),
  ]);
  return { model: ofModel, train: ofTrain, dev: ofDev };
}
