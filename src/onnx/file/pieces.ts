/** Reads a tensor's elements in pieces, so that one pass over a model of gigabytes needs little memory. */

import { closeSync, readSync } from 'node:fs';
import { inFile, openRange, shortened, type ByteRange } from './external.ts';
import { unreadBytes } from './storedTensor.ts';
import { bytesPerElement, fromBytes, type Tensor, type TensorData } from '../graph/tensor.ts';

/** Bytes of a piece: few system calls, and small enough for the processor's cache. */
const pieceSize = 1 << 20;
/** Bytes of the first piece: a caller that needs only a tensor's beginning stops after it. */
const firstSize = 1 << 12;

/**
 * All elements in order. Unread data goes into a buffer that is reused for the next piece and not kept: a piece is valid only until the next is
 * requested. Do not write to it.
 * @throws OnnxFileError if a file with the elements is gone, or is not what it was when the model was opened.
 */
export function* piecesOf(tensor: Tensor): Generator<TensorData> {
  const { type } = tensor;
  const bytes = unreadBytes(tensor);
  const aligned = bytes instanceof Uint8Array && bytes.byteOffset % bytesPerElement(type) === 0;
  if (!bytes || aligned) {
    yield tensor.data;
    return;
  }
  const scratch = spare.pop() ?? new Uint8Array(pieceSize);
  try {
    const read = bytes instanceof Uint8Array ? copied(bytes, scratch) : readFrom(bytes, scratch);
    for (const piece of read) yield fromBytes(type, piece);
  } finally {
    spare.push(scratch);
  }
}

/** Buffers whose memory is mapped already: as many as there were readers at once. */
const spare: Uint8Array[] = [];

function* copied(bytes: Uint8Array, scratch: Uint8Array): Generator<Uint8Array> {
  for (let done = 0; done < bytes.byteLength;) {
    const piece = bytes.subarray(done, done + sizeAt(done));
    scratch.set(piece);
    yield scratch.subarray(0, piece.byteLength);
    done += piece.byteLength;
  }
}

const sizeAt = (done: number): number => (done === 0 ? firstSize : pieceSize);

function* readFrom(range: ByteRange, scratch: Uint8Array): Generator<Uint8Array> {
  const { path, offset, length } = range;
  const file = openRange(range);
  try {
    for (let done = 0; done < length;) {
      const wanted = Math.min(sizeAt(done), length - done);
      for (let filled = 0; filled < wanted;) {
        const read = inFile(path, () => readSync(file, scratch, filled, wanted - filled, offset + done + filled));
        if (read === 0) throw shortened(path);
        filled += read;
      }
      yield scratch.subarray(0, wanted);
      done += wanted;
    }
  } finally {
    closeSync(file);
  }
}
