/** 5,000 mutated files of each form of weights: each is read, or refused in one sentence. */

import { expect, test } from 'vitest';
import { forms, mutate } from './mutations.ts';

test.each(forms)('%s', async (form) => {
  const { opened, refused } = await mutate(form, 5000, 2);
  console.log(`${form}: ${opened} read, ${refused} refused`);
  expect(opened + refused).toBe(5000);
  // Otherwise nothing was mutated where it matters, or nothing could be read at all.
  expect(Math.min(opened, refused)).toBeGreaterThan(100);
});
