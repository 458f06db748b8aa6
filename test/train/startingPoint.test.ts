/** A run of an earlier version that paired other convolutions is refused; others go on. */

import { expect, test } from 'vitest';
import { completeSettings } from '../../src/protocol/settings.ts';
import { refuseOtherChannels } from '../../src/train/startingPoint.ts';

const settings = (encoderChannels: boolean) =>
  completeSettings({ model: 'm', train: 't', granularity: 'neuron', gates: { encoderChannels } });

test('a run with gated channels of the feature encoder that an earlier version began', () => {
  expect(() => refuseOtherChannels(3, settings(true))).toThrow(/this run cannot go on; start it again\.$/u);
  expect(() => refuseOtherChannels(4, settings(true))).not.toThrow();
  expect(() => refuseOtherChannels(3, settings(false))).not.toThrow();
});
