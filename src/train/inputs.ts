/** What a run is made from: settings with absolute paths, versions, and checksums that tell whether something changed since. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import pinchPackage from '../../package.json' with { type: 'json' };
import { loadModel, type ModelFile } from '../onnx/load.ts';
import type { RunFile } from '../protocol/records.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { readManifest } from '../speech/manifest/read.ts';
import { modelFiles } from './modelSize.ts';
import { onnxruntimeVersion } from './session.ts';

/** run.json of a new run. @throws Error if the model or a manifest cannot be read. */
export async function describeRun(settings: RunSettings): Promise<RunFile> {
  return {
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

/** SHA-256 of the ONNX file and of each file that holds some of its tensors, one behind the other. */
export async function hashModel(file: ModelFile): Promise<string> {
  const hash = createHash('sha256');
  // The same memory again and again: a stream's chunks are new each time, and clearing them takes as long as the checksum.
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (const path of modelFiles(file)) {
    const from = await open(path, 'r');
    try {
      for (;;) {
        const { bytesRead } = await from.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        hash.update(chunk.subarray(0, bytesRead));
      }
    } finally {
      await from.close();
    }
  }
  return hash.digest('hex');
}

/** Of what the manifest says, whatever its kind; the audio is not read. */
export async function hashManifest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const { id, text, offset, duration } of await readManifest(path)) {
    hash.update(`${JSON.stringify([id, text, offset, duration])}\n`);
  }
  return hash.digest('hex');
}
