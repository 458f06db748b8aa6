/** Writes FLAC files without compressing them (RFC 9639, verbatim subframes), so that tests can make long recordings from short ones. */

const blockSize = 4096;

/** One channel of 16-bit samples at 16 kHz. @param samples whole numbers. */
export function flacFile(samples: Int16Array): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('fLaC'), streamInfo(samples.length)];
  for (let at = 0, number = 0; at < samples.length; at += blockSize, number++) {
    parts.push(frame(samples.subarray(at, at + blockSize), number));
  }
  return Buffer.concat(parts);
}

/** The only block of metadata (8.2), flagged as the last; frame sizes and the MD5 sum are left unknown. */
function streamInfo(samples: number): Uint8Array {
  const block = Buffer.alloc(4 + 34);
  block.writeUInt32BE(0x80000000 + 34, 0);
  block.writeUInt16BE(blockSize, 4);
  block.writeUInt16BE(blockSize, 6);
  // 20 bits of sample rate, 3 of channels less one, 5 of bits less one, 36 of samples.
  block.writeUInt32BE((16_000 << 12) | 0xf0, 14);
  block.writeUInt32BE(samples, 18);
  return block;
}

function frame(samples: Int16Array, number: number): Uint8Array {
  // 16 bits of block size behind the number; 16 kHz, one channel, 16 bits.
  const head = Buffer.from([0xff, 0xf8, 0x75, 0x08, ...Buffer.from(String.fromCodePoint(number)), 0, 0]);
  head.writeUInt16BE(samples.length - 1, head.length - 2);
  const body = Buffer.alloc(head.length + 2 + 2 * samples.length + 2);
  body.set(head);
  body[head.length] = checksum(head, 8, 0x07);
  body[head.length + 1] = 0x02;
  samples.forEach((sample, i) => body.writeInt16BE(sample, head.length + 2 + 2 * i));
  body.writeUInt16BE(checksum(body.subarray(0, -2), 16, 0x8005), body.length - 2);
  return body;
}

/** A cyclic redundancy check that starts at 0, the highest bit first. */
function checksum(bytes: Uint8Array, width: 8 | 16, polynomial: number): number {
  const top = 1 << (width - 1);
  const mask = 2 * top - 1;
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << (width - 8);
    for (let bit = 0; bit < 8; bit++) crc = (crc & top ? (crc << 1) ^ polynomial : crc << 1) & mask;
  }
  return crc;
}
