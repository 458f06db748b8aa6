/**
 * Training on WebGPU against the CPU, both exporters: the same losses, gates, weights and moments; everything but CTC runs on the device;
 * weights and moments stay there. SwiftShader, Chromium's Vulkan without a GPU, is device enough.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TensorData } from '../../src/onnx/graph/tensor.ts';
import { readSafetensors, type SafetensorsFile } from '../../src/onnx/file/safetensors.ts';
import type { DeviceSteps } from './deviceSteps.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const driver = process.env['VK_ICD_FILENAMES'] ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const present = existsSync(driver);
if (!present)
  console.warn(`LEFT OUT: training on WebGPU, for want of ${driver} (apt-get install chromium libvulkan1).`);

interface DeviceRun extends DeviceSteps {
  readonly state: SafetensorsFile['tensors'];
  readonly executed: readonly Executed[];
}

/** What onnxruntime's profile says of one run of one node. */
interface Executed {
  readonly name: string;
  readonly args: {
    readonly op_name: string;
    readonly provider: string;
    /** One object a tensor: its dims by its type. */
    readonly output_type_shape: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

async function run(folder: string, model: string, device: string): Promise<DeviceRun> {
  const stateFile = join(folder, `${device}.safetensors`);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      ...['--import', 'tsx', join(import.meta.dirname, 'deviceSteps.ts')],
      ...[join(shared, 'reference/w2v2-tiny', model), device, stateFile, join(folder, device)],
    ],
    { env: { XDG_RUNTIME_DIR: tmpdir(), ...process.env, VK_ICD_FILENAMES: driver } },
  );
  const profile = (await readdir(folder)).find((name) => name.startsWith(`${device}_`) && name.endsWith('.json'));
  const events = JSON.parse(await readFile(join(folder, profile!), 'utf8')) as (Executed & { cat: string })[];
  return {
    ...(JSON.parse(stdout) as DeviceSteps),
    state: (await readSafetensors(stateFile)).tensors,
    executed: events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time')),
  };
}

/** |x − y| / |y|, of the vectors that the tensors are. */
function distance(x: TensorData, y: TensorData): number {
  let [apart, size] = [0, 0];
  y.forEach((value: number | bigint, i: number) => {
    apart += (Number(x[i]) - Number(value)) ** 2;
    size += Number(value) ** 2;
  });
  return apart === 0 ? 0 : Math.sqrt(apart / size);
}

describe.skipIf(!present).each(['model.legacy.onnx', 'model.onnx'])('five gated steps of %s on WebGPU', (model) => {
  let folder: string;
  let cpu: DeviceRun;
  let webgpu: DeviceRun;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pinch-'));
    cpu = await run(folder, model, 'cpu');
    webgpu = await run(folder, model, 'webgpu');
    console.log(`Seconds of each step on WebGPU: ${webgpu.seconds.map((s) => s.toFixed(1)).join(', ')}.`);
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("losses, gradient norms, sparsities and thresholds are the CPU's", () => {
    expect(webgpu.steps).toHaveLength(5);
    webgpu.steps.forEach((step, i) => {
      const expected = cpu.steps[i]!;
      for (const name of ['loss', 'ctcLoss', 'gradientNorm'] as const) {
        expect(Math.abs(step[name] / expected[name] - 1), name).toBeLessThan(1e-3);
      }
      expect(step.sparsity).toBeCloseTo(expected.sparsity, 3);
      expect(step.layers).toHaveLength(12);
      step.layers.forEach(({ threshold }, k) => expect(threshold).toBeCloseTo(expected.layers[k]!.threshold!, 4));
    });
    // The steps learn something, so equal losses say something.
    expect(webgpu.steps[4]!.ctcLoss).toBeLessThan(0.95 * webgpu.steps[0]!.ctcLoss);
  });

  test("weights and moments after the steps are the CPU's", () => {
    expect([...webgpu.state.keys()].sort()).toEqual([...cpu.state.keys()].sort());
    for (const [name, { data }] of webgpu.state) {
      // The softmax of attention takes no notice of the keys' bias, so its gradient is nothing but rounding.
      if (name.endsWith('k_proj.bias'))
        data.forEach((x: number | bigint) => expect(Math.abs(Number(x))).toBeLessThan(1e-6));
      // A weight at its threshold may fall on the other side by rounding, and is then updated by another gradient.
      else expect(distance(data, cpu.state.get(name)!.data), name).toBeLessThan(2e-3);
    }
  });

  test('nothing but CTC runs on the CPU', () => {
    const others = webgpu.executed.filter(({ name }) => !name.startsWith('ctc/'));
    expect(others.filter(({ args }) => args.provider === 'CPUExecutionProvider').map(({ name }) => name)).toEqual([]);
    const onDevice = others.filter(({ args }) => args.provider === 'WebGpuExecutionProvider');
    for (const part of [/^grad\//u, /\/gate\//u, /\/gate_gradient\//u, /\/adamw\//u]) {
      expect(onDevice.filter(({ name }) => part.test(name)).length).toBeGreaterThan(50);
    }
    expect(onDevice.length).toBeGreaterThan(2000);
  });

  test('parameters of one shape share their gates and their updates', () => {
    // Twelve gated layers of three shapes, 39 parameters of eleven: each chain of operators runs once for each shape.
    const updates = webgpu.executed.filter(({ name }) => /\/adamw\//u.test(name));
    expect(updates.length / 5).toBeLessThan(12 * 20);
    expect(webgpu.executed.filter(({ name }) => /\/gate_gradient\//u.test(name)).length / 5).toBeLessThan(20 * 4);
  });

  test('in a step only the logits come to the host, and only their gradient goes back', () => {
    const copies = webgpu.executed.filter(({ args }) => args.op_name.startsWith('Memcpy'));
    const moved = copies.map(
      ({ args }) => `${args.op_name} ${args.output_type_shape.map((t) => Object.values(t)).join()}`,
    );
    // Four utterances of a second, 49 frames each, 32 symbols.
    expect(moved.sort()).toEqual([
      ...Array<string>(5).fill('MemcpyFromHost 4,49,32'),
      ...Array<string>(5).fill('MemcpyToHost 4,49,32'),
    ]);
  });

  test('weights and moments stay on the device; thresholds alone come back', () => {
    const large = [...webgpu.state.keys()].filter((name) => name !== 'rms' && !name.endsWith('thresholds'));
    expect(webgpu.onDevice.toSorted()).toEqual(large.sort());
    expect(webgpu.changedOnHost.toSorted()).toEqual(['adam.m/thresholds', 'adam.v/thresholds', 'thresholds']);
  });
});
