/** What a dry run says of a step: the very graph that the run will make, whatever its settings put into it. */

import { expect, test } from 'vitest';
import { completeSettings, type SettingsInput } from '../../../src/protocol/settings.ts';
import { prepareRun } from '../../../src/train/setup.ts';

const cases: Readonly<Record<string, SettingsInput>> = {
  'dropout and SpecAugment': {},
  'gradients that accumulate': { batch: { seconds: 5, accumulate: 2 } },
};

test.each(Object.entries(cases))('the cost of a step with %s', async (_, settings) => {
  const setup = await prepareRun(
    completeSettings({
      ...{ model: 'media/sample/model', train: 'media/sample/train.jsonl', device: 'cpu', steps: 2 },
      ...{ batch: { seconds: 5 }, ...settings },
    }),
  );
  const { session } = setup.open(setup.method.begins);
  try {
    expect(setup.cost()).toEqual(await session.compile(setup.largestBatch));
  } finally {
    await Promise.all([session.dispose(), setup.loader.close(), setup.features?.close()]);
  }
});
