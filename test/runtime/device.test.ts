/** Devices: the choice is by what works, and says why. The probe runs in a process of its own, with the built trainer. */

import { describe, expect, test } from 'vitest';
import { answerProbe, chooseDevice, measureSpeed } from '../../src/runtime/device.ts';

describe('chooseDevice', () => {
  test('takes the CPU when asked to, without trying anything else', async () => {
    expect(await chooseDevice('cpu')).toMatchObject({ device: 'cpu', reason: 'The CPU was asked for.' });
  });

  test('with auto names what it took, and of every other device why not', async () => {
    const { device, reason, speed } = await chooseDevice('auto');
    expect(speed).toBeGreaterThan(1e8);
    for (const name of ['cuda', 'webgpu']) expect(reason).toContain(name === device ? `on ${name}` : `${name}: `);
    expect(reason).toMatch(/^Trains on .*, the fastest that works here \(.+\)\.$/u);
  });
});

test('the speed of the CPU is that of a real product', async () => {
  const speed = await measureSpeed('cpu');
  // From a slow laptop's core to a large server.
  expect(speed).toBeGreaterThan(1e8);
  expect(speed).toBeLessThan(1e14);
});

test('a probe answers in one line of JSON', async () => {
  const { speed } = JSON.parse(await answerProbe('cpu')) as { speed: number };
  expect(speed).toBeGreaterThan(1e8);
});
