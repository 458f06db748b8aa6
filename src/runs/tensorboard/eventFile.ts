/**
 * Event files as TensorBoard reads them: messages `tensorflow.Event` in the frames of a TFRecord file.
 *
 * A frame is the length (uint64), its masked CRC-32C, the message and its masked CRC-32C, all little-endian
 * (https://www.tensorflow.org/tutorials/load_data/tfrecord). The numbers of fields are those of tensorflow's event.proto and summary.proto.
 */

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { maskedCrc32c } from './crc32c.ts';

export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  /** Tag and value; `dev/wer` stands in the group `dev`. */
  readonly values: readonly (readonly [tag: string, value: number])[];
}

/** The first record of every event file. */
export function versionRecord(time: number): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(time);
  event.tag(3, WireType.LengthDelimited).string('brain.Event:2');
  return framed(event.finish());
}

export function scalarRecord({ time, step, values }: ScalarEvent): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(time);
  event.tag(2, WireType.Varint).int64(step);
  event.tag(5, WireType.LengthDelimited).fork();
  for (const [tag, value] of values) {
    event.tag(1, WireType.LengthDelimited).fork();
    event.tag(1, WireType.LengthDelimited).string(tag);
    event.tag(2, WireType.Bit32).float(value);
    event.join();
  }
  event.join();
  return framed(event.finish());
}

function framed(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(message.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(message, 12);
  view.setUint32(12 + message.length, maskedCrc32c(message), true);
  return record;
}
