/** What a run will take of memory and disk, estimated before it starts, and whether it can have that. */

import { byteSize } from '../../base/format.ts';
import { existsSync, statSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { StartRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { GraphCost } from '../../runtime/graphCost.ts';
import { modelFiles } from '../../onnx/folder/modelFiles.ts';
import { rowBytes } from '../../runs/metrics/layerRows.ts';
import type { Setup } from '../setup.ts';

/** Node, onnxruntime and the audio threads, measured. */
const ownMemory = 350e6;
/** What is held at once is this much more than a graph in its written order needs, measured on models of 1.7 and 94 million parameters. */
const holdsMore = 1.3;

/**
 * Bytes of memory at the most: the file, the weights, two moments of the trained ones and, if they accumulate, their gradients; and what a
 * step holds meanwhile.
 */
export function memoryOf(
  parameters: number,
  trained: number,
  accumulate: number,
  cost: Pick<GraphCost, 'bytes'>,
): number {
  const floats = 2 * parameters + (accumulate > 1 ? 3 : 2) * trained;
  return ownMemory + 4 * floats + holdsMore * cost.bytes;
}

/** What the disk of a run depends on. */
export interface DiskPlan {
  /** The size of the model's files before training. */
  readonly modelBytes: number;
  /** Numbers that are trained: each stands in a checkpoint with two moments. */
  readonly trained: number;
  /** Numbers that leave the model before a checkpoint of a step after `shrinksAt`. */
  readonly leaving: number;
  /** The last step with a whole model; `steps` if it stays whole. */
  readonly shrinksAt: number;
  readonly steps: number;
  readonly everySteps: number;
  readonly keep: number;
  readonly keepOptimizerState: RunSettings['checkpoint']['keepOptimizerState'];
  /** Evaluations that may each find the best checkpoint so far, which is written and kept besides. */
  readonly evaluations: number;
  /** Of a step in metrics.jsonl and layers.f32. */
  readonly stepBytes: number;
}

/** Bytes of the run folder when it is largest: while a checkpoint is written, the one before it still has all it needs to go on from. */
export function diskOf(plan: DiskPlan): number {
  const { modelBytes, trained, leaving, shrinksAt, steps, everySteps, keep, evaluations, stepBytes } = plan;
  const whole = { model: modelBytes, state: 12 * trained };
  const shrunk = { model: modelBytes - 4 * leaving, state: 12 * (trained - leaving) };
  const periodic = (upTo: number): number => Math.floor(upTo / everySteps);
  const early = periodic(Math.min(shrinksAt, steps - 1)) + (shrinksAt >= steps ? 1 + evaluations : 0);
  const late = shrinksAt >= steps ? 0 : 1 + periodic(steps - 1) - periodic(shrinksAt) + evaluations;
  // After so many of a kind, another changes nothing.
  const enough = keep + 2;
  const written = [...copies(whole, Math.min(early, enough)), ...copies(shrunk, Math.min(late, enough))];
  const best = evaluations > 0 && written.length > keep ? (written.at(-1)?.model ?? 0) : 0;
  let most = 0;
  for (const [index, newest] of written.entries()) {
    const held = [...written.slice(Math.max(0, index - keep), index), newest];
    const states = plan.keepOptimizerState === 'all' ? held : held.slice(-2);
    most = Math.max(most, sum(held.map(({ model }) => model)) + sum(states.map(({ state }) => state)));
  }
  return most + best + steps * stepBytes;
}

const copies = <T>(item: T, count: number): T[] => Array.from({ length: Math.max(0, count) }, () => item);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Bytes of a step's line in metrics.jsonl, measured. */
const lineBytes = 340;

/** What `diskOf` needs, of a run that is ready. */
export function diskPlanOf(setup: Setup, settings: RunSettings): DiskPlan {
  const { rows, layers, method, model, steps, data } = setup;
  const { everySteps, keep, keepOptimizerState } = settings.checkpoint;
  const sizes = modelFiles(model).map((path) => statSync(path).size);
  const groups = settings.granularity === 'neuron' && method.freezing !== undefined;
  const rests = settings.shrink.share < 1 ? (method.freezing?.from(steps) ?? steps) : steps - 1;
  const gated = sum(rows.filter((row) => row.gated).map(({ parameters }) => parameters));
  const epochs = (steps * settings.batch.accumulate) / data.plan.batchesPerEpoch;
  const evaluates = settings.dev !== null && settings.evaluate.everyEpochs > 0;
  return {
    modelBytes: sum(sizes),
    trained: sum(rows.filter((row) => row.trained).map(({ parameters }) => parameters)),
    leaving: groups ? settings.sparsity.target * gated : 0,
    shrinksAt: groups ? Math.min(rests, steps - 1) : steps,
    steps,
    everySteps,
    keep,
    keepOptimizerState,
    evaluations: evaluates ? Math.ceil(epochs / settings.evaluate.everyEpochs) : 0,
    stepBytes: lineBytes + rowBytes(layers.length),
  };
}

/** Goes on a sentence about memory. */
export function describeDisk({ diskBytes = 0 }: Pick<StartRecord, 'diskBytes'>): string {
  return diskBytes > 0 ? ` and up to ${byteSize(diskBytes)} of disk` : '';
}

/** What the machine has for a run. Undefined where the system does not say. */
export interface Room {
  /** Bytes of memory in all, or of this process's share where a container or a job sets one. */
  readonly memory: number;
  /** Bytes that are free where the run folder is. */
  readonly disk: number | undefined;
}

/** @param folder of the run, which need not be there yet. */
export async function roomFor(folder: string): Promise<Room> {
  const shared = process.constrainedMemory();
  // Without a limit the system gives 0, or a number larger than any memory.
  const memory = shared > 0 ? Math.min(totalmem(), shared) : totalmem();
  const found = await statfs(nearest(resolve(folder))).catch(() => undefined);
  // Some network file systems say that they have no blocks at all.
  const disk = found && found.blocks > 0 ? found.bavail * found.bsize : undefined;
  return { memory, disk };
}

function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

/** Bytes of all files in a folder; 0 if it is not there. */
export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(entries.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return sum(sizes.map((found) => (found?.isFile() === true ? found.size : 0)));
}

/** What is held however small the batches are. @returns bytes, without what a step holds */
export function leastMemory({ rows }: Pick<Setup, 'rows'>, { batch }: Pick<RunSettings, 'batch'>): number {
  const count = (some: Setup['rows']): number => sum(some.map(({ parameters }) => parameters));
  return memoryOf(count(rows), count(rows.filter((row) => row.trained)), batch.accumulate, { bytes: 0 });
}

/**
 * Why a run cannot be had here, and what to do, in a sentence; undefined if it can.
 * @param written bytes that the run folder has already, of those the run will take
 */
export function whyNotHere(
  { device, memoryBytes, diskBytes = 0 }: Pick<StartRecord, 'device' | 'memoryBytes' | 'diskBytes'>,
  room: Room,
  written = 0,
): string | undefined {
  // Elsewhere than on the CPU, what a step holds is in the device's own memory.
  if (device === 'cpu' && memoryBytes > room.memory) {
    return `The run needs about ${byteSize(memoryBytes)} of memory and there are ${byteSize(room.memory)} in all; lower batch.seconds, freeze more layers, or train on a machine with more memory.`;
  }
  if (room.disk !== undefined && diskBytes - written > room.disk) {
    return `The run folder needs up to ${byteSize(diskBytes)} of disk and ${byteSize(room.disk)} are free there; free some, lower checkpoint.keep, or put the run elsewhere with --run.`;
  }
  return undefined;
}
