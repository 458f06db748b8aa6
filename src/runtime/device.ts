/** Chooses the training device by trying it: a listed device may not work. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RunSettings } from '../protocol/settings.ts';
import { OnnxruntimeError } from './onnxruntimeError.ts';
import { trainerFile } from './trainerFile.ts';
import { cudaPlatform } from './cuda/place.ts';
import { cudaIsSetUp } from './onnxruntime.ts';
import type { Device } from './session.ts';
import { measureUnits, type Measured, type UnitCosts } from './unitCosts.ts';

export interface ChosenDevice {
  readonly device: Device;
  /** One sentence: the reason for this device and against the others. */
  readonly reason: string;
  /** Its unit costs, under the load at the time of the test. */
  readonly units: UnitCosts;
}

/**
 * The requested device, or with `auto` the fastest that works.
 * @throws Error with the reason if the requested device does not work.
 */
export async function chooseDevice(choice: RunSettings['device']): Promise<ChosenDevice> {
  if (choice === 'cpu') {
    const { units } = await measureUnits('cpu');
    return { device: 'cpu', reason: 'The CPU was asked for.', units };
  }
  if (choice !== 'auto') {
    const found = await tryDevice(choice);
    if (typeof found === 'string') throw new Error(`The device "${choice}" does not work here: ${found}.`);
    return { device: choice, reason: `${choice} was asked for.`, units: found.units };
  }
  // One after the other: parallel measurements would disturb each other.
  const results: { readonly device: Device; readonly found: Measured | string }[] = [];
  for (const device of ['cuda', 'webgpu'] as const) results.push({ device, found: await tryDevice(device) });
  const cpu = await measureUnits('cpu');
  const working = results.flatMap(({ device, found }) => (typeof found === 'string' ? [] : [{ device, ...found }]));
  const best = [{ device: 'cpu' as Device, ...cpu }, ...working].reduce((a, b) => (b.speed > a.speed ? b : a));
  const others = results.flatMap(({ device, found }) => {
    if (device === best.device) return [];
    return [`${device}: ${typeof found === 'string' ? found : 'slower'}`];
  });
  const name = best.device === 'cpu' ? 'the CPU' : best.device;
  const { device, units } = best;
  return { device, units, reason: `Trains on ${name}, the fastest that works here (${others.join('; ')}).` };
}

/** Tries a device in a process of its own, because a broken driver may end the process. @returns its unit costs, or the reason why it does not work. */
export async function tryDevice(device: Device): Promise<Measured | string> {
  if (device === 'cuda' && !cudaIsSetUp()) {
    return cudaPlatform ? 'it is not set up ("pinch setup cuda" does that)' : 'it works on Linux on x64 only';
  }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [trainerFile(), '--probe', device], {
      timeout: 60_000,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    const answer = JSON.parse(stdout) as Partial<Measured> & { readonly error?: string };
    const { speed, units, error } = answer;
    return speed !== undefined && units ? { speed, units } : (error ?? 'it gave no answer');
  } catch (error) {
    const { signal, killed } = error as { signal?: string | null; killed?: boolean };
    if (killed === true) return 'it gave no answer within a minute';
    return signal ? `it ended its process (${signal})` : 'it ended its process';
  }
}

/** The output of a probing process: one line of JSON. */
export async function answerProbe(device: Device): Promise<string> {
  try {
    return JSON.stringify(await measureUnits(device));
  } catch (error) {
    // The reason is preceded by the functions that passed it on.
    return JSON.stringify({
      error:
        error instanceof OnnxruntimeError
          ? (error.reason.split(/: (?=[A-Z])/u).at(-1) ?? error.reason)
          : (error as Error).message,
    });
  }
}
