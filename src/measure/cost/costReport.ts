/** The cost of a model as text: a table beside the dense model, the conditions of the measurement, and the effect of each way of compression. */

import { byteSize, count, percent } from '../../base/format.ts';
import type { CostFigures, CostRatios, ModelCost } from '../../protocol/results/cost.ts';
import { describeGzipped } from './modelSize.ts';
import { textTable } from '../../base/textTable.ts';

export function describeCost(cost: ModelCost): string {
  const { own, dense, ratios, quantized, seconds, problem } = cost;
  const row = (name: string, figure: keyof CostRatios, text: (value: number) => string): string[] => {
    const cell = (figures: CostFigures): string => (figures[figure] === null ? '-' : text(figures[figure]));
    const ratio = ratios?.[figure]?.toFixed(3) ?? '-';
    return [name, cell(own), ...(dense ? [cell(dense), ratio] : [])];
  };
  const table = textTable([
    ['', 'model', ...(dense ? ['dense', 'ratio'] : [])],
    row('parameters', 'parameters', count),
    row('  not zero', 'nonZeroParameters', count),
    row('  gated and not zero', 'nonZeroGated', count),
    row('multiply-accumulates a second of audio', 'multiplyAccumulates', millions),
    row('on disk', 'bytes', byteSize),
    [
      '  gzipped',
      describeGzipped(own),
      ...(dense ? [describeGzipped(dense), ratios?.gzippedBytes?.toFixed(3) ?? '-'] : []),
    ],
    ...(own.latency === null
      ? []
      : [
          row(`latency of ${seconds} s of audio`, 'latency', (value) => `${value.toFixed(1)} ms`),
          row('real-time factor', 'realTimeFactor', (value) => value.toFixed(4)),
        ]),
  ]);
  return [
    table.trimEnd(),
    ...describePromise(cost),
    ...(dense ? [`Dense: ${dense.model}`] : []),
    ...(own.latency === null ? [] : [conditions(cost)]),
    ...(own.latency === null && problem === null ? ['Latency is measured with --latency.'] : []),
    ...(problem === null ? [] : [problem]),
    ...whatBuysWhat(quantized ? (ratios?.latency ?? null) : null),
  ].join('\n');
}

/** What was promised before training, beside what came out. */
function describePromise({ promised, own, ratios, quantized }: ModelCost): string[] {
  if (!promised || (promised.bytes === null && promised.latency === null)) return [];
  if (promised.int8 && !quantized) return ['What was promised for this run is of its checkpoint after export --int8.'];
  const off = (is: number, was: number): string => `${is > was ? '+' : ''}${percent(is / was - 1)}`;
  const { bytes, latency } = promised;
  const measured = ratios?.latency ?? null;
  return [
    ...(bytes === null
      ? []
      : [
          `Promised ${byteSize(bytes)} after gzip: it is ${byteSize(own.gzippedBytes)}, ${off(own.gzippedBytes, bytes)}.`,
        ]),
    ...(latency === null || measured === null
      ? []
      : [
          `Promised ${percent(latency)} of the dense model's latency: it is ${percent(measured)}, ${off(measured, latency)}.`,
        ]),
  ];
}

function conditions({ dense, runs, seconds, device, threads }: ModelCost): string {
  const where =
    device === 'cpu'
      ? `on the CPU, ${threads === null ? 'one thread for each core' : threadCount(threads)}`
      : `on ${device}`;
  const turns = dense ? ', both models by turns in one process' : '';
  return `Latency is the median of ${runs} runs of one utterance of ${seconds} s at batch 1, ${where}${turns}.`;
}

function threadCount(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`;
}

/** @param int8Latency the quantized model's latency divided by the dense one's, if it was measured. */
function whatBuysWhat(int8Latency: number | null): string[] {
  const measured =
    int8Latency === null
      ? 'the effect on speed depends on the processor'
      : `with it this model takes ${int8Latency.toFixed(2)} of the time here`;
  return [
    'Single weights pruned (weight): fewer non-zeros and a smaller compressed file; no speed in ordinary runtimes.',
    'Units and heads pruned (neuron): smaller matrices, so a smaller file and less time in every runtime.',
    `8-bit weights (export --int8): about a quarter of the file; ${measured}.`,
  ];
}

function millions(value: number): string {
  return `${count(Math.round(value / 1e6))} million`;
}
