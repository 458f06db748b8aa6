/** Unpacks snappy piece by piece (google/snappy, format_description.txt), from the start or from a place on the way. */

export type ReadBytes = (from: number, to: number) => Uint8Array;

/** A place where unpacking can begin: what follows refers to nothing before it. */
export interface SnappyPlace {
  /** Of the unpacked bytes. */
  readonly at: number;
  /** Of the packed bytes. */
  readonly packed: number;
}

export interface SnappyNotes {
  /** Begins a block that what follows does not reach out of, as long as `outside` is not called. */
  readonly block: (place: SnappyPlace) => void;
  /** Something refers to what is before its block. */
  readonly outside: () => void;
}

/** Writers pack 64 KB at a time, each alone. */
const block = 1 << 16;
/** Unpacked bytes given at once. */
const pieceSize = 1 << 18;

/**
 * The unpacked bytes from a place on, in pieces that are valid until the next is asked for.
 * @param length of all packed bytes, and of all unpacked ones.
 * @param readSize packed bytes that are read at once.
 * @throws Error if they are broken, or if something refers to more than 64 KB before, which no usual writer does.
 */
export function* unsnappy(
  read: ReadBytes,
  length: { readonly packed: number; readonly unpacked: number },
  from?: SnappyPlace,
  notes?: SnappyNotes,
  readSize = 1 << 20,
): Generator<Uint8Array> {
  const out = Buffer.allocUnsafe(block + Math.min(pieceSize, readSize));
  let input: Uint8Array = new Uint8Array(0);
  let [i, next] = [0, from?.packed ?? 0];
  // What stands in `out` from 0 to `end` are the unpacked bytes from `base` on; those to `given` have been given.
  let [base, end, given] = [from?.at ?? 0, 0, 0];
  const fill = (): void => {
    const more = read(next, Math.min(length.packed, next + readSize));
    if (more.length === 0) throw broken();
    next += more.length;
    input = i < input.length ? Buffer.concat([input.subarray(i), more]) : more;
    i = 0;
  };
  const byte = (): number => {
    const value = input[i++];
    if (value === undefined) throw broken();
    return value;
  };
  const number = (bytes: number): number => {
    let value = 0;
    for (let n = 0; n < bytes; n++) value += byte() * 2 ** (8 * n);
    return value;
  };
  const slide = (): void => {
    const kept = Math.min(block, end);
    out.copyWithin(0, end - kept, end);
    base += end - kept;
    [end, given] = [kept, kept];
  };

  if (!from) {
    fill();
    let said = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const part = byte();
      said += (part & 127) * 2 ** shift;
      more = part > 127;
      if (shift > 28) throw broken();
    }
    if (said !== length.unpacked) throw broken();
  }
  while (base + end < length.unpacked) {
    // The longest sign of what follows has five bytes.
    if (input.length - i < 5 && next < length.packed) fill();
    const at = base + end;
    if (at % block === 0) notes?.block({ at, packed: next - (input.length - i) });
    const tag = byte();
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      let left = (short < 60 ? short : number(short - 59)) + 1;
      if (at + left > length.unpacked) throw broken();
      while (left > 0) {
        if (i === input.length) fill();
        if (end === out.length) {
          yield out.subarray(given, end);
          slide();
        }
        const part = Math.min(left, input.length - i, out.length - end);
        out.set(input.subarray(i, i + part), end);
        [i, end, left] = [i + part, end + part, left - part];
      }
    } else {
      const size = (tag & 3) === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const offset = (tag & 3) === 1 ? ((tag >> 5) << 8) + byte() : number((tag & 3) === 2 ? 2 : 4);
      if (end + size > out.length) {
        yield out.subarray(given, end);
        slide();
      }
      if (offset === 0 || offset > end || at + size > length.unpacked) throw broken();
      if (at - offset < at - (at % block)) notes?.outside();
      for (const to = end + size; end < to; end++) out[end] = out[end - offset] ?? 0;
    }
  }
  if (end > given) yield out.subarray(given, end);
}

function broken(): Error {
  return new Error('the parquet file is broken');
}
