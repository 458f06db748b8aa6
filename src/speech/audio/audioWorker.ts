/** The worker thread that reads audio: one request in, one answer out, numbers handed over without a copy. */

import { parentPort } from 'node:worker_threads';
import { measureFiles, type FilesToMeasure, type MeasuredFiles } from './length.ts';
import { loadAudio, type AudioFormat, type AudioSource } from './load.ts';

export type AudioRequest =
  | { readonly kind: 'load'; readonly id: number; readonly source: AudioSource; readonly format: AudioFormat }
  | { readonly kind: 'measure'; readonly id: number; readonly files: FilesToMeasure };

export type AudioAnswer =
  | { readonly kind: 'samples'; readonly id: number; readonly samples: Float32Array }
  | { readonly kind: 'measured'; readonly id: number; readonly files: MeasuredFiles }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

let before: Promise<void> = Promise.resolve();

// One after the other: a thread gains nothing from decoding two files in turns, and holds both in memory.
parentPort?.on('message', (request: AudioRequest) => {
  before = before.then(() => answer(request));
});

async function answer(request: AudioRequest): Promise<void> {
  const { id } = request;
  try {
    if (request.kind === 'measure') {
      const files = await measureFiles(request.files);
      post({ kind: 'measured', id, files }, [files.values.buffer]);
    } else {
      const samples = await loadAudio(request.source, request.format);
      post({ kind: 'samples', id, samples }, [samples.buffer]);
    }
  } catch (error) {
    post({ kind: 'error', id, message: error instanceof Error ? error.message : String(error) });
  }
}

function post(message: AudioAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
