/** Operators that move, repeat, cut and pick elements. */

import { int, ints, string } from '../../src/onnx/graph/graph.ts';
import { constant, type Row } from './gradientCheck.ts';
import { axisOf, indices, row, lists } from './row.ts';

export const movementRows: readonly Row[] = [
  row('Reshape', 'with a copied and an open axis', '2x3x4', {}, lists([0, -1])),
  row('Flatten', 'behind axis 1', '2x3x4', axisOf(1)),
  row('Squeeze', 'one axis', '2x1x4', {}, lists([1])),
  row('Unsqueeze', 'two axes', '2x4', {}, lists([0, -1])),
  row('Transpose', 'cyclic', '2x3x4', { perm: ints([2, 0, 1]) }),
  row('Transpose', 'reversed by default', '2x3x4'),
  row('Concat', 'all inputs', '2x3 2x1 2x4', axisOf(-1)),
  row('Concat', 'one input with a gradient', '2x3', axisOf(0), {
    operands: (b, x, p) => [constant(b, p, [1, 2, 3], [1, 3]), ...x],
  }),
  row('Split', 'three parts', '2x6', axisOf(1), { ...lists([1, 2, 3]), outputs: 3 }),
  row('Expand', 'new and repeated axes', '3x1', {}, lists([2, 1, 4])),
  row('Tile', 'two axes', '2x3', {}, lists([3, 2])),
  row('Trilu', 'upper', '3x4', {}, { operands: (b, x) => [...x, b.int(1)] }),
  row('Trilu', 'lower', '2x4x4', { upper: int(0) }),
  row('DepthToSpace', 'blocks first', '2x8x2x3', { blocksize: int(2) }),
  row('DepthToSpace', 'columns first', '2x8x2x3', { blocksize: int(2), mode: string('CRD') }),
  row('SpaceToDepth', 'blocks', '2x3x4x6', { blocksize: int(2) }),
  row('Slice', 'inside', '4x5', {}, lists([1, -3], [3, 9])),
  row('Slice', 'steps', '2x9', {}, lists([1], [8], [1], [3])),
  row('Slice', 'backwards in steps', '7x2', {}, lists([-1], [-99], [0], [-2])),
  row('Pad', 'constant', '2x3', {}, lists([1, 0, 0, 2])),
  row(
    'Pad',
    'constant, one axis, cut',
    '2x5',
    {},
    {
      operands: (b, x) => [...x, b.ints([2, -1]), undefined, b.ints([1])],
    },
  ),
  row('Pad', 'edge', '3x4', { mode: string('edge') }, lists([2, 1, 1, 3])),
  row('Pad', 'reflect', '3x4', { mode: string('reflect') }, lists([2, 1, 0, 3])),
  row('Pad', 'wrap', '3x4', { mode: string('wrap') }, lists([2, 1, 0, 3])),
  row('Gather', 'one element', '3x4', axisOf(1), indices([2], [])),
  row('Gather', 'every second, backwards', '5x2', axisOf(0), indices([-1, 2, 0])),
  row('Gather', 'rows, repeated', '4x3', axisOf(0), indices([1, 3, 1, -1, 1, 0], [2, 3])),
  row('Gather', 'middle axis, repeated', '2x4x3', axisOf(1), indices([3, 3, 0])),
  row('GatherElements', 'repeated', '2x4', axisOf(1), indices([0, 0, 3, -1, 2, 2], [2, 3])),
  row('GatherND', 'elements and rows, repeated', '3x2x4', {}, indices([0, 1, 2, 0, 0, 1, -3, -1], [4, 2])),
  row('ScatterND', 'overwrites', '4x3 2x3', {}, indices([2, 0], [2, 1])),
  row('ScatterND', 'adds', '4x3 3x3', { reduction: string('add') }, indices([2, 0, 2], [3, 1])),
  row('ScatterElements', 'overwrites', '3x4 2x2', axisOf(1), indices([0, 3, 1, 2], [2, 2])),
  row('ScatterElements', 'adds', '3x4 2x2', { axis: int(0), reduction: string('add') }, indices([0, 2, 0, 1], [2, 2])),
];
