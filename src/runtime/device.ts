/** Chooses what to train on: by trying, because a device that is listed need not work. */

import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { Builder } from '../onnx/graph/builder.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { OnnxruntimeError } from './onnxruntimeError.ts';
import { trainerFile } from './trainerFile.ts';
import { cudaPlatform } from './cuda/place.ts';
import { cudaIsSetUp } from './onnxruntime.ts';
import { Session, type Device } from './session.ts';

export interface ChosenDevice {
  readonly device: Device;
  /** One sentence: why this one, and why not the others. */
  readonly reason: string;
  /** Floating-point operations a second in matrix products, roughly. */
  readonly speed: number;
}

/**
 * The device that was asked for, or with `auto` the fastest that works.
 * @throws Error if the device that was asked for does not work, saying why.
 */
export async function chooseDevice(choice: RunSettings['device']): Promise<ChosenDevice> {
  if (choice === 'cpu') return { device: 'cpu', reason: 'The CPU was asked for.', speed: await measureSpeed('cpu') };
  if (choice !== 'auto') {
    const found = await tryDevice(choice);
    if (typeof found === 'string') throw new Error(`The device "${choice}" does not work here: ${found}.`);
    return { device: choice, reason: `${choice} was asked for.`, speed: found };
  }
  // One after the other: what runs beside a measurement is measured with it.
  const results: { readonly device: Device; readonly found: number | string }[] = [];
  for (const device of ['cuda', 'webgpu'] as const) results.push({ device, found: await tryDevice(device) });
  const speed = await measureSpeed('cpu');
  const working = results.flatMap(({ device, found }) => (typeof found === 'number' ? [{ device, speed: found }] : []));
  const best = [{ device: 'cpu' as Device, speed }, ...working].reduce((a, b) => (b.speed > a.speed ? b : a));
  const others = results.flatMap(({ device, found }) => {
    if (device === best.device) return [];
    return [`${device}: ${typeof found === 'string' ? found : 'slower'}`];
  });
  const name = best.device === 'cpu' ? 'the CPU' : best.device;
  return { ...best, reason: `Trains on ${name}, the fastest that works here (${others.join('; ')}).` };
}

/** Side of the square matrices that are multiplied to try a device. */
const side = 512;
/** Milliseconds in which a product is tried again and again. */
const trying = 300;

/** Runs a small matrix product a few times. @returns floating-point operations a second. @throws Error with onnxruntime's reason. */
export async function measureSpeed(device: Device): Promise<number> {
  const b = new Builder();
  const x = b.input('x', 'float32', [side, side]);
  const total = b.op('MatMul', [b.op('MatMul', [b.op('MatMul', [b.op('MatMul', [x, x]), x]), x]), x]);
  b.output(b.op('ReduceSum', [total]), 'sum');
  const graph = { graph: b.graph('probe'), opsets: new Map([['', 20]]) };
  const session = await Session.create(graph, { device });
  try {
    const feeds = {
      x: { type: 'float32' as const, dims: [side, side], data: new Float32Array(side * side).fill(1 / side) },
    };
    // With every element 1/n, the products of the matrix are the matrix itself.
    const sum = Number((await session.run(feeds))['sum']?.tensor.data[0]);
    if (Math.abs(sum - side) > 0.01 * side) throw new Error('it computes wrong results');
    let fastest = Infinity;
    // On a busy machine most runs are held up, so the fastest of some that take a third of a second in all counts.
    for (
      const began = performance.now(), runs = { count: 0 };
      runs.count < 3 || performance.now() - began < trying;
      runs.count++
    ) {
      const start = performance.now();
      await session.run(feeds);
      fastest = Math.min(fastest, performance.now() - start);
    }
    return (4 * 2 * side ** 3) / (fastest / 1000);
  } finally {
    await session.dispose();
  }
}

/** Tries a device in a process of its own, because drivers that do not work may end the process. @returns its speed, or why not. */
export async function tryDevice(device: Device): Promise<number | string> {
  if (device === 'cuda' && !cudaIsSetUp()) {
    return cudaPlatform ? 'it is not set up ("pinch setup cuda" does that)' : 'it works on Linux on x64 only';
  }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [trainerFile(), '--probe', device], {
      timeout: 60_000,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    const answer = JSON.parse(stdout) as { speed?: number; error?: string };
    return answer.speed ?? answer.error ?? 'it gave no answer';
  } catch (error) {
    const { signal, killed } = error as { signal?: string | null; killed?: boolean };
    if (killed === true) return 'it gave no answer within a minute';
    return signal ? `it ended its process (${signal})` : 'it ended its process';
  }
}

/** What a probing process prints: one line of JSON. */
export async function answerProbe(device: Device): Promise<string> {
  try {
    return JSON.stringify({ speed: await measureSpeed(device) });
  } catch (error) {
    // Functions that passed it on stand in front of the reason.
    return JSON.stringify({
      error:
        error instanceof OnnxruntimeError
          ? (error.reason.split(/: (?=[A-Z])/u).at(-1) ?? error.reason)
          : (error as Error).message,
    });
  }
}
