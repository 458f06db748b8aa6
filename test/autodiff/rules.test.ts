/** Every gradient rule against central differences: one seeded random direction for each input of each row. */

import { describe, expect, it } from 'vitest';
import { rules } from '../../src/autodiff/rules.ts';
import { zero } from '../../src/autodiff/rule.ts';
import { compare } from './gradientCheck.ts';
import { rows } from './rows.ts';

describe('gradient of', () => {
  it.each(rows.map((row, i) => ({ row, name: `${row.op}, ${row.case}`, seed: 1000 + i })))(
    '$name',
    async ({ row, seed }) => {
      for (const { input, error } of await compare(row, seed)) {
        expect(error, `input ${input}`).toBeLessThan(row.precision === 'float32' ? 1e-3 : 1e-5);
      }
    },
  );
});

it('every rule has a row', () => {
  const checked = new Set(rows.map((row) => row.op));
  const rowless = Object.keys(rules).filter((op) => rules[op] !== zero && !checked.has(op));
  expect(rowless).toEqual([]);
});
