/** Settings: defaults, layers over them, and one sentence for each way of getting them wrong. */

import { describe, expect, test } from 'vitest';
import { completeSettings, defaultSettings, SettingsError, settingsOf } from '../../src/protocol/settings.ts';
import { autoSteps } from '../../src/protocol/textSteps.ts';

const least = { model: 'm.onnx', train: 't.jsonl' };

const complaint = (...layers: unknown[]): string => {
  try {
    completeSettings(...layers);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return 'no complaint';
};

describe('completeSettings', () => {
  test('fills in the defaults', () => {
    expect(completeSettings(least)).toEqual({ ...defaultSettings, ...least, text: autoSteps });
  });

  test('overrides single settings of a group and keeps the others', () => {
    const settings = completeSettings(least, { batch: { seconds: 12 } }, { batch: { accumulate: 3 }, seed: 7 });
    expect(settings.batch).toEqual({ ...defaultSettings.batch, seconds: 12, accumulate: 3 });
    expect(settings.seed).toBe(7);
  });

  test('replaces lists as a whole', () => {
    expect(completeSettings(least, { freeze: ['a', 'b'] }, { freeze: [] }).freeze).toEqual([]);
  });

  test('takes an undefined setting as not given', () => {
    expect(completeSettings({ ...least, seed: 3 }, { seed: undefined }).seed).toBe(3);
  });

  test('does not change its arguments', () => {
    const layer = { ...least, batch: { seconds: 12 } };
    completeSettings(layer, { batch: { accumulate: 2 } });
    expect(layer).toEqual({ ...least, batch: { seconds: 12 } });
    expect(defaultSettings.batch.accumulate).toBe(1);
  });

  test.each([
    ['a missing setting', {}, 'The setting "model" is missing.'],
    ['an unknown setting', { ...least, bach: 1 }, /^There is no setting "bach"; there are model, train, dev, /u],
    [
      'an unknown setting in a group',
      { ...least, sparsity: { goal: 0.5 } },
      /^There is no setting "sparsity.goal"; "sparsity" has target, /u,
    ],
    [
      'a wrong type',
      { ...least, seed: '1' },
      'The setting "seed" must be a whole number from 0 to 9007199254740991; it is "1".',
    ],
    [
      'a fraction for a count',
      { ...least, epochs: 1.5 },
      /"epochs" must be a whole number from 1 to 1000000; it is 1.5\.$/u,
    ],
    [
      'a number out of range',
      { ...least, sparsity: { target: 65 } },
      /"sparsity.target" must be a number from 0 to 1; it is 65\.$/u,
    ],
    [
      'a target of everything',
      { ...least, sparsity: { target: 1 } },
      /"sparsity.target" must be a number from 0 to below 1/u,
    ],
    [
      'not a number',
      { ...least, optimizer: { learningRate: NaN } },
      /"optimizer.learningRate" must be a number above 0/u,
    ],
    [
      'an unknown word',
      { ...least, method: 'magic' },
      /"method" must be "self-pinching" or "ump" or "nas-cp" or "none"; it is "magic"\.$/u,
    ],
    ['a list of the wrong length', { ...least, optimizer: { betas: [0.9] } }, /"optimizer.betas.1" is missing/u],
    ['a group that is none', { ...least, batch: 3 }, /"batch" must be an object; it is 3\.$/u],
    [
      'a pattern that is no regular expression',
      { ...least, freeze: ['re:('] },
      /"freeze.0" must be names or "re:" and a valid/u,
    ],
    [
      'lengths the wrong way round',
      { ...least, batch: { minSeconds: 9, maxSeconds: 8 } },
      /^batch.minSeconds \(9\) must not be above/u,
    ],
    [
      'an unknown step of texts',
      { ...least, text: ['auto', 'numbers'] },
      /^The setting "text" must be "auto" or a list/u,
    ],
    [
      'a text as characters to remove',
      { ...least, text: [{ remove: '[noise]' }] },
      /"text" has a "remove" that must be/u,
    ],
    ['a broken replacement', { ...least, text: [{ replace: { 're:(': '' } }] }, /"text" has a "replace" that must be/u],
    ['no object at all', 5, 'The settings must be an object; they are 5.'],
    [
      'a key that would reach the prototype',
      JSON.parse('{"model":"a","train":"b","__proto__":{}}'),
      /no setting "__proto__"/u,
    ],
  ])('refuses %s', (_, layer, sentence) => {
    expect(complaint(layer)).toMatch(sentence);
  });
});

test('SpecAugment is what it was in a run without features', () => {
  const probabilities = (version: number): unknown => {
    const { maskTimeProb, maskFeatureProb } = settingsOf({ version, settings: least }).specAugment;
    return [maskTimeProb, maskFeatureProb];
  };
  expect([1, 2, 3, 4].map(probabilities)).toEqual([
    [0, 0],
    [0.13, 0],
    [0.13, 0],
    [0, 0.3],
  ]);
});

test('SpecAugment of frames alone is what a file has that names nothing else', () => {
  const masked = (...layers: unknown[]): unknown => {
    const { maskTimeProb, maskFeatureProb } = completeSettings(least, ...layers).specAugment;
    return [maskTimeProb, maskFeatureProb];
  };
  expect(masked({ specAugment: { maskTimeProb: 0 } })).toEqual([0, 0]);
  expect(masked({ specAugment: { maskTimeProb: 0.1 } })).toEqual([0.1, 0]);
  expect(masked({ specAugment: { maskTimeProb: 0.1, maskFeatureProb: 0.2 } })).toEqual([0.1, 0.2]);
  expect(masked({ specAugment: { maskTimeProb: 0.1 } }, { specAugment: { maskFeatureProb: 0.2 } })).toEqual([0.1, 0.2]);
  expect(masked({ specAugment: { maskTimeProb: undefined } })).toEqual([0, 0.3]);
  expect(masked({ specAugment: { maskFeatureLength: 8 } })).toEqual([0, 0.3]);
});

describe('text', () => {
  test('is a list of steps in complete settings, "auto" in a list too', () => {
    const remove = { remove: '—' };
    expect(completeSettings(least, { text: [remove, 'auto'] }).text).toEqual([remove, ...autoSteps]);
    expect(completeSettings(least, { text: [] }).text).toEqual([]);
  });

  test('is what it was in a run without it', () => {
    const steps = (version: number): unknown => settingsOf({ version, settings: least }).text;
    expect([1, 2, 3].map(steps)).toEqual([['unicode', 'case'], ['unicode', 'case'], autoSteps]);
  });
});
