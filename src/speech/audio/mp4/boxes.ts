/** The boxes that MP4 and M4A files are made of (ISO/IEC 14496-12, 4.2). */

export interface Box {
  readonly type: string;
  /** What stands in it, behind its header. */
  readonly body: Uint8Array;
  /** Where it begins, header and all, from the start of what it was read from. */
  readonly at: number;
}

/** The boxes that stand one behind the other in `bytes`; a last one that is cut off is as long as what is there. @throws Error if one is broken. */
export function readBoxes(bytes: Uint8Array): Box[] {
  const view = viewOf(bytes);
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1 && at + 16 <= bytes.length) {
      size = view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12);
      head = 16;
    } else if (size === 0) {
      // To the end of the file.
      size = bytes.length - at;
    }
    if (size < head) throw new Error('the MP4 file is broken: it has a box of no size');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    boxes.push({ type, body: bytes.subarray(at + head, at + size), at });
    at += size;
  }
  return boxes;
}

/** What the first box has that lies in the boxes of these types, each in the one before; undefined if there is none. */
export function findBox(bytes: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  let found: Uint8Array | undefined = bytes;
  for (const type of path) found = found && readBoxes(found).find((box) => box.type === type)?.body;
  return found;
}

/** @throws Error naming the box if there is none. */
export function needBox(bytes: Uint8Array, ...path: readonly string[]): Uint8Array {
  const found = findBox(bytes, ...path);
  if (!found) throw new Error(`the MP4 file is broken or cut off: it has no box "${path.join('/')}"`);
  return found;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The numbers of a box that has a table of them: rows of so many numbers of 32 bits, behind their count. @throws Error if they are not all there. */
export function readTable(body: Uint8Array, columns: number, at = 4): Uint32Array {
  const view = viewOf(body);
  const count = body.length >= at + 4 ? view.getUint32(at) : Infinity;
  if (at + 4 + 4 * columns * count > body.length) throw new Error('the MP4 file is broken: a table is cut off');
  return Uint32Array.from({ length: columns * count }, (_, i) => view.getUint32(at + 4 + 4 * i));
}
