/** What a model costs: the numbers that follow from its shapes, ratios to a dense model, and how it is said. */

import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Model } from '../../../src/onnx/graph/graph.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { withFields } from '../../../src/onnx/file/protoCopy.ts';
import { saveModel } from '../../../src/onnx/file/save.ts';
import { float32 } from '../../../src/onnx/graph/tensor.ts';
import { describeCost } from '../../../src/measure/cost/costReport.ts';
import { diffModels } from '../../../src/measure/diff/diff.ts';
import { describeDiff } from '../../../src/measure/diff/diffReport.ts';
import { describeExport, exportModel } from '../../../src/measure/export/exportModel.ts';
import { inspect } from '../../../src/measure/inspect/inspect.ts';
import { describeGzipped } from '../../../src/measure/cost/modelSize.ts';
import { countModel, measureCost, originalOf, type CostOptions } from '../../../src/measure/cost/modelCost.ts';
import type { ModelCost } from '../../../src/protocol/results/cost.ts';
import { toyModel, writeToyModel } from '../../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-cost-'));
  writeToyModel(join(folder, 'dense'));
  writeToyModel(join(folder, 'small'), narrower());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

/** The toy with 24 of its 32 hidden units. */
function narrower(): Model {
  const model = toyModel();
  const ones = (...dims: number[]) => float32(new Float32Array(dims.reduce((size, dim) => size * dim)).fill(0.1), dims);
  const smaller = { dense0: ones(16, 24), bias0: ones(24), dense1: ones(24, 24), bias1: ones(24), head: ones(24, 5) };
  const initializers = new Map([...model.graph.initializers, ...Object.entries(smaller)]);
  return { ...model, graph: { ...model.graph, initializers } };
}

async function costOf(own: string, dense?: string, options: CostOptions = { latency: true }): Promise<ModelCost> {
  const counted = await countModel(await loadModel(at(own)));
  return measureCost(counted, dense === undefined ? undefined : await countModel(await loadModel(at(dense))), {
    threads: 1,
    ...options,
  });
}

/** A window of 320 samples every 160, in ten seconds of 16 kHz. */
const frames = (160_000 - 320) / 160 + 1;
const products = (hidden: number): number => frames * (16 * 320 + 16 * hidden + hidden * hidden + hidden * 5);

describe('measureCost', () => {
  test('multiply-accumulates follow from the shapes, latency from runs of one utterance', async () => {
    const { own, dense, ratios, seconds, runs, threads, problem } = await costOf('dense');
    expect({ seconds, threads, problem, dense, ratios }).toEqual({
      seconds: 10,
      threads: 1,
      problem: null,
      dense: null,
      ratios: null,
    });
    expect(own.multiplyAccumulates).toBe(products(32) / 10);
    expect(runs).toBeGreaterThanOrEqual(5);
    expect(own.latency).toBeGreaterThan(0);
    expect(own.realTimeFactor).toBeCloseTo((own.latency ?? 0) / 10_000, 12);
  });

  test('without being asked, nothing is run', async () => {
    const cost = await costOf('small', 'dense', {});
    expect(cost).toMatchObject({ runs: 0, problem: null, own: { latency: null, realTimeFactor: null } });
    expect(cost.own.multiplyAccumulates).toBe(products(24) / 10);
    expect(describeCost(cost)).not.toMatch(/^latency|^real-time factor/mu);
    expect(describeCost(cost)).toMatch(/Latency is measured with --latency/u);
  });

  test('timing says how far it is, and ends with all', async () => {
    const said: [number, number][] = [];
    const { runs } = await costOf('dense', undefined, {
      latency: true,
      onProgress: (done, total) => said.push([done, total]),
    });
    expect(said[0]).toEqual([0, 0]);
    expect(said.at(-1)).toEqual([runs, runs]);
    expect(said.slice(1, -1).every(([done, total]) => done < total)).toBe(true);
  });

  test('every number has its ratio to the dense model, and both are timed', async () => {
    const { own, dense, ratios, quantized } = await costOf('small', 'dense');
    expect(quantized).toBe(false);
    expect(ratios?.multiplyAccumulates).toBeCloseTo(products(24) / products(32), 12);
    expect(ratios?.parameters).toBeCloseTo(
      (16 * 320 + 16 * 24 + 24 * 24 + 48 + 120) / (16 * 320 + 512 + 1024 + 64 + 160),
      12,
    );
    expect(ratios?.latency).toBeCloseTo((own.latency ?? 0) / (dense?.latency ?? 0), 12);
    expect(ratios?.bytes).toBeLessThan(1);
  });

  test('a model that takes no samples is counted, and the report says why it was not run', async () => {
    const model = toyModel();
    const inputs = [{ name: 'input_values', type: 'float32' as const, dims: ['batch', 16, 'frames'] }];
    writeToyModel(at('features'), { ...model, graph: { ...model.graph, inputs } });
    const cost = await costOf('features');
    expect(cost.own).toMatchObject({ latency: null, realTimeFactor: null, multiplyAccumulates: null });
    expect(cost.own.parameters).toBeGreaterThan(0);
    expect(describeCost(cost)).toMatch(/Pinch needs a model that takes samples/u);
  });
});

describe('describeCost', () => {
  test('gives ratios, conditions, and what each way buys', async () => {
    const text = describeCost(await costOf('small', 'dense'));
    expect(text).toMatch(/^parameters +[\d,]+ +[\d,]+ +0\.\d{3}$/mu);
    expect(text).toMatch(/^latency of 10 s of audio +[\d.]+ ms +[\d.]+ ms +[\d.]+$/mu);
    expect(text).toMatch(/median of \d+ runs .* batch 1, on the CPU, 1 thread, both models by turns/u);
    expect(text).toMatch(/Single weights pruned .* no speed in ordinary runtimes/u);
    expect(text).toMatch(/Units and heads pruned .* less time in every runtime/u);
  });

  test('says what 8 bits did to the time here', async () => {
    await exportModel(at('dense'), { shrink: false, int8: true, out: at('eight') });
    const cost = await costOf('eight', 'dense');
    expect(cost.quantized).toBe(true);
    // As much is computed as before, only in other numbers.
    expect(cost.ratios?.multiplyAccumulates).toBe(1);
    expect(describeCost(cost)).toMatch(/quarter of the file; with it this model takes \d+\.\d\d of the time here/u);
  });
});

describe('the size after gzip', () => {
  test('of a sample is said with its error', () => {
    const sampled = { gzippedBytes: 412_345_678, gzippedError: 4_000_000 };
    expect(describeGzipped(sampled)).toBe('about 412.3 MB ± 1.0 %');
    expect(describeGzipped({ ...sampled, gzippedError: null })).toBe('412.3 MB');
  });

  test('is exact for small files, and where it is asked for', async () => {
    const said: string[] = [];
    const onProgress = (label: string): void => void said.push(label);
    const { cost } = await inspect(at('small'), { cost: true, compressed: true, against: at('dense'), onProgress });
    expect(cost?.own.gzippedError).toBeNull();
    expect(new Set(said)).toEqual(new Set(['Bytes of the model compressed', 'Bytes of the dense model compressed']));
    expect((await countModel(await loadModel(at('small')))).gzippedError).toBeNull();
  });
});

describe('exportModel', () => {
  test('writes a folder with all that stands beside the model, whose layers are the same', async () => {
    const exported = await exportModel(at('dense'), { shrink: false, int8: true });
    expect(exported.to.model).toBe(at('dense-int8', 'model.onnx'));
    expect(exported.int8).toEqual({
      products: { tensors: 1, weights: 1024 },
      stored: { tensors: 1, weights: 16 * 320 },
    });
    expect(exported.to.parameters).toBe(exported.from.parameters);
    expect(describeExport(exported)).toMatch(/^on disk +[\d.]+ kB +[\d.]+ kB +0\.\d{3}$/mu);
    const [before, after] = [await inspect(at('dense')), await inspect(at('dense-int8'))];
    const layers = (of: typeof before): unknown => of.tensors.map(({ name, role, gated }) => ({ name, role, gated }));
    expect(layers(after)).toEqual(layers(before));
    expect(after.tensors.filter(({ type }) => type === 'int8').map(({ layer }) => layer)).toEqual([
      'feature_extractor.conv',
      'encoder.layers.1.dense',
    ]);
  });

  test('is compared with the float model by the numbers that its integers stand for', async () => {
    await exportModel(at('dense'), { shrink: false, int8: true, out: at('compared') });
    const diff = await diffModels(at('dense'), at('compared'), {});
    const found = diff.layers.find(({ name }) => name === 'encoder.layers.1.dense');
    expect([found?.a?.type, found?.b?.type]).toEqual(['float32', 'int8']);
    expect(found?.a?.shape).toEqual(found?.b?.shape);
    // What is no multiple of a column's step moves; what is near zero becomes zero.
    expect(found?.changed).toBeGreaterThan(0.9);
    expect(found?.overlap).toBeGreaterThan(0.9);
    expect(diff.layers.find(({ name }) => name === 'encoder.layers.0.dense')).toMatchObject({ changed: 0, overlap: 1 });
    expect(diff.operators).toContainEqual({ operator: 'MatMulInteger', a: 0, b: 1 });
    expect(describeDiff(diff)).toMatch(/^encoder\.layers\.1\.dense +32 x 32 +float32 \/ int8 /mu);
  });

  test('does not write over the model of another exporter, but again over its own', async () => {
    const options = { shrink: false, int8: true, out: at('others') };
    writeToyModel(at('others'));
    await exportModel(at('dense'), options);
    await exportModel(at('dense'), options);
    writeToyModel(at('others'));
    const file = await loadModel(at('others'));
    const pytorch = { ...file, proto: withFields(file.proto, { producerName: 'pytorch' }) };
    await saveModel(pytorch, at('others', 'other.onnx'));
    renameSync(at('others', 'other.onnx'), at('others', 'model.onnx'));
    const before = readFileSync(at('others', 'model.onnx'));
    await expect(exportModel(at('dense'), options)).rejects.toThrow(/a model is there that Pinch did not write/u);
    expect(readFileSync(at('others', 'model.onnx'))).toEqual(before);
  });

  test('does not write a model over itself', async () => {
    await expect(exportModel(at('dense'), { shrink: false, int8: true, out: at('dense') })).rejects.toThrow(
      /over itself/u,
    );
  });
});

test('a checkpoint knows the model that its run started from; others do not', async () => {
  const checkpoint = at('run/checkpoints/step-000010');
  writeToyModel(checkpoint);
  mkdirSync(at('run'), { recursive: true });
  writeFileSync(at('run/run.json'), JSON.stringify({ settings: { model: at('dense'), train: 't' } }));
  expect((await originalOf(checkpoint))?.path).toBe(at('dense', 'model.onnx'));
  expect(await originalOf(at('dense'))).toBeUndefined();
  writeFileSync(at('run/run.json'), JSON.stringify({ settings: { model: at('gone'), train: 't' } }));
  expect(await originalOf(checkpoint)).toBeUndefined();
});
