/** Devices: the choice is by what works, and says why. The probe runs in a process of its own, with the built trainer. */

import { describe, expect, test } from 'vitest';
import { answerProbe, chooseDevice } from '../../src/runtime/device.ts';
import { measureUnits, type Measured } from '../../src/runtime/unitCosts.ts';

describe('chooseDevice', () => {
  test('takes the CPU when asked to, without trying anything else', async () => {
    expect(await chooseDevice('cpu')).toMatchObject({ device: 'cpu', reason: 'The CPU was asked for.' });
  });

  test('with auto names what it took, and of every other device why not', async () => {
    const { device, reason, units } = await chooseDevice('auto');
    expect(1 / units.operation).toBeGreaterThan(1e8);
    for (const name of ['cuda', 'webgpu']) expect(reason).toContain(name === device ? `on ${name}` : `${name}: `);
    expect(reason).toMatch(/^Trains on .*, the fastest that works here \(.+\)\.$/u);
  });
});

test('the CPU is timed: a product, a move and a start each take what they do on real machines', async () => {
  const { speed, units } = await measureUnits('cpu');
  // From a slow laptop's core to a large server.
  expect(speed).toBeGreaterThan(1e8);
  expect(speed).toBeLessThan(1e14);
  // Means are no faster than the fastest run.
  expect(1 / units.operation).toBeLessThanOrEqual(speed);
  expect(1 / units.byte).toBeGreaterThan(1e8);
  expect(1 / units.byte).toBeLessThan(1e13);
  expect(units.node).toBeGreaterThan(1e-8);
  expect(units.node).toBeLessThan(1e-3);
});

test('a probe answers in one line of JSON', async () => {
  const answer = await answerProbe('cpu');
  expect(answer).not.toContain('\n');
  const { speed, units } = JSON.parse(answer) as Measured;
  expect(speed).toBeGreaterThan(1e8);
  expect(Object.keys(units).sort()).toEqual(['byte', 'node', 'operation']);
});
