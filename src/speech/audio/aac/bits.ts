/** Reads numbers of any width from bytes, first bit first. */
export class BitReader {
  private readonly bytes: Uint8Array;
  /** Bits from the start. */
  position = 0;
  readonly length: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = 8 * bytes.length;
  }

  /** An unsigned number of at most 24 bits. @throws Error if the bytes end before. */
  read(width: number): number {
    const value = this.peek(width);
    this.skip(width);
    return value;
  }

  /** @throws Error if the bytes end before. */
  flag(): boolean {
    return this.read(1) === 1;
  }

  /** The next bits, at most 24, without going on; zeros behind the end. */
  peek(width: number): number {
    const { bytes, position } = this;
    const at = position >> 3;
    const four =
      ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return width === 0 ? 0 : (four << (position & 7)) >>> (32 - width);
  }

  /** @throws Error if the bytes end before. */
  skip(width: number): void {
    this.position += width;
    if (this.position > this.length) throw new Error('it ends too early');
  }

  /** On to the next whole byte. */
  align(): void {
    this.position = (this.position + 7) & ~7;
  }
}
