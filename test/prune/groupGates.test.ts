/**
 * Gates by group: scores, masks and where they stand against sums written out, gradients against central differences of the soft masks that
 * stand in for the hard ones, and the units of layers whose groups are more and less alike.
 */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { closeGroups, groupGradients, groupScores, spread, unitOf } from '../../src/prune/groupGates.ts';
import { squaresOfGroups, zeroDead } from '../../src/prune/groupMasks.ts';
import { Random } from '../../src/base/random.ts';
import { Session } from '../../src/runtime/session.ts';

const tau = 0.1;
const size = 6 * 2 + 5 * 2;
const columns = { gate: 0, groups: 4, axis: 1, start: 0, length: 2, gated: true, reads: false };
// Behind two rows that belong to no group.
const rows = { gate: 0, groups: 4, axis: 0, start: 2, length: 2, gated: true, reads: true };
const random = Random.seeded(8);
const draw = (count: number) => Float32Array.from({ length: count }, () => random.normal());
const point = { giving: draw(6 * 8), reading: draw(10 * 5) };
const pulls = draw(4);

/** Element [row, column] of a matrix's group, or undefined. */
const groupOfColumn = (i: number): number => Math.floor((i % 8) / 2);
const groupOfRow = (i: number): number => Math.floor((Math.floor(i / 5) - 2) / 2);

function meanSquares({ giving, reading }: typeof point): number[] {
  const sums = [0, 0, 0, 0];
  giving.forEach((w, i) => (sums[groupOfColumn(i)]! += w * w));
  reading.forEach((w, i) => {
    if (groupOfRow(i) >= 0) sums[groupOfRow(i)]! += w * w;
  });
  return sums.map((sum) => sum / size);
}

const { base, rms } = unitOf(meanSquares(point));
const sorted = meanSquares(point)
  .map((square) => Math.sqrt(square - base) / rms)
  .sort((a, b) => a - b);
const threshold = (sorted[1]! + sorted[2]!) / 2;

async function run() {
  const b = new Builder();
  const scalar = (name: string) => b.input(name, 'float32', []);
  const [giving, reading] = [b.input('giving', 'float32', [6, 8]), b.input('reading', 'float32', [10, 5])];
  const scores = groupScores(
    b,
    [
      { weight: giving, cut: columns },
      { weight: reading, cut: rows },
    ],
    size,
    scalar('base'),
  );
  const gate = { scores, threshold: scalar('threshold'), rms: scalar('rms') };
  const mask = closeGroups(b, gate);
  const found = groupGradients(b, gate, b.input('pulls', 'float32', [4]), tau, size);
  b.output(mask, 'mask');
  b.output(spread(b, [10, 5], [{ values: mask, cut: rows }], 1)!, 'rows');
  b.output(found.threshold, 'dt');
  b.output(found.factors, 'factors');
  const session = await Session.create({ graph: b.graph('g'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
  const results = await session.run({
    giving: float32(point.giving, [6, 8]),
    reading: float32(point.reading, [10, 5]),
    base: float32([base], []),
    rms: float32([rms], []),
    threshold: float32([threshold], []),
    pulls: float32(pulls),
  });
  await session.dispose();
  return (name: string) => Array.from(results[name]!.tensor.data as Float32Array);
}

/** What the straight-through gradient is the gradient of. */
function soft(at: typeof point, t: number): number {
  return meanSquares(at).reduce((sum, square, group) => {
    const x = (square - base - (t * rms) ** 2) / (2 * tau * rms ** 2);
    return sum + pulls[group]! / (1 + Math.exp(-x));
  }, 0);
}

test('masks groups by their scores, and stands before the rows that read them', async () => {
  const of = await run();
  const living = meanSquares(point).map((square) => (square - base >= (threshold * rms) ** 2 ? 1 : 0));
  expect(living.filter((lives) => lives === 1)).toHaveLength(2);
  expect(of('mask')).toEqual(living);
  expect(of('rows')).toEqual([1, 1, ...living.flatMap((lives) => [lives, lives])]);
});

test('gradients are those of the soft masks', async () => {
  const of = await run();
  const h = 1e-4;
  const dt = (soft(point, threshold + h) - soft(point, threshold - h)) / (2 * h);
  expect(Math.abs(of('dt')[0]! - dt)).toBeLessThan(1e-3 * Math.abs(dt));
  for (const name of ['giving', 'reading'] as const) {
    const groupOf = name === 'giving' ? groupOfColumn : groupOfRow;
    const slopes = Array.from(point[name], (w, i) => (groupOf(i) < 0 ? 0 : of('factors')[groupOf(i)]! * w));
    const direction = draw(slopes.length);
    const moved = (by: number) => {
      const weights = Array.from(point[name], (w, i) => w + by * direction[i]!);
      return soft({ ...point, [name]: weights as unknown as Float32Array }, threshold);
    };
    const expected = (moved(h) - moved(-h)) / (2 * h);
    const own = slopes.reduce((sum, slope, i) => sum + slope * direction[i]!, 0);
    expect(Math.abs(own - expected)).toBeLessThan(1e-3 * Math.abs(expected));
  }
});

describe('units', () => {
  test.each([
    ['spread as units are: from 0', [0.4, 1, 1.6], 0, 1],
    ['alike as heads are: the smallest has half the mean score', [0.9, 1, 1.1], 0.8, Math.sqrt(0.2)],
    ['all the same', [1, 1, 1], 0.98, Math.sqrt(0.02)],
    ['one group', [4], 3.92, Math.sqrt(0.08)],
  ] as const)('of groups %s', (_, squares, wantedBase, wantedRms) => {
    const unit = unitOf(squares);
    expect(unit.base).toBeCloseTo(wantedBase, 6);
    expect(unit.rms).toBeCloseTo(wantedRms, 6);
  });
});

describe('on stored tensors', () => {
  test('sums and zeros are those of the graph', () => {
    const sums = [squaresOfGroups(point.giving, [6, 8], columns), squaresOfGroups(point.reading, [10, 5], rows)];
    meanSquares(point).forEach((square, group) => {
      expect((sums[0]![group]! + sums[1]![group]!) / size).toBeCloseTo(square, 6);
    });
    const reading = point.reading.slice();
    zeroDead(reading, [10, 5], rows, [1, 0, 1, 0]);
    reading.forEach((w, i) => expect(w).toBe([1, 3].includes(groupOfRow(i)) ? 0 : point.reading[i]));
  });
});
