/** Where the arrow keys lead in a grid with holes and rows of different length. */

import { describe, expect, test } from 'vitest';
import { moveFocus, type GridMove } from '../../../../webview/heatmap/grid/gridMove.ts';

const none = undefined;
const rows = [[0, 1, 2, 3], [4, none, none, 5], [none, none, none, none], [6]];

describe('moves', () => {
  test.each<[string, number, GridMove, number | undefined]>([
    ['right', 0, 'right', 1],
    ['right over a hole', 4, 'right', 5],
    ['left over a hole', 5, 'left', 4],
    ['left at the edge', 0, 'left', undefined],
    ['right at the edge', 3, 'right', undefined],
    ['down', 0, 'down', 4],
    ['down onto a hole: to the nearer side', 2, 'down', 5],
    ['down over an empty row, into a shorter one', 5, 'down', 6],
    ['down at the bottom', 6, 'down', undefined],
    ['up over an empty row', 6, 'up', 4],
    ['up at the top', 2, 'up', undefined],
    ['first of the row', 5, 'first', 4],
    ['last of the row', 4, 'last', 5],
    ['from a layer that is not there', 99, 'right', undefined],
  ])('%s', (_, from, move, to) => expect(moveFocus(rows, from, move, false)).toBe(to));
});

test('first and last of the whole grid', () => {
  expect([moveFocus(rows, 5, 'first', true), moveFocus(rows, 5, 'last', true)]).toEqual([0, 6]);
});
