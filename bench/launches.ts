/**
 * What a gated step costs a device beside arithmetic: kernels launched, nodes that fell back to the CPU, bytes that crossed. Counted from
 * onnxruntime's profile of a second step on one utterance of a second, on SwiftShader where there is no graphics card: the counts do not depend
 * on either.
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keepMemory } from '../src/train/start/process.ts';

interface ProfileEvent {
  readonly cat?: string;
  readonly name: string;
  readonly ts: number;
  readonly args?: {
    readonly op_name?: string;
    readonly provider?: string;
    /** One object a tensor: its dims by its type. */
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

export interface Launches {
  /** Programs that the device was given in one step. */
  readonly launches: number;
  readonly nodesOnDevice: number;
  /** Outside of CTC, which is kept on the CPU on purpose. */
  readonly nodesOnCpu: readonly string[];
  readonly ctcNodes: number;
  readonly bytesToHost: number;
  readonly bytesToDevice: number;
  /** The ten kinds of kernels that are launched most. */
  readonly kernels: Readonly<Record<string, number>>;
}

/** @param driver of Vulkan; undefined for the system's own */
export async function launches(model: string, driver: string | undefined): Promise<Launches> {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-bench-'));
  try {
    const args = ['--import', 'tsx', join(import.meta.dirname, 'step.ts'), model, 'gated', '0', '1', '1'];
    await promisify(execFile)(process.execPath, [...args, join(folder, 'profile'), 'webgpu'], {
      env: {
        ...{ XDG_RUNTIME_DIR: tmpdir(), ...process.env, ...keepMemory },
        ...(driver === undefined ? {} : { VK_ICD_FILENAMES: driver }),
      },
    });
    const [file = ''] = readdirSync(folder);
    return count(JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function count(events: readonly ProfileEvent[]): Launches {
  const runs = events.filter(({ name }) => name === 'model_run').length;
  const nodes = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
  const programs = events.filter(({ cat }) => cat === 'Api');
  const onCpu = nodes.filter(({ args }) => args?.provider === 'CPUExecutionProvider');
  const bytes = (op: string): number =>
    nodes
      .filter(({ args }) => args?.op_name === op)
      .flatMap(({ args }) => args?.output_type_shape ?? [])
      .flatMap((shapes) => Object.values(shapes))
      .reduce((sum, dims) => sum + 4 * dims.reduce((product, n) => product * n, 1), 0) / runs;
  const kinds = new Map<string, number>();
  // A program's name is its node's, its operator's and its own, with & between.
  for (const { name } of programs) {
    const kind = name.split('&').at(-1) ?? name;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const most = Array.from(kinds, ([kind, times]) => [kind, times / runs] as const).toSorted((a, b) => b[1] - a[1]);
  return {
    launches: programs.length / runs,
    nodesOnDevice: nodes.filter(({ args }) => args?.provider === 'WebGpuExecutionProvider').length / runs,
    nodesOnCpu: [...new Set(onCpu.filter(({ name }) => !name.startsWith('ctc/')).map(({ name }) => name))],
    ctcNodes: onCpu.filter(({ name }) => name.startsWith('ctc/')).length / runs,
    bytesToHost: bytes('MemcpyToHost'),
    bytesToDevice: bytes('MemcpyFromHost'),
    kernels: Object.fromEntries(most.slice(0, 10)),
  };
}
