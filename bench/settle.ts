/** How long masks take to come to rest in a model of HuBERT-large's size, on made weights: the factor, the zeros, and the count of them. */

import { float32, type Tensor } from '../src/onnx/graph/tensor.ts';
import { Random } from '../src/base/random.ts';
import type { TrainedParameter } from '../src/state/parameter.ts';
import { stateNames } from '../src/state/stateNames.ts';
import { freezeMasks } from '../src/train/freezeMasks.ts';
import { frozenLayers } from '../src/step/stepResult.ts';

const layers = 24;
const width = 1024;
const shapes = [...Array.from({ length: 4 }, () => [width, width]), [width, 4 * width], [4 * width, width]];

/** Gated weights of all layers, 302 million, and their moments; layers differ in the scale of their weights and in their thresholds. */
function madeState(): { parameters: TrainedParameter[]; state: Map<string, Tensor> } {
  const random = Random.seeded(0);
  // Drawn once and repeated from other places: to draw all would take longer than what is measured.
  const normal = Float32Array.from({ length: 2 ** 20 }, () => random.normal());
  const tensor = (dims: readonly number[], scale: number): Tensor => {
    const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
    for (let i = 0, from = random.below(normal.length); i < data.length; i++) {
      data[i] = scale * (normal[(from + i) % normal.length] ?? 0);
    }
    return float32(data, dims);
  };
  const parameters: TrainedParameter[] = [];
  const state = new Map<string, Tensor>();
  const [thresholds, rms]: [number[], number[]] = [[], []];
  for (const dims of Array.from({ length: layers }, () => shapes).flat()) {
    const initializer = `weight${parameters.length}`;
    const scale = 0.02 * (1 + random.uniform());
    parameters.push({ initializer, dims, trained: true, gate: rms.length });
    rms.push(scale);
    thresholds.push(0.6 + 0.6 * random.uniform());
    state.set(stateNames.weight(initializer), tensor(dims, scale));
    state.set(stateNames.mean(initializer), tensor(dims, 1e-3));
    state.set(stateNames.square(initializer), tensor(dims, 1e-6));
  }
  state.set(stateNames.thresholds, float32(thresholds)).set(stateNames.rms, float32(rms));
  return { parameters, state };
}

/** As the trainer does it: changes are written to the state one by one, and then the zeros are counted. */
export function settleOnce(target: number): Record<string, number> {
  const { parameters, state } = madeState();
  const names = parameters.map(({ initializer: name, dims: [rows = 0, columns = 0] }) => ({
    name,
    size: rows * columns,
  }));
  const before = process.cpuUsage();
  const began = performance.now();
  let firstChange = NaN;
  for (const { names: changed, write } of freezeMasks(parameters, state, target)) {
    if (Number.isNaN(firstChange)) firstChange = performance.now();
    write(changed.map((name) => state.get(name)?.data as Float32Array));
  }
  const written = performance.now();
  const { sparsity } = frozenLayers({ layers: names, parameters }, state);
  const ended = performance.now();
  const { user, system } = process.cpuUsage(before);
  const seconds = (from: number, to: number): number => (to - from) / 1000;
  return {
    weights: names.reduce((sum, { size }) => sum + size, 0),
    sparsity,
    // Until the first tensor has its zeros.
    factor: seconds(began, firstChange),
    zeros: seconds(firstChange, written),
    count: seconds(written, ended),
    seconds: seconds(began, ended),
    processorSeconds: (user + system) / 1e6,
  };
}
