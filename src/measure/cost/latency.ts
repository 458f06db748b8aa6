/** Measures the latency of models for one utterance, side by side. */

import { median } from '../../base/median.ts';
import { performance } from 'node:perf_hooks';
import { floatsAs } from '../../onnx/graph/elements.ts';
import { attentionMask } from '../../runtime/attentionMask.ts';
import { Random } from '../../base/random.ts';
import type { ModelIO } from '../../runtime/modelIO.ts';
import { Session, type Device, type Feed } from '../../runtime/session.ts';

export interface LatencyOptions {
  /** Seconds of the utterance. */
  readonly seconds: number;
  /** In Hz. */
  readonly sampleRate: number;
  readonly device: Device;
  /** Threads of one operator on the CPU. Default: as many as other sessions have. */
  readonly threads?: number | undefined;
  /** Called with the number of runs done and in all. The total is a guess before the first run. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface Latency {
  /** Milliseconds for one utterance: the median of the runs. */
  readonly median: number;
  /** Divided by the first model's time in the same turn: the median of the turns. Load of the machine affects it less than the medians' ratio. */
  readonly ofFirst: number;
  readonly runs: number;
}

export interface TimedModel {
  /** The ONNX file. */
  readonly path: string;
  readonly io: ModelIO;
}

const fewestRuns = 5;
const mostRuns = 30;
/** Milliseconds for all models together, after the minimum number of runs. */
const longEnough = 4000;

/**
 * Runs one utterance of noise repeatedly at batch 1. The models take turns in one process, so that other load on the machine affects all of them
 * equally. Each has one warmup run, which also allocates and plans.
 * @throws Error with onnxruntime's own reason if a model cannot be run.
 */
export async function measureLatency(models: readonly TimedModel[], options: LatencyOptions): Promise<Latency[]> {
  const { seconds, sampleRate, device, threads, onProgress } = options;
  const samples = Math.round(seconds * sampleRate);
  const sessions: Session[] = [];
  try {
    onProgress?.(0, 0);
    for (const { path } of models) {
      sessions.push(await Session.create(path, { device, ...(threads === undefined ? {} : { threads }) }));
    }
    const feeds = models.map(({ io }) => noise(io, samples));
    const times = models.map((): number[] => []);
    const start = performance.now();
    for (let run = 0; run <= mostRuns; run++) {
      if (run > fewestRuns && performance.now() - start > longEnough) break;
      for (const [index, session] of sessions.entries()) {
        const before = performance.now();
        await session.run(feeds[index] ?? {});
        if (run > 0) times[index]?.push(performance.now() - before);
      }
      const expected = ((run + 1) * longEnough) / Math.max(1, performance.now() - start);
      onProgress?.(run, Math.max(run + 1, Math.min(mostRuns, Math.max(fewestRuns, Math.ceil(expected)))));
      // Lets cancellation and progress run.
      await new Promise(setImmediate);
    }
    const runs = times[0]?.length ?? 0;
    onProgress?.(runs, runs);
    return times.map((taken) => ({
      median: median(taken),
      ofFirst: median(taken.map((own, run) => own / (times[0]?.[run] ?? NaN))),
      runs: taken.length,
    }));
  } finally {
    for (const session of sessions) await session.dispose();
  }
}

/** Noise takes as long as speech. Silence might not, if numbers become denormal. */
function noise({ audio, mask }: ModelIO, samples: number): Record<string, Feed> {
  const random = Random.seeded(0);
  const dims = [1, samples];
  const sound = floatsAs(
    audio.type,
    Float32Array.from({ length: samples }, () => random.normal()),
    dims,
  );
  return { [audio.name]: sound, ...(mask ? { [mask.name]: attentionMask(mask.type, 1, samples) } : {}) };
}
