/** Augmentation: how much is silenced, how much noise there is, and that the seed, the epoch and the utterance alone decide. */

import { describe, expect, it } from 'vitest';
import { augment } from '../../src/speech/augment.ts';

const rate = 16_000;
const tone = () => Float32Array.from({ length: 2 * rate }, (_, i) => Math.sin(i / 10) + 0.01);
const place = { seed: 3, epoch: 1, utterance: 7 };

describe('augment', () => {
  it('silences the wanted share, in stretches that are short enough', () => {
    const samples = tone();
    augment(samples, { mask: 0.1, maskSeconds: 0.05, noise: 0 }, rate, place);
    const silent = samples.filter((sample) => sample === 0).length;
    expect(silent).toBeLessThanOrEqual(0.1 * samples.length);
    expect(silent).toBeGreaterThan(0.07 * samples.length); // stretches may overlap
    const before = tone();
    const kept = samples.filter((sample, i) => sample === before[i]).length;
    expect(kept + silent).toBe(samples.length);
  });

  it('adds noise of at most the wanted deviation', () => {
    const deviations = Array.from({ length: 40 }, (_, utterance) => {
      const samples = tone();
      const before = tone();
      augment(samples, { mask: 0, maskSeconds: 0, noise: 0.2 }, rate, { ...place, utterance });
      const squares = samples.reduce((sum, sample, i) => sum + (sample - before[i]!) ** 2, 0);
      return Math.sqrt(squares / samples.length) / Math.SQRT1_2;
    });
    expect(Math.max(...deviations)).toBeLessThan(0.205);
    expect(Math.max(...deviations)).toBeGreaterThan(0.15);
    expect(Math.min(...deviations)).toBeLessThan(0.05);
  });

  it('is the same for the same place, and another for another epoch, utterance or seed', () => {
    const run = (where: typeof place) => {
      const samples = tone();
      augment(samples, { mask: 0.1, maskSeconds: 0.1, noise: 0.1 }, rate, where);
      return samples;
    };
    expect(run(place)).toEqual(run(place));
    for (const other of [{ seed: 4 }, { epoch: 2 }, { utterance: 8 }]) {
      expect(run({ ...place, ...other })).not.toEqual(run(place));
    }
  });

  it('leaves samples alone when nothing is wanted, and copes with none', () => {
    const samples = tone();
    augment(samples, { mask: 0, maskSeconds: 0.1, noise: 0 }, rate, place);
    expect(samples).toEqual(tone());
    const short = new Float32Array(3).fill(1);
    augment(short, { mask: 1, maskSeconds: 1, noise: 0 }, rate, place);
    expect(short.length).toBe(3);
    augment(new Float32Array(), { mask: 1, maskSeconds: 1, noise: 1 }, rate, place);
  });
});
