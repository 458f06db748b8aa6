/** Files that tests of speech write: WAV in every encoding, and folders that go away again. */

import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

export const fixtures = new URL('./fixtures/', import.meta.url);

/** A folder with these files, removed after the test. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-speech-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

export interface WavOptions {
  readonly sampleRate?: number;
  readonly bits?: 8 | 16 | 24 | 32 | 64;
  readonly float?: boolean;
  readonly extensible?: boolean;
  readonly extraChunk?: boolean;
  /** What the data chunk's length field says, if not the truth. */
  readonly claimedBytes?: number;
}

/** A WAV file of whole numbers (8-bit: -128..127) or, with `float`, of the numbers themselves; one array per channel. */
export function wavFile(channels: readonly (readonly number[])[], options: WavOptions = {}): Uint8Array {
  const { sampleRate = 16_000, bits = 16, float = false, extensible = false, extraChunk = false } = options;
  const samples = channels[0]?.length ?? 0;
  const width = bits / 8;
  const stride = width * channels.length;
  const tag = float ? 3 : 1;
  const format = Buffer.alloc(extensible ? 40 : 16);
  format.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  format.writeUInt16LE(channels.length, 2);
  format.writeUInt32LE(sampleRate, 4);
  format.writeUInt32LE(sampleRate * stride, 8);
  format.writeUInt16LE(stride, 12);
  format.writeUInt16LE(bits, 14);
  if (extensible) format.writeUInt16LE(tag, 24);
  const data = Buffer.alloc(samples * stride);
  channels.forEach((channel, c) =>
    channel.forEach((value, i) => {
      const at = i * stride + c * width;
      if (float && bits === 32) data.writeFloatLE(value, at);
      else if (float) data.writeDoubleLE(value, at);
      else if (bits === 8) data.writeUInt8(value + 128, at);
      else data.writeIntLE(value, at, width);
    }),
  );
  const chunk = (id: string, body: Buffer, claimed = body.length): Buffer => {
    const head = Buffer.alloc(8);
    head.write(id, 'latin1');
    head.writeUInt32LE(claimed, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  // An odd length, so that the padding byte matters.
  const extra = extraChunk ? [chunk('LIST', Buffer.from('abc'))] : [];
  const body = Buffer.concat([
    Buffer.from('WAVE'),
    ...extra,
    chunk('fmt ', format),
    chunk('data', data, options.claimedBytes),
  ]);
  return chunk('RIFF', body);
}

/** A 16-bit WAV of a sine, half of full scale. */
export function toneWav(seconds: number, frequency: number, sampleRate = 16_000): Uint8Array {
  const samples = Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) =>
    Math.round(16384 * Math.sin((2 * Math.PI * frequency * i) / sampleRate)),
  );
  return wavFile([samples], { sampleRate });
}
