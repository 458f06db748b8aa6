/** The step after dead groups have left a model, beside the same step of the model that still has them. */

import { Random } from '../../src/base/random.ts';
import { completeSettings, type SettingsInput } from '../../src/protocol/settings.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import type { GateMode } from '../../src/state/parameter.ts';
import { countLeaving, presentlyLiving, withoutGroups } from '../../src/state/layout.ts';
import { prepareRun } from '../../src/train/setup.ts';
import type { StepResult } from '../../src/step/stepResult.ts';
import { noiseBatch } from './toy.ts';

export interface Compared {
  readonly expected: StepResult;
  readonly found: StepResult;
  /** How many groups have left. */
  readonly leaving: number;
}

/** @param gates whether the thresholds of the run with these settings still learn, or rest */
export async function stepAfterRemoval(settings: SettingsInput, gates: GateMode): Promise<Compared> {
  const setup = await prepareRun(completeSettings({ device: 'cpu', granularity: 'neuron', steps: 20 }, settings));
  const whole = setup.open('learning');
  const batch = noiseBatch(Random.seeded(5));
  const scalars = {
    part: 1,
    learningRate: 1e-4,
    gateLearningRate: 1e-2,
    temperature: 1,
    sparsityTarget: 0.5,
    multiplier: 0.2,
    update: true,
  };
  // High enough for about half of the groups to be dead.
  await whole.session.readState();
  whole.session.changeState([{ names: [stateNames.thresholds], write: ([into]) => into!.fill(0.9) }]);
  for (let step = 1; step <= 3; step++) await whole.session.step(batch, { ...scalars, step });
  if (gates === 'fixed') {
    whole.session.changeState(setup.method.freezing!.freeze(whole.layout, await whole.session.readState()));
    whole.session.freezeMasks();
  }
  const before = await whole.session.readState();
  const { parameters } = whole.layout;
  const living = new Map(presentlyLiving(parameters, before, gates));
  for (const kept of living.values()) if (!kept.includes(1)) kept[0] = 1;
  const copy = new Map(Array.from(before, ([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));
  const smaller = setup.open(gates, withoutGroups(parameters, copy, living));
  const expected = await whole.session.step(batch, { ...scalars, step: 4 });
  const found = await smaller.session.step(batch, { ...scalars, step: 4 });
  await whole.session.dispose();
  await smaller.session.dispose();
  await setup.loader.close();
  return { expected, found, leaving: [...living.values()].reduce((sum, kept) => sum + countLeaving(kept), 0) };
}
