/** Compares two weight tensors element by element. */

import { elementsOf, type Elements } from '../../onnx/graph/elements.ts';
import { piecesOf } from '../../onnx/file/pieces.ts';
import { bitsOf, type Tensor } from '../../onnx/graph/tensor.ts';
import { transposed } from '../../onnx/graph/transposed.ts';

export interface TensorDiff {
  /** Fraction of the elements that differ. Zeros of both signs are equal, and so are two NaN. */
  readonly changed: number;
  /** Elements that are non-zero in both ÷ elements that are non-zero in at least one (Jaccard index); 1 if all are zero. */
  readonly overlap: number;
}

/** @param turned whether b is stored as a's transpose. @returns undefined if the shapes differ. */
export function diffTensors(a: Tensor, b: Tensor, turned: boolean): TensorDiff | undefined {
  const dims = turned ? [...b.dims].reverse() : b.dims;
  if (a.dims.length !== dims.length || a.dims.some((dim, axis) => dim !== dims[axis])) return undefined;
  const counts: Counts = { changed: 0, both: 0, either: 0 };
  let length = 0;
  const other = turned ? [transposed(elementsOf(b), b.dims)] : elementPieces(b);
  for (const [x, y] of sideBySide(elementPieces(a), other)) {
    length += x.length;
    if (x instanceof Float32Array && y instanceof Float32Array) countBits(bitsOf(x), bitsOf(y), counts);
    else countNumbers(x, y, counts);
  }
  const { changed, both, either } = counts;
  return { changed: length === 0 ? 0 : changed / length, overlap: either === 0 ? 1 : both / either };
}

function* elementPieces(tensor: Tensor): Generator<Elements> {
  for (const data of piecesOf(tensor)) yield elementsOf({ type: tensor.type, dims: [data.length], data });
}

/** Yields as many elements at a time as both tensors have in one piece. */
function* sideBySide(a: Iterable<Elements>, b: Iterable<Elements>): Generator<readonly [Elements, Elements]> {
  const others = b[Symbol.iterator]();
  let other: Elements = new Float32Array();
  for (let own of a) {
    while (own.length > 0) {
      if (other.length === 0) other = (others.next().value ?? own) as Elements;
      const length = Math.min(own.length, other.length);
      yield [own.subarray(0, length), other.subarray(0, length)];
      own = own.subarray(length);
      other = other.subarray(length);
    }
  }
  // Closes the file of the pieces.
  others.return?.();
}

interface Counts {
  changed: number;
  both: number;
  either: number;
}

function countNumbers(a: Elements, b: Elements, counts: Counts): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    // Only NaN differs from itself.
    if (x !== y && (x === x || y === y)) counts.changed++;
    if (x !== 0 || y !== 0) {
      counts.either++;
      if (x !== 0 && y !== 0) counts.both++;
    }
  }
}

const magnitude = 0x7fffffff;
const infinity = 0x7f800000;

/** The same for float32 by bits, without a branch on zero, which a processor could not predict. */
function countBits(a: Int32Array, b: Int32Array, counts: Counts): void {
  let [changed, both, either] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    const [sizeX, sizeY] = [x & magnitude, y & magnitude];
    // 1 unless it is zero: any bit but the sign carries into the highest.
    const [isX, isY] = [(sizeX + magnitude) >>> 31, (sizeY + magnitude) >>> 31];
    both += isX & isY;
    either += isX | isY;
    if (x !== y && (isX | isY) === 1 && (sizeX <= infinity || sizeY <= infinity)) changed++;
  }
  counts.changed += changed;
  counts.both += both;
  counts.either += either;
}
