/** The elements that WebM and Matroska files are made of (RFC 8794). */

export interface Element {
  readonly id: number;
  readonly body: Uint8Array;
}

/** The elements that stand one behind the other. A length that is not known, as live recordings have, goes to the end of `bytes`. */
export function readElements(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const id = readNumber(bytes, at, true);
    const size = readNumber(bytes, at + id.width, false);
    const start = at + id.width + size.width;
    const isUnknown = size.value === 2 ** (7 * size.width) - 1;
    const end = isUnknown ? bytes.length : start + size.value;
    if (end > bytes.length) throw new Error('the WebM file is cut off');
    elements.push({ id: id.value, body: bytes.subarray(start, end) });
    at = end;
  }
  return elements;
}

/** A number whose leading zeros say how many bytes it has. @param isId whether the bit behind these zeros belongs to it. */
export function readNumber(bytes: Uint8Array, at: number, isId: boolean): { value: number; width: number } {
  const first = bytes[at] ?? 0;
  const width = Math.clz32(first) - 23;
  if (width > 8 || at + width > bytes.length) throw new Error('the WebM file is broken or cut off');
  let value = isId ? first : first & (2 ** (8 - width) - 1);
  for (let i = 1; i < width; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { value, width };
}

export function unsigned(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
