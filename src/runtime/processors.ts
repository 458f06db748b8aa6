/** The number of processors for computation. */

import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * Physical cores that this process may use: two threads of one core share its arithmetic units, so a second thread gains little in matrix
 * products. Undefined where the system does not tell; only Linux does, in files.
 * @param folder of the system's own description of its processors
 */
export function physicalCores(folder = '/sys/devices/system/cpu'): number | undefined {
  try {
    const siblings = readdirSync(folder)
      .filter((name) => /^cpu\d+$/u.test(name))
      .map((name) => readFileSync(join(folder, name, 'topology', 'thread_siblings_list'), 'utf8').trim());
    return siblings.length === 0 ? undefined : Math.min(new Set(siblings).size, availableParallelism());
  } catch {
    return undefined;
  }
}
