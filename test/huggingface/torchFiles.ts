/** Makes files in the form of torch.save, well-formed or not: a zip file with whatever pickle and storages. */

export interface Part {
  readonly name: string;
  readonly data: Uint8Array;
  /** As the zip file says; by default what is true. */
  readonly method?: number;
  readonly size?: number;
  readonly offset?: number;
}

/** A zip file of stored entries (APPNOTE 6.3.10); with `zip64`, sizes and offsets stand in the 64-bit fields. */
export function zip(parts: readonly Part[], zip64 = false): Buffer {
  const [files, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const part of parts) {
    const name = Buffer.from(part.name);
    const { method = 0, size = part.data.length, offset = at } = part;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(zip64 ? 45 : 20, 0);
    common.writeUInt16LE(method, 4);
    // No checksum: nobody here checks it.
    common.writeUInt32LE(zip64 ? 0xffffffff : size, 14);
    common.writeUInt32LE(zip64 ? 0xffffffff : size, 18);
    common.writeUInt16LE(name.length, 22);
    const long = Buffer.concat([numbers(16, 0x0001, zip64 ? 24 : 0), numbers(64, size, size, offset)]);
    const extra = zip64 ? long : Buffer.alloc(0);
    common.writeUInt16LE(extra.length, 24);
    const local = Buffer.concat([numbers(32, 0x04034b50), common, name, extra, part.data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(zip64 ? 0xffffffff : offset, 10);
    directory.push(Buffer.concat([numbers(32, 0x02014b50), numbers(16, 45), common, rest, name, extra]));
    files.push(local);
    at += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 8);
  end.writeUInt16LE(zip64 ? 0xffff : parts.length, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : entries.length, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16);
  const long = Buffer.concat([
    ...[numbers(32, 0x06064b50), numbers(64, 44), numbers(16, 45, 45), numbers(32, 0, 0)],
    numbers(64, parts.length, parts.length, entries.length, at),
    ...[numbers(32, 0x07064b50, 0), numbers(64, at + entries.length), numbers(32, 1)],
  ]);
  return Buffer.concat([...files, entries, ...(zip64 ? [long] : []), end]);
}

/** The zip file of a pickle and its storages, as torch.save names them. */
export function torchFile(pickle: Uint8Array, storages: Readonly<Record<string, Uint8Array>>, zip64 = false): Buffer {
  const data = Object.entries(storages).map(([key, bytes]) => ({ name: `model/data/${key}`, data: bytes }));
  return zip([{ name: 'model/data.pkl', data: pickle }, ...data], zip64);
}

/** Operations of a pickle, one behind the other: bytes, or text as latin1. */
export function pickle(...operations: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(operations.map((each) => (typeof each === 'string' ? Buffer.from(each, 'latin1') : each)));
}

/** BINUNICODE. */
export const text = (value: string): Buffer => pickle('X', numbers(32, Buffer.byteLength(value)), Buffer.from(value));

/** LONG1 of eight bytes. */
export const whole = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return pickle('\x8a\x08', bytes);
};

export const global = (module: string, name: string): Buffer => pickle(`c${module}\n${name}\n`);

export interface View {
  readonly type?: string;
  readonly key?: string;
  readonly length?: number | bigint;
  readonly offset?: number | bigint;
  readonly dims: readonly (number | bigint)[];
  readonly strides: readonly (number | bigint)[];
}

/** A call of `_rebuild_tensor_v2`. */
export function tensor({ type = 'FloatStorage', key = '0', length = 6, offset = 0, dims, strides }: View): Buffer {
  const tuple = (values: readonly (number | bigint)[]): Buffer => pickle('(', ...values.map(whole), 't');
  return pickle(
    ...[global('torch._utils', '_rebuild_tensor_v2'), '(('],
    ...[text('storage'), global('torch', type), text(key), text('cpu'), whole(length), 'tQ'],
    ...[whole(offset), tuple(dims), tuple(strides), '\x89', global('collections', 'OrderedDict'), ')RtR'],
  );
}

/** The whole pickle of a state dict of these values. */
export function stateDict(values: Readonly<Record<string, Uint8Array>>): Buffer {
  const items = Object.entries(values).flatMap(([name, value]) => [text(name), value]);
  return pickle('\x80\x02', global('collections', 'OrderedDict'), ')R(', ...items, 'u.');
}

function numbers(bits: 16 | 32 | 64, ...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, bits / 8);
    }),
  );
}
